"""Loops that go through the queue: functions whose results end up with themselves."""

from __future__ import annotations

import jlambda

ECHO = "def handler(event, context): return 1\n"


def test_destinations_that_lead_in_a_circle_are_stopped(session: jlambda.Session) -> None:
    """Each function runs sixteen times for one event; what is dropped then is dead, and counted."""
    for name in ("there", "back"):
        jlambda.deploy(ECHO, name=name)
    for name, other in (("there", "back"), ("back", "there")):
        arn = session.get(other).arn
        session.service.event_invoke.put(name, None, {"DestinationConfig": {"OnSuccess": {"Destination": arn}}})
    session.get("there").submit(type="Event")
    session.clock.advance(20)
    assert session.wait("30 seconds")
    assert {name: len(session.invocations(name)) for name in ("there", "back")} == {"there": 16, "back": 16}
    dead = [(row.target, row.reason, row.attempts) for row in session.queue.rows()]
    assert [row[1:] for row in dead] == [("RecursiveInvocation", 0)]
    assert session.recursion.dropped == {"there": 1}
