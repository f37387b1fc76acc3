"""Tests of the verbs of `%lambda`: which there are, and what they take."""

from __future__ import annotations

import pytest

from jlambda.errors import InvalidParameter
from jlambda.notebook.arguments import HelpAsked
from jlambda.notebook.verbs import VERBS, line_options


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("invoke f", ("invoke", {"function": "f"})),
        ("""invoke f '{"a": 1}'""", ("invoke", {"function": "f", "event": '{"a": 1}'})),
        ("invoke f event -o res", ("invoke", {"function": "f", "event": "event", "output": "res"})),
        ("invoke f @event.json", ("invoke", {"function": "f", "event": "@event.json"})),
        ("list", ("list", {})),
        ("show f", ("show", {"function": "f"})),
        ("url f", ("url", {"function": "f"})),
        ("logs", ("logs", {})),
        ("invoke f --tail", ("invoke", {"function": "f", "tail": True})),
        ("logs f -f", ("logs", {"function": "f", "follow": True})),
        ("logs f -o frame", ("logs", {"function": "f", "output": "frame"})),
        ("invocations f", ("invocations", {"function": "f"})),
        ("cost", ("cost", {})),
        ("metrics f", ("metrics", {"function": "f"})),
        ("publish f", ("publish", {"function": "f"})),
        ("publish f --description first", ("publish", {"function": "f", "description": "first"})),
        ("alias f live 1", ("alias", {"function": "f", "alias": "live", "versions": [("1", 1.0)]})),
        ("alias f live 1=0.9 2=0.1", ("alias", {"function": "f", "alias": "live", "versions": [("1", 0.9), ("2", 0.1)]})),
        ("delete f", ("delete", {"function": "f"})),
        ("replay f", ("replay", {"invocation": "f"})),
        ("reset", ("reset", {})),
        ("doctor", ("doctor", {})),
        ("doctor -o found", ("doctor", {"output": "found"})),
    ],
)
def test_every_verb_takes_its_words(line: str, expected: tuple[str, dict[str, object]]) -> None:
    """A verb, a function where it needs one, an event where it takes one."""
    verb, given = line_options(line)
    name, options = expected
    assert verb.name == name
    assert {key: value for key, value in given.items() if value not in (None, "", "{}", False)} == options


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("invok f", "there is no 'invok'; did you mean invoke? (there are invoke, tune, "),
        ("hello", "a cell that begins with %%lambda NAME deploys a function"),
        ("invoke", "%lambda invoke: needs NAME"),
        ("list f", "%lambda list: 'f' is one word too many"),
        ("alias f live 1=x", "version '1=x': use a number, or NUMBER=WEIGHT such as 2=0.1"),
        ("alias f live", "%lambda alias: needs VERSION"),
        ("reset -o x", "%lambda reset: there is no option -o"),
        ("export f", "%lambda export comes with a later version of jlambda; until then, %lambda save"),
        ("debug f", "%lambda debug comes with a later version of jlambda; until then, %lambda invoke NAME --tail"),
    ],
)
def test_a_wrong_verb_says_what_there_is(line: str, message: str) -> None:
    """A mistyped verb names its neighbour, a verb that is still to come says so."""
    with pytest.raises(InvalidParameter) as caught:
        line_options(line)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    """--help of each verb says what it does, with examples that it takes itself."""
    with pytest.raises(HelpAsked, match=f"usage: %lambda {verb}") as asked:
        line_options(f"{verb} --help")
    _, _, examples = str(asked.value).partition("examples:\n")
    lines = [line.partition("%lambda ")[2] for line in examples.splitlines() if "%lambda" in line]
    assert lines
    for line in lines:
        assert line_options(line)[0].name in (verb, "invoke")
