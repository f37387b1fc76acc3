"""Provisioned concurrency: environments that are initialised ahead, on versions and aliases."""

from __future__ import annotations

import pytest

import jlambda
from jlambda.errors import InvalidParameter, ProvisionedConcurrencyConfigNotFound, ResourceConflict
from jlambda.service.provisioned import FAILED, IN_PROGRESS, READY
from tests.conftest import eventually

HOW = """
import os, time
born = time.time()
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    return [os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], context.function_version, os.getpid(), born]
"""


@pytest.fixture
def f(session: jlambda.Session) -> jlambda.Function:
    """A function with one published version."""
    function = session.deploy(HOW, "f", timeout=10)
    function.publish()
    return function


def ready(function: jlambda.Function) -> None:
    """Wait until all that was asked for is there."""
    assert eventually(lambda: function.provisioned is not None and function.provisioned.status == READY), function.provisioned


def test_provisioned_environments_are_initialised_ahead(session: jlambda.Session, f: jlambda.Function) -> None:
    """IN_PROGRESS, then READY; the first call is warm, and says how its environment came to be."""
    one = session.get("f:1")
    assert one.provisioned is None
    one.provision(2)
    first = one.provisioned
    assert first is not None
    assert (first.requested, first.qualifier, first.status in (IN_PROGRESS, READY)) == (2, "1", True)
    ready(one)
    now = one.provisioned
    assert now is not None
    assert (now.allocated, now.available) == (2, 2)
    call = one.invoke()
    assert (call.result[0], call.record.cold_start, call.record.init_ms) == ("provisioned-concurrency", False, None)
    assert call.record.initialization == "provisioned-concurrency"
    assert call.result[3] < call.record.started_at
    assert session.invoke("f").result[0] == "on-demand"


def test_a_provisioned_gb_second_has_its_own_price(session: jlambda.Session, f: jlambda.Function) -> None:
    """Less than one on demand, as AWS charges for the time in which it is kept ready as well."""
    one = session.get("f:1")
    one.provision(1)
    ready(one)
    call = one.invoke()
    assert call.cost.compute_usd == pytest.approx(call.record.billed_ms * 128 / 1_024_000 * 0.0000097222)


def test_more_calls_than_provisioned_spill_over(session: jlambda.Session, f: jlambda.Function) -> None:
    """They are cold starts on demand."""
    one = session.get("f:1")
    one.provision(1)
    ready(one)
    calls = [one.submit({"sleep": 0.2}) for _ in range(3)]
    assert sorted(call.result()[0] for call in calls) == ["on-demand", "on-demand", "provisioned-concurrency"]


def test_what_is_taken_back_ends(session: jlambda.Session, f: jlambda.Function) -> None:
    """And nothing else changes for the version."""
    one = session.get("f:1")
    one.provision(2)
    ready(one)
    one.provision(None)
    assert one.provisioned is None
    with pytest.raises(ProvisionedConcurrencyConfigNotFound, match="No Provisioned Concurrency Config found for this function"):
        session.provisioned.get("f", "1")
    call = one.invoke()
    assert (call.result[0], call.record.cold_start) == ("on-demand", True)


def test_it_holds_again_in_the_next_session(session: jlambda.Session, f: jlambda.Function) -> None:
    """A session that is opened again initialises what was asked for."""
    session.get("f:1").provision(2)
    session.close()
    ready(session.get("f:1"))
    assert session.get("f:1")()[0] == "provisioned-concurrency"


def test_it_moves_with_its_alias(session: jlambda.Session, f: jlambda.Function) -> None:
    """Environments of the old version end, those of the new one are initialised."""
    live = f.alias("live", 1)
    live.provision(1)
    ready(live)
    session.deploy(HOW + "# changed\n", "f").publish()
    f.alias("live", 2)
    ready(live)
    assert live()[:2] == ["provisioned-concurrency", "2"]
    assert session.get("f:1")()[:2] == ["on-demand", "1"]
    live.delete()
    assert session.provisioned.list("f") == []


def test_an_init_that_fails_is_said(session: jlambda.Session) -> None:
    """FAILED, with AWS's reason and the error itself; nothing is tried for ever."""
    session.deploy("import nosuch\ndef handler(event, context): return 1\n", "f").publish()
    one = session.get("f:1")
    one.provision(2)
    assert eventually(lambda: one.provisioned is not None and one.provisioned.status == FAILED)
    assert one.provisioned is not None
    assert one.provisioned.reason.startswith("FUNCTION_ERROR_INIT_FAILURE (Runtime.ImportModuleError: Unable to import")
    assert one.provisioned.allocated == 0


def test_an_environment_that_times_out_is_initialised_again(session: jlambda.Session) -> None:
    """Ahead of the next call."""
    session.deploy(HOW, "f", timeout=1).publish()
    one = session.get("f:1")
    one.provision(1)
    ready(one)
    assert one.invoke({"sleep": 9}).record.status == "timeout"
    ready(one)
    call = one.invoke()
    assert (call.record.cold_start, call.result[0]) == (False, "provisioned-concurrency")


def test_what_cannot_be_provisioned_is_refused(session: jlambda.Session, f: jlambda.Function) -> None:
    """In AWS's words, and nothing is kept of it."""
    one, live = session.get("f:1"), f.alias("live", 1)
    with pytest.raises(InvalidParameter, match="cannot be applied to unpublished function versions"):
        f.provision(1)
    for wrong in (0, -1, 1.5, True, "2"):
        with pytest.raises(InvalidParameter, match="it must be a whole number, 1 or more"):
            one.provision(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match=r"decreases account's UnreservedConcurrentExecution below .* \[100\]"):
        one.provision(901)
    with pytest.raises(InvalidParameter, match=r"greater than account's unreserved concurrency \[1000\]"):
        one.provision(1001)
    f.reserve(2)
    with pytest.raises(InvalidParameter, match="should not be greater than the reservedConcurrentExecution for function"):
        one.provision(3)
    one.provision(2)
    with pytest.raises(InvalidParameter, match=r"should not be lower than function's total provisioned concurrency \[2\]"):
        f.reserve(1)
    with pytest.raises(ResourceConflict, match="on an already Provisioned version"):
        live.provision(1)
    one.provision(None)
    live.provision(1)
    with pytest.raises(ResourceConflict, match="Version is pointed by a Provisioned Concurrency alias"):
        one.provision(1)
    assert [each.qualifier for each in session.provisioned.list("f")] == ["live"]


def test_a_deleted_function_takes_its_own_along(session: jlambda.Session, f: jlambda.Function) -> None:
    """No environment and no configuration is left."""
    session.get("f:1").provision(2)
    f.delete()
    assert session.provisioned.list("f") == []
    assert eventually(lambda: not session.engine.scheduler.environments)
