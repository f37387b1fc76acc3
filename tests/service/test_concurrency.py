"""Reserved concurrency: checked, kept, enforced, and gone with its function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import jlambda
from jlambda.errors import InvalidParameter, ResourceNotFound, Throttled
from tests.conftest import eventually

SLEEP = "import time\ndef handler(event, context): time.sleep(event); return 1"


def test_a_reservation_limits_its_function(session: jlambda.Session) -> None:
    """No more run at one time than are reserved; the throttle has AWS's reason, is a record, and costs nothing."""
    function = session.deploy(SLEEP, "f")
    function.reserve(1)
    assert function.reserved == 1
    running = function.submit(0.5)
    assert eventually(lambda: bool(session.engine.scheduler.running))
    with pytest.raises(Throttled) as caught:
        function(0)
    assert caught.value.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert running.result() == 1
    frame = function.invocations()
    assert sorted(frame["status"]) == ["success", "throttled"]
    assert frame.loc[frame["status"] == "throttled", "cost_usd"].sum() == 0


def test_zero_switches_a_function_off(session: jlambda.Session) -> None:
    """Reserved concurrency 0 throttles everything until it is taken back."""
    function = session.deploy(SLEEP, "f")
    function.reserve(0)
    with pytest.raises(Throttled):
        function(0)
    function.reserve(None)
    assert function.reserved is None
    assert function(0) == 1


@pytest.mark.parametrize("concurrency", [-1, True, 1.5, "3", 901])
def test_what_cannot_be_reserved(session: jlambda.Session, concurrency: int) -> None:
    """Whole numbers that leave 100 to the others; anything else changes nothing."""
    function = session.deploy(SLEEP, "f")
    function.reserve(5)
    with pytest.raises(InvalidParameter):
        function.reserve(concurrency)
    assert function.reserved == 5


def test_reservations_share_what_the_account_has(session: jlambda.Session) -> None:
    """Two reservations together leave 100; a function's own former one does not count against it."""
    one, two = session.deploy(SLEEP, "one"), session.deploy(SLEEP, "two")
    one.reserve(800)
    with pytest.raises(InvalidParameter, match=r"below its minimum value of \[100\]. \(at most 100 can be reserved now\)"):
        two.reserve(101)
    two.reserve(100)
    one.reserve(700)


def test_a_reservation_survives_the_session_and_ends_with_its_function(tmp_path: Path) -> None:
    """It is there again in the next session; deleting the function frees it."""
    with jlambda.Session(tmp_path / "state") as session:
        session.deploy(SLEEP, "f").reserve(0)
    with jlambda.Session(tmp_path / "state") as session:
        function = session.get("f")
        assert function.reserved == 0
        with pytest.raises(Throttled):
            function(0)
        function.delete()
        with pytest.raises(ResourceNotFound):
            function.reserve(1)
        assert session.deploy(SLEEP, "f").reserved is None
        assert session.get("f")(0) == 1
    with jlambda.Session(tmp_path / "state") as session:
        assert session.get("f").reserved is None


def test_the_accounts_concurrency_is_settable(tmp_path: Path) -> None:
    """A small account throttles early, with the account's reason."""
    with jlambda.Session(tmp_path / "state", concurrency=1) as session:
        function = session.deploy(SLEEP, "f")
        running = function.submit(0.3)
        assert eventually(lambda: bool(session.engine.scheduler.running))
        with pytest.raises(Throttled) as caught:
            function(0)
        assert caught.value.reason == "ConcurrentInvocationLimitExceeded"
        assert running.result() == 1


@pytest.mark.parametrize("options", [{"concurrency": -1}, {"concurrency": 1.5}, {"concurrency": True}, {"keep_alive_s": -1}])
def test_session_options_are_checked(tmp_path: Path, options: dict[str, Any]) -> None:
    """What cannot be an account's limit or a time is refused before anything is opened."""
    with pytest.raises(InvalidParameter):
        jlambda.Session(tmp_path / "state", **options)
    assert not (tmp_path / "state").exists()
