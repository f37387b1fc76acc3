"""The registry of triggers: kinds plug in, deployments give and take, all else stays."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.model.trigger import Trigger, parse_trigger, parse_triggers
from jlambda.service.function_triggers import FunctionTriggers
from jlambda.service.targets import Targets
from jlambda.service.triggers import Attached, Triggers
from jlambda.store.database import Database


class Queues:
    """A kind that keeps its triggers in a list."""

    def __init__(self) -> None:
        self.attached: list[Attached] = []
        self.made = 0

    def attach(self, function: str, qualifier: str | None, trigger: Trigger) -> Sequence[str]:
        """Attach it, or give the one of its key other options."""
        same = [each for each in self.attached if (each.reference, each.trigger.key) == (function, trigger.key)]
        self.attached = [each for each in self.attached if each not in same]
        self.made += 1
        self.attached.append(Attached(f"id-{self.made}", function, qualifier, trigger))
        return [] if same else [f"queue {trigger.target} was not there: made"]

    def detach(self, attached: Attached) -> None:
        """Take it away."""
        self.attached = [each for each in self.attached if each.id != attached.id]

    def list(self) -> Sequence[Attached]:
        """All of them."""
        return self.attached

    def enable(self, attached: Attached) -> None:
        """Have it start its function again."""
        self._set(attached, "Enabled")

    def disable(self, attached: Attached) -> None:
        """Have it start nothing."""
        self._set(attached, "Disabled")

    def _set(self, attached: Attached, state: str) -> None:
        self.detach(attached)
        self.attached.append(Attached(attached.id, attached.function, attached.qualifier, attached.trigger, state))


@pytest.fixture
def queues() -> Queues:
    """A kind without triggers."""
    return Queues()


@pytest.fixture
def triggers(database: Database, targets: Targets, queues: Queues) -> Triggers:
    """A registry that knows queues and streams, and nothing else."""
    triggers = Triggers(database, targets)
    triggers.plug_in(queues, "sqs", "kinesis")
    return triggers


def keys(triggers: Triggers, reference: str | None = None) -> list[str]:
    """The specifications of what is attached."""
    return [str(each.trigger) for each in triggers.list(reference)]


def test_a_deployment_gives_and_takes_its_own(triggers: Triggers) -> None:
    """What it names no more goes, what was made elsewhere stays, other options take the place of the old ones."""
    assert triggers.deploy("f", parse_triggers(["sqs:a", "sqs:b"])) == [
        *("queue a was not there: made", "queue b was not there: made")
    ]
    triggers.add("f", parse_trigger("sqs:other"))
    triggers.add("f:live", parse_trigger("sqs:a"))
    assert triggers.deploy("f", parse_triggers(["sqs:b?batch_size=5", "kinesis:s"])) == ["queue s was not there: made"]
    assert [(each.reference, str(each.trigger), each.is_deployed) for each in triggers.list()] == [
        ("f", "kinesis:s", True),
        ("f", "sqs:b?batch_size=5", True),
        ("f", "sqs:other", False),
        ("f:live", "sqs:a", False),
    ]
    triggers.forget("f")
    assert keys(triggers) == ["sqs:other", "sqs:a"]


def test_what_is_as_it_was_is_left_alone(triggers: Triggers, queues: Queues) -> None:
    """A trigger that was disabled stays so when its cell runs again; one that was lost is attached again."""
    triggers.deploy("f", parse_triggers(["sqs:a"]))
    triggers.disable("f", "sqs:a")
    assert triggers.deploy("f", parse_triggers(["sqs:a"])) == []
    assert [each.state for each in triggers.list("f")] == ["Disabled"]
    queues.attached.clear()
    triggers.deploy("f", parse_triggers(["sqs:a"]))
    assert [each.state for each in triggers.list("f")] == ["Enabled"]


def test_which_came_with_a_deployment_survives_a_restart(triggers: Triggers, database: Database, targets: Targets) -> None:
    """So that the next deployment takes them away, whenever that is."""
    triggers.deploy("f", parse_triggers(["sqs:a"]))
    again = Triggers(database, targets)
    again.plug_in(triggers._kinds["sqs"], "sqs")
    assert [each.is_deployed for each in again.list("f")] == [True]
    again.deploy("f", [])
    assert keys(again) == []


def test_one_is_found_by_specification_or_id(triggers: Triggers) -> None:
    """Options do not matter; one that is not there is told with those that are."""
    made = FunctionTriggers(triggers, "f")
    assert made.add("sqs:a?window=2") == ["queue a was not there: made"]
    made.add("sqs:b")
    assert repr(made) == "<Triggers of f: sqs:a?window=2, sqs:b>"
    assert made.disable("sqs:a").state == "Disabled"
    assert made.enable(made[0].id).state == "Enabled"
    with pytest.raises(ResourceNotFound, match=r"f has no trigger 'sqs:c' \(it has sqs:a, sqs:b\)"):
        made.remove("sqs:c")
    made.remove("sqs:a?batch_size=9")
    made.remove(made[0].id)
    assert len(made) == 0
    with pytest.raises(ResourceNotFound, match=r"\(it has none\)"):
        made.enable("sqs:a")


def test_versions_and_aliases_have_their_own(triggers: Triggers) -> None:
    """A function's list shows all of them, a version's or alias's its own."""
    triggers.add("f:live", parse_trigger("sqs:a"))
    triggers.add("f", parse_trigger("sqs:a"))
    assert len(triggers.list("f")) == 2
    assert [each.reference for each in triggers.list("f:live")] == ["f:live"]
    assert [each.reference for each in FunctionTriggers(triggers, "f")] == ["f"]
    with pytest.raises(ResourceNotFound):
        triggers.add("f:nope", parse_trigger("sqs:a"))
    with pytest.raises(ResourceNotFound):
        triggers.add("nope", parse_trigger("sqs:a"))


def test_a_kind_that_nothing_sees_to_is_refused(triggers: Triggers, queues: Queues) -> None:
    """In one line, and before anything changes."""
    with pytest.raises(InvalidParameter, match="trigger 'sns:t': triggers of this kind come with a later version of jlambda"):
        triggers.deploy("f", parse_triggers(["sqs:a", "sns:t"]))
    assert queues.attached == []
