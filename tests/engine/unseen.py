"""What a function does while its governor does not look."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from jlambda.engine import channel
from jlambda.engine.engine import Engine
from tests.conftest import eventually


@contextlib.contextmanager
def nobody_looks(engine: Engine) -> Iterator[None]:
    """The supervisor is stopped, with an environment ready: what is over sooner than its next look, made certain."""
    supervisor = engine.processes.supervisor_pid
    assert supervisor is not None
    assert eventually(lambda: any(channel.has_message(blank.channel) for blank in list(engine.processes.blank)))
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)
