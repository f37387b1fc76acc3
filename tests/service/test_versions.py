"""Versions and aliases: published, found, routed to, deleted."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jlambda
from jlambda.errors import InvalidParameter, PreconditionFailed, ResourceConflict, ResourceNotFound
from jlambda.model.alias import Alias

SAYS = "def handler(event, context): return [{!r}, context.function_version, context.invoked_function_arn]\n"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.fixture
def f(session: jlambda.Session) -> jlambda.Function:
    """A function of two versions, the second of which is deployed."""
    function = session.deploy(SAYS.format("one"), "f")
    function.publish("the first")
    session.deploy(SAYS.format("two"), "f").publish()
    return function


def test_a_version_runs_what_it_was_published_from(session: jlambda.Session, f: jlambda.Function) -> None:
    """A later deployment changes $LATEST alone, and the context tells version and ARN as they were called."""
    session.deploy(SAYS.format("three"), "f")
    assert [each() for each in f.versions()] == [["one", "1", f"{ARN}:1"], ["two", "2", f"{ARN}:2"]]
    assert f() == ["three", "$LATEST", ARN]
    assert session.get("f:1")() == session.invoke(f"{ARN}:1").result
    assert session.get("f:1").submit().result() == session.get("f:1").map([{}])[0] == ["one", "1", f"{ARN}:1"]
    assert [record.version for record in session._open().records.rows("f")] == ["1", "2", "$LATEST", *["1"] * 4]


def test_publishing_the_same_again_gives_the_same_version(session: jlambda.Session, f: jlambda.Function) -> None:
    """A version number is used only where something changed, and never twice."""
    assert f.publish("another description").qualifier == "2"
    session.deploy(SAYS.format("two"), "f", memory=256)
    assert f.publish().qualifier == "3"
    session.get("f:3").delete()
    assert f.publish().qualifier == "4"
    assert [each.configuration.memory_mb for each in f.versions()] == [128, 128, 256]


def test_a_version_keeps_its_secrets(session: jlambda.Session) -> None:
    """Values of secrets are part of a version, redacted in what it says, and gone with it."""
    code = "import os\ndef handler(event, context): return os.environ['TOKEN'][::-1]\n"
    f = session.deploy(code, "f", secrets={"TOKEN": "first-secret"})
    one = f.publish()
    session.deploy(code, "f", secrets={"TOKEN": "other-secret"})
    assert f.publish().qualifier == "2"
    assert (one(), f()) == ("terces-tsrif", "terces-rehto")
    assert "first-secret" in (session.folder / "secrets").read_text()
    one.delete()
    assert "first-secret" not in (session.folder / "secrets").read_text()


def test_what_is_published_survives_the_session(session: jlambda.Session, f: jlambda.Function) -> None:
    """Versions, their code and aliases are there again."""
    f.alias("live", 1)
    session.deploy(SAYS.format("three"), "f")
    session.close()
    assert [session.get(f"f:{each}")()[0] for each in ("1", "2", "live", "$LATEST")] == ["one", "two", "one", "three"]


def test_publishing_checks_what_the_caller_has_in_mind(session: jlambda.Session, f: jlambda.Function) -> None:
    """A digest or a revision of something else publishes nothing."""
    control, latest = session.control, f.configuration
    with pytest.raises(InvalidParameter, match=r"CodeSHA256 \(x\) is different from current CodeSHA256 in \$LATEST"):
        control.publish("f", code_sha256="x")
    with pytest.raises(PreconditionFailed, match="does not match the latest Revision Id"):
        control.publish("f", revision_id="x")
    assert control.publish("f", code_sha256=latest.code_sha256, revision_id=latest.revision_id).version == "2"
    assert len(control.versions("f")) == 3


def test_an_alias_points_to_a_version_and_can_be_moved(f: jlambda.Function) -> None:
    """Its calls run the version that it points to now; the ARN is the alias's."""
    live = f.alias("live", 1)
    assert live() == ["one", "1", f"{ARN}:live"]
    assert f.alias("live", 2)() == live() == ["two", "2", f"{ARN}:live"]
    assert f.alias("live").configuration.version == "2"
    live.delete()
    with pytest.raises(ResourceNotFound, match=r"Function not found: .*:f:live"):
        live()


def test_weights_route(f: jlambda.Function) -> None:
    """About the given part of the calls goes to the second version."""
    split = f.alias("split", {1: 0.75, 2: 0.25})
    counts = Counter(split()[0] for _ in range(200))
    assert set(counts) == {"one", "two"}
    assert 100 < counts["one"] < 190


