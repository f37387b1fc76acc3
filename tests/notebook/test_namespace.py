"""Events, objects to ship, secrets and bound names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter, InvalidRequestContent, LambdaError
from jlambda.notebook.namespace import SecretValues, event_from, python_name, shipped

NAMES = {"order": {"id": 7}, "null_like": 1}


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("{}", {}),
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("3.5", 3.5),
        ("null", None),
        ('"text"', "text"),
        ("order", {"id": 7}),
    ],
)
def test_an_event_is_json_or_a_variable(text: str, event: object) -> None:
    """JSON is taken as it is, a name stands for the variable's value."""
    assert event_from(text, NAMES) == event


def test_an_event_can_be_a_file(tmp_path: Path) -> None:
    """@FILE reads JSON from the file."""
    file = tmp_path / "event.json"
    file.write_text('{"name": "Zoë"}', encoding="utf-8")
    assert event_from(f"@{file}", {}) == {"name": "Zoë"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{'a': 1}", "event \"{'a': 1}\" is not JSON: Expecting property name enclosed in double quotes"),
        ("ordr", "event: there is no variable 'ordr'; did you mean order? (use JSON ("),
        ("two words", "event 'two words' is not JSON"),
        ("@missing.json", "event file missing.json: No such file or directory"),
        ("@", "event file .: Is a directory"),
    ],
)
def test_a_wrong_event_says_what_an_event_can_be(text: str, message: str) -> None:
    """One line that names the three forms or what is wrong with the file."""
    with pytest.raises(InvalidRequestContent) as caught:
        event_from(text, NAMES)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    """The message has the file and the place in it."""
    file = tmp_path / "event.json"
    file.write_bytes(b'{"a": \xff}')
    with pytest.raises(InvalidRequestContent, match=r"event\.json is not JSON"):
        event_from(f"@{file}", {})


def test_objects_to_ship_come_from_the_notebook() -> None:
    """--use takes the objects themselves, and names the nearest variable for one that is not there."""
    assert shipped(["order"], NAMES) == {"order": NAMES["order"]}
    with pytest.raises(InvalidParameter, match=r"--use ordre: the notebook has no variable 'ordre'; did you mean order\?"):
        shipped(["ordre"], NAMES)


def test_a_secret_comes_from_the_environment_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set is taken."""
    monkeypatch.setenv("API_KEY", "from the environment")
    assert SecretValues(ask=lambda key: pytest.fail(f"asked for {key}")).get("f", ["API_KEY"]) == {
        "API_KEY": "from the environment"
    }


def test_a_secret_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Running a cell again does not ask again; another function does."""
    monkeypatch.delenv("API_KEY", raising=False)
    asked: list[str] = []

    def ask(key: str) -> str:
        asked.append(key)
        return "typed in"

    secrets = SecretValues(ask)
    assert secrets.get("f", ["API_KEY"]) == secrets.get("f", ["API_KEY"]) == {"API_KEY": "typed in"}
    assert asked == ["API_KEY"]
    secrets.get("g", ["API_KEY"])
    assert asked == ["API_KEY", "API_KEY"]
    assert "typed in" not in repr(secrets)


def test_without_anybody_to_ask_a_secret_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headless, the message says where to put the value."""
    monkeypatch.delenv("API_KEY", raising=False)
    with pytest.raises(LambdaError, match="--secret API_KEY: nobody can be asked here; set API_KEY in the environment"):
        SecretValues().get("f", ["API_KEY"])


def test_an_empty_secret_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter alone is not a value."""
    monkeypatch.delenv("API_KEY", raising=False)
    with pytest.raises(InvalidParameter, match="--secret API_KEY: the value is empty"):
        SecretValues(ask=lambda _: "").get("f", ["API_KEY"])


@pytest.mark.parametrize(
    ("function", "name"), [("hello", "hello"), ("my-fn", "my_fn"), ("2nd", "_2nd"), ("class", "class_"), ("A-b_C", "A_b_C")]
)
def test_a_function_is_bound_to_a_python_name(function: str, name: str) -> None:
    """Hyphens become underscores; what Python does not take as a name gets one more underscore."""
    assert python_name(function) == name


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_every_function_has_a_python_name(function: str) -> None:
    """Whatever Lambda takes as a name can be bound."""
    import keyword

    name = python_name(function)
    assert name.isidentifier()
    assert not keyword.iskeyword(name)
