"""What follows from a machine's facts, for every machine there may be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.machine import Machine
from jlambda.notebook.advice import advice
from jlambda.notebook.findings import Finding, findings
from tests.notebook.machines import STRICT, machines

RANK = {"no": 0, "off": 0, "partly": 1, "yes": 2}


def held(machine: Machine) -> dict[str, str]:
    """What is held, by protection."""
    return {finding.protection: finding.held for finding in findings(machine)}


@given(machines())
def test_every_machine_has_the_same_protections(machine: Machine) -> None:
    """Nothing is left out where it does not hold; each is there once, and says how."""
    found = findings(machine)
    assert [finding.protection for finding in found] == [finding.protection for finding in findings(STRICT)]
    assert len(held(machine)) == len(found)
    assert all(finding.how for finding in found)


def test_a_strict_machine_holds_everything_but_the_network() -> None:
    """The network is the machine's own everywhere, and says so."""
    assert {name for name, is_held in held(STRICT).items() if is_held != "yes"} == {"network of its own"}
    assert advice(STRICT) == []


@given(machines(), st.integers(0, 8))
def test_more_protection_never_holds_less(machine: Machine, newer: int) -> None:
    """A private root, a newer Landlock, an ordinary user and the options only add."""
    before = held(machine)
    stricter = [
        replace(machine, has_private_root=True, refusal=""),
        replace(machine, landlock_version=max(newer, machine.landlock_version)),
        replace(machine, is_root=False, has_capabilities=False),
        replace(machine, cpu_limit=True, freezer=True),
    ]
    for each in stricter:
        assert all(RANK[is_held] >= RANK[before[name]] for name, is_held in held(each).items())


@given(machines())
def test_what_could_be_stricter_is_explained(machine: Machine) -> None:
    """Whatever is not held and could be names what it needs, and the advice says how to get that."""
    explained = tuple(each.what for each in advice(machine) if each.what)
    for finding in findings(machine):
        if finding.held == "yes":
            assert finding.stricter == ""
        elif finding.protection != "network of its own":
            assert finding.stricter
        for needed in filter(None, finding.stricter.split(" or ")):
            assert needed.startswith(explained), (finding, explained)


@pytest.mark.parametrize(
    ("facts", "protection", "is_held", "says"),
    [
        ({"cpu_limit": False}, "CPU share", "off", "all the CPU it can get"),
        ({"freezer": False}, "frozen when idle", "off", "go on between invocations"),
        ({"processors": 1}, "CPU share", "yes", "sizes above 1,769 MB"),
        ({"kernel": "5.13.0"}, "1,024 processes", "partly", "over all processes of the user"),
        ({"landlock_version": 5}, "network of its own", "no", "abstract sockets"),
        ({"folders": ("/home",)}, "your files unread", "no", "/home, which is in Python's path"),
        ({"is_root": True}, "no privileges", "yes", "nobody outside"),
        ({"has_private_root": False}, "processes unseen", "partly", "command lines"),
        ({"has_private_root": False, "is_root": True, "has_capabilities": True}, "no privileges", "partly", "as root"),
        ({"has_private_root": False, "landlock_version": 2}, "no other file written", "partly", "be emptied"),
        ({"has_private_root": False, "landlock_version": 5}, "no signal to others", "no", "killed"),
        ({"has_private_root": False, "landlock_version": 0}, "your files unread", "no", "what its user may read"),
    ],
)
def test_what_gets_past_is_said(facts: dict[str, object], protection: str, is_held: str, says: str) -> None:
    """Each fact changes the finding that it concerns, and the words of it."""
    found = {finding.protection: finding for finding in findings(replace(STRICT, **facts))}  # type: ignore[arg-type]
    finding: Finding = found[protection]
    assert finding.held == is_held
    assert says in finding.how
