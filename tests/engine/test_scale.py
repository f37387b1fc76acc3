"""A thousand execution environments of one function at one time."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from jlambda.model.limits import CONCURRENT_EXECUTIONS
from tests.benchmarks.thousand import begin, family, private_mb
from tests.conftest import supervisors
from tests.engine.conftest import MakeRig

#: what an environment of its own may take
MOST_MB = 8.0


@pytest.mark.measures
def test_a_thousand_environments_work_at_one_time(make_rig: MakeRig) -> None:
    """Each is a process in a sandbox of its own and small; one more is throttled, and closing ends them all."""
    rig = make_rig()
    version = rig.version("import time\ndef handler(event, context): time.sleep(event)", timeout_s=100, memory_mb=128)
    rig.run(version, 0)
    (supervisor,) = supervisors()
    before = len(os.listdir("/proc/self/fd"))
    invocations = begin(rig.engine, version, count=CONCURRENT_EXECUTIONS)
    assert invocations.wait_until_busy(90)
    assert invocations.throttled == 0
    assert begin(rig.engine, version, count=1).wait_until_throttled(5)
    pids = family(supervisor)
    assert len(pids) >= CONCURRENT_EXECUTIONS
    assert private_mb(pids) / CONCURRENT_EXECUTIONS < MOST_MB
    assert len(os.listdir("/proc/self/fd")) - before < resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    rig.engine.close()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
