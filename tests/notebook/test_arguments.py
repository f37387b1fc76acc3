"""Words on a line, options, and what is said about wrong ones."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.model.spelling import nearest
from jlambda.notebook.arguments import HelpAsked, Parser, choose, words

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("  hello   -m 256 ", ["hello", "-m", "256"]),
        ("""f '{"a": 1}'""", ["f", '{"a": 1}']),
        ('f {"a": [1, 2]} -o res', ["f", '{"a": [1, 2]}', "-o", "res"]),
        ('f --invoke={"a": 1} -q', ["f", '--invoke={"a": 1}', "-q"]),
        ("f [1, 2]", ["f", "[1, 2]"]),
        ("f {'a': 1}", ["f", "{'a': 1}"]),
        ('f {"a": 1', ["f", '{"a": 1']),
        ("f -e 'GREETING=hello world' --description \"it's\"", ["f", "-e", "GREETING=hello world", "--description", "it's"]),
        ("f -e KEY='a b'", ["f", "-e", "KEY=a b"]),
        ('f "{\\"a\\": 1}"', ["f", '{"a": 1}']),
        ("f  # a comment", ["f"]),
        ("f '#1'", ["f", "#1"]),
        ("list;", ["list"]),
        ("f $x {y}", ["f", "$x", "{y}"]),
    ],
)
def test_a_line_is_taken_apart_as_in_a_shell_but_json_needs_no_quotes(line: str, expected: list[str]) -> None:
    """Quotes group and vanish; an object or array is one word, its own quotes kept."""
    assert words(line) == expected


@given(st.lists(JSON, max_size=2) | st.dictionaries(st.text(), JSON, max_size=3))
def test_any_json_object_or_array_is_one_word(value: object) -> None:
    """What json.dumps writes comes back whole, whatever stands around it."""
    text = json.dumps(value)
    assert words(f"invoke f {text} -o res") == ["invoke", "f", text, "-o", "res"]


@given(st.lists(st.text(min_size=1)))
def test_quoted_words_come_back(texts: list[str]) -> None:
    """shlex.quote is undone."""
    import shlex

    assert words(" ".join(shlex.quote(text) for text in texts)) == texts


@pytest.mark.parametrize("line", ["f 'open", 'f "open', "f back\\"])
def test_an_open_quote_is_one_line(line: str) -> None:
    """A quote without an end is told, not guessed."""
    with pytest.raises(InvalidParameter, match="has no end: close it"):
        words(line)


def parser() -> Parser:
    made = Parser("%thing", "A thing.", "  %thing one")
    made.add_argument("name", metavar="NAME")
    made.add_argument("-m", "--memory", type=int)
    made.add_argument("-q", "--quiet", action="store_true")
    return made


@pytest.mark.parametrize(
    ("given_words", "message"),
    [
        ([], "%thing: needs NAME (%thing --help says what is allowed)"),
        (["a", "b"], "%thing: 'b' is one word too many (%thing --help says what is allowed)"),
        (["a", "-m"], "%thing: --memory needs a value (%thing --help says what is allowed)"),
        (["--memry", "3", "a"], "%thing: there is no option --memry; did you mean --memory? (--help, --memory, --quiet)"),
        (["a", "-x"], "%thing: there is no option -x (--help, --memory, --quiet)"),
        (["a", "--mem", "3"], "%thing: there is no option --mem; did you mean --memory? (--help, --memory, --quiet)"),
    ],
)
def test_a_wrong_word_is_one_line_that_says_what_is_allowed(given_words: list[str], message: str) -> None:
    """No usage text, no exit: one line, with the nearest word that exists."""
    with pytest.raises(InvalidParameter) as caught:
        parser().parse(given_words)
    assert str(caught.value) == message


def test_options_come_with_their_defaults() -> None:
    """What was not given is there all the same, and help is not an option among them."""
    assert parser().parse(["a", "-m256"]) == {"name": "a", "memory": 256, "quiet": False}


@pytest.mark.parametrize("given_words", [["--help"], ["a", "-h"]])
def test_help_is_text_not_an_exit(given_words: list[str]) -> None:
    """--help gives the text with its examples."""
    with pytest.raises(HelpAsked, match=r"(?s)A thing\..*examples:\n  %thing one"):
        parser().parse(given_words)


def test_no_command_lists_the_commands() -> None:
    """A line with nothing on it asks what there is."""
    with pytest.raises(HelpAsked, match=r"thing +A thing"):
        choose("tool", [], {"thing": parser})


def test_an_unknown_command_names_the_nearest() -> None:
    """The commands are listed too."""
    with pytest.raises(InvalidParameter, match=r"tool: there is no 'thng'; did you mean thing\? \(there are thing\)"):
        choose("tool", ["thng"], {"thing": parser})


def test_the_nearest_word_is_near() -> None:
    """Nothing is suggested that is far away."""
    assert nearest("memry", ["memory", "timeout"]) == "; did you mean memory?"
    assert nearest("x", ["memory", "timeout"]) == ""