def test_frames_tell_how_traffic_was_split(session: jlambda.Session, f: jlambda.Function) -> None:
    """By the version that ran, and the alias that was asked for; `map` draws with each event, and keeps their order."""
    split = f.alias("split", {1: 0.5, 2: 0.5})
    answers = split.map(range(60), max_concurrency=2)
    f(), f.versions()[1]()
    frame = f.invocations()
    served = frame[frame["qualifier"] == "split"]["version"].value_counts()
    assert served.to_dict() == Counter(str(["one", "two"].index(said) + 1) for said, *_ in answers)
    assert len(served) == 2
    assert len(frame) == 62
    assert set(split.invocations()["qualifier"]) == {"split"}
    assert len(split.invocations()) == len(split.logs().query("message.str.startswith('START')")) == 60
    assert len(f.versions()[1].invocations()) == served["2"] + 1
    session.deploy("def handler(event, context): return event\n", "f")
    f.alias("split", {1: 0.1, f.publish().qualifier or "": 0.9})
    assert [each if isinstance(each, int) else number for number, each in enumerate(split.map(range(60)))] == list(range(60))
    assert list(session.get("f:$LATEST").metrics()["invocations"]) == list(session.cost("f:$LATEST")["invocations"]) == [1]


@given(st.floats(0, 1), st.floats(0, 1, exclude_max=True))
def test_a_draw_below_the_weight_goes_to_the_second_version(weight: float, draw: float) -> None:
    """Nothing goes there at weight 0, and everything at 1."""
    alias = Alias("live", "f", "1", weights={"2": weight}).checked()
    assert alias.route(draw) == ("2" if draw < weight else "1")


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ({1: 0.5, 2: 0.4}, "two with weights that add up to 1"),
        ({1: 0.5, 2: 0.3, 3: 0.2}, "give one version, or two"),
        ({}, "give one version, or two"),
        ({"$LATEST": 0.5, 2: 0.5}, r"\$LATEST is not supported for an alias pointing to more than 1 version"),
        ({1: 1.5, 2: -0.5}, "it must be a number from 0 to 1"),
        (9, "Function not found: .*:f:9"),
    ],
)
def test_an_alias_to_what_cannot_be_is_refused(f: jlambda.Function, version: object, said: str) -> None:
    """Nothing is made, and the error says why."""
    with pytest.raises((InvalidParameter, ResourceNotFound), match=said):
        f.alias("live", version)  # type: ignore[arg-type]
    assert f.aliases() == []


@pytest.mark.parametrize("name", ["1", "a b", "", "x" * 129])
def test_an_alias_has_a_name_that_is_no_version(f: jlambda.Function, name: str) -> None:
    """Digits alone would name a version."""
    with pytest.raises(InvalidParameter, match="not digits alone"):
        f.alias(name, 1)


def test_aliases_are_created_once_and_updated_by_revision(session: jlambda.Session, f: jlambda.Function) -> None:
    """The control plane tells creating from updating, and holds an update to the revision that it was meant for."""
    control = session.control
    made = control.create_alias(Alias("live", "f", "1"))
    with pytest.raises(ResourceConflict, match=f"Alias already exists: {ARN}:live"):
        control.create_alias(made)
    moved = control.update_alias(Alias("live", "f", "2", revision_id=made.revision_id))
    with pytest.raises(PreconditionFailed):
        control.update_alias(Alias("live", "f", "1", revision_id=made.revision_id))
    assert control.aliases("f") == [moved]
    with pytest.raises(ResourceNotFound, match=f"Alias not found: {ARN}:other"):
        control.update_alias(Alias("other", "f", "1"))


def test_a_version_that_an_alias_points_to_stays(session: jlambda.Session, f: jlambda.Function) -> None:
    """Neither it nor $LATEST can be deleted alone; with the function all go."""
    f.alias("live", {1: 0.5, 2: 0.5})
    with pytest.raises(ResourceConflict, match="aliases reference version 1"):
        session.get("f:1").delete()
    with pytest.raises(InvalidParameter, match=r"\$LATEST version cannot be deleted"):
        session.control.delete_version("f", "$LATEST")
    f.delete()
    session.deploy(SAYS.format("anew"), "f")
    assert (f.versions(), f.aliases()) == ([], [])
    assert f.publish().qualifier == "1"
