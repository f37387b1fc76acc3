"""Callables as functions: what travels with them, and what is said of those that cannot."""

from __future__ import annotations

import collections.abc
import functools
import json
import linecache
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import jlambda
from jlambda.errors import CodeError
from jlambda.runtimes.callables import shipped_callable

if TYPE_CHECKING:
    from collections.abc import Mapping as OnlyForTypeCheckers

RATE = 3
TABLE = {"a": 1}
_Any = Any


def scale(value: int) -> int:
    """A function of this module that another one uses."""
    return value * RATE


class Point:
    """A class of this module."""

    def __init__(self, x: int) -> None:
        self.x = scale(x)


def twice(function: Callable[..., int]) -> Callable[..., int]:
    """A decorator that keeps the name of what it decorates."""

    @functools.wraps(function)
    def wrapper(*arguments: object) -> int:
        return 2 * function(*arguments)

    return wrapper


def thrice(function: Callable[..., int]) -> Callable[..., int]:
    """A decorator that does not."""

    def wrapper(event: object, context: object) -> int:
        return 3 * function(event, context)

    return wrapper


# -- what they use -------------------------------------------------------------------------------------------------------


def uses_globals(event: int, context: object) -> object:
    return [scale(n) + TABLE["a"] for n in range(event)], json.dumps({"x": Point(1).x})


def uses_submodules(event: str, context: object) -> object:
    return ET.fromstring(event).tag, collections.abc.Mapping.__name__


def nests(event: int, context: object) -> object:
    def inner(n: int) -> int:
        class Local:
            value = RATE

        return n * Local.value

    return [inner(n) for n in range(event)]


def counts(event: int, context: object) -> int:
    global RATE
    RATE += event
    return RATE


def calls_itself(event: int, context: object) -> int:
    return 1 if event == 0 else event * calls_itself(event - 1, context)


def has_defaults(event: int, context: object, table: dict[str, int] = TABLE, *, rate: int = RATE + 1) -> int:
    return event * rate + table["a"]


def is_annotated(event: OnlyForTypeCheckers[str, int], context: _Any) -> _Any:
    return event


def has_odd_strings(event: str, context: object) -> str:
    text = """
	a tab, and
no indentation
    """
    return text + event


@twice
def decorated(event: int, context: object) -> int:
    return scale(event)


@twice
@functools.lru_cache(maxsize=8)
def decorated_more(event: int, context: object) -> int:
    return event + 1


@thrice
def renamed(event: int, context: object) -> int:
    return event + 1


@pytest.mark.parametrize(
    ("function", "event", "result"),
    [
        (uses_globals, 3, [[1, 4, 7], '{"x": 3}']),
        (uses_submodules, "<a/>", ["a", "Mapping"]),
        (nests, 3, [0, 3, 6]),
        (calls_itself, 5, 120),
        (has_defaults, 2, 9),
        (is_annotated, {"a": 1}, {"a": 1}),
        (has_odd_strings, "x", "\n\ta tab, and\nno indentation\n    x"),
        (decorated, 2, 12),
        (decorated_more, 2, 6),
        (renamed, 2, 9),
        (twice(calls_itself), 3, 12),
    ],
)
def test_what_a_function_uses_travels_with_it(
    session: jlambda.Session, function: Callable[..., object], event: object, result: object
) -> None:
    """Globals, modules, helpers and classes of its module, defaults, decorators: it does there what it does here."""
    assert session.deploy(function, "f")(event) == result
    here = function(event, None)
    assert json.loads(json.dumps(here)) == result


def test_module_state_is_the_environments(session: jlambda.Session) -> None:
    """A global that is assigned to begins as it was, and lives as long as its environment; ours does not change."""
    function = session.deploy(counts)
    assert [function(1), function(1)] == [4, 5]
    assert RATE == 3


def test_closures(session: jlambda.Session) -> None:
    """What a function takes from the one around it is what it was when it was deployed."""
    deployed = []
    for number in range(3):
        offset = number * 10

        def add(event: int, context: object) -> int:
            return event + offset + number

        deployed.append(session.deploy(add, f"add-{number}"))
    assert [function(1) for function in deployed] == [1, 12, 23]


def test_a_function_of_a_class_body_or_a_block(session: jlambda.Session) -> None:
    """Wherever it was written, it stands at the top of its module; its line numbers stay."""

    class Handlers:
        @staticmethod
        def fail(event: int, _: object) -> float:
            return 1 / event

    if session:

        def in_a_block(event: int, context: object) -> int:
            text = """
no indentation"""
            return len(text) + event

    assert session.deploy(in_a_block)(1) == 16
    function = session.deploy(Handlers.fail, "fail")
    error = function.invoke(0).error
    assert error is not None
    line = Handlers.fail.__code__.co_firstlineno + 2
    assert f'File "{__file__}", line {line}, in fail' in "\n".join(error._render_traceback_())


def test_redeploying_a_callable_that_has_not_changed(session: jlambda.Session) -> None:
    """It is packaged the same, so its environments stay warm; another value of what it uses is another package."""
    options = {"rate": 1, "names": {"b", "a", "c"}, "helper": scale}

    def make() -> Callable[..., object]:
        def handler(event: int, context: object) -> object:
            return options["rate"], sorted(str(options["names"])), options["helper"]

        return handler

    session.deploy(make(), "f")
    assert session.deploy(make(), "f").changes == {}
    options["rate"] = 2
    assert set(session.deploy(make(), "f").changes or {}) == {"code"}


def test_a_name_that_comes_later(session: jlambda.Session) -> None:
    """What is not there yet when the function is deployed will never be there for it."""

    def handler(event: object, context: object) -> object:
        return later

    with pytest.raises(CodeError, match="handler uses later, not defined yet"):
        session.deploy(handler)
    later = 1
    assert session.deploy(handler)() == later


def test_a_file_that_has_changed_since_it_was_imported(tmp_path: Path) -> None:
    """Its source is no longer the function's: the function travels as an object."""
    path = tmp_path / "changing.py"
    path.write_text("def handler(event, context):\n    return 1\n")
    names: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    path.write_text("class Other:\n    handler = 1\n")
    linecache.checkcache()
    shipped = shipped_callable(names["handler"])
    assert shipped.globals == {"handler": names["handler"]}
    assert shipped.origin == ""


# -- everything else that can be called -------------------------------------------------------------------------------------


class Adder:
    """Something that can be called and has state."""

    def __init__(self, amount: int) -> None:
        self.amount = amount

    def __call__(self, event: int, _: object) -> int:
        return event + self.amount

    def method(self, event: int, _: object) -> int:
        return event - self.amount


@pytest.mark.parametrize(
    ("thing", "result"),
    [
        (lambda event, _: event * RATE, 15),
        (functools.partial(lambda amount, event, _: event + amount, 7), 12),
        (Adder(2), 7),
        (Adder(2).method, 3),
    ],
)
def test_what_was_not_written_with_def_travels_as_an_object(
    session: jlambda.Session, thing: Callable[..., object], result: int
) -> None:
    """Lambdas, partial functions, bound methods, objects with `__call__`; they need a name."""
    with pytest.raises(CodeError, match="a function needs a name"):
        session.deploy(thing)
    assert session.deploy(thing, "f")(5) == result


def test_a_function_without_source_travels_as_an_object(session: jlambda.Session) -> None:
    """What was made by exec has no lines to show, and runs all the same."""
    names: dict[str, Any] = {"RATE": 4}
    exec("def made(event, context): return event * RATE", names)
    function = session.deploy(names["made"])
    assert function.name == "made"
    assert function(2) == 8


# -- what cannot be deployed -----------------------------------------------------------------------------------------------


async def asynchronous(event: object, context: object) -> object:
    return event


def one_parameter(event: object) -> object:
    return event


def three_parameters(event: object, context: object, more: object) -> object:
    return event


def uses_the_unknown(event: object, context: object) -> object:
    return [not_there(n) for n in range(3)]  # type: ignore[name-defined]  # noqa: F821


def assigns_outside() -> Callable[..., int]:
    count = 0

    def handler(event: object, context: object) -> int:
        nonlocal count
        count += 1
        return count

    return handler


def uses_a_stream() -> Callable[..., object]:
    stream = (n for n in range(3))

    def handler(event: object, context: object) -> object:
        return next(stream)

    return handler


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (asynchronous, "asynchronous is asynchronous: "),
        (one_parameter, r"one_parameter cannot be called with two arguments: define `def one_parameter\(event, context\)`"),
        (three_parameters, "three_parameters cannot be called with two arguments"),
        (max, r"max does not say what it takes: call it in `def handler\(event, context\)`"),
        (uses_the_unknown, "uses_the_unknown uses not_there, not defined yet: define it first, or pass it in the event"),
        (assigns_outside(), "handler does not stand alone: no binding for nonlocal 'count' found; define it outside"),
        (uses_a_stream(), r"stream cannot be shipped \(generator: "),
    ],
)
def test_what_cannot_be_deployed(session: jlambda.Session, thing: Callable[..., object], said: str) -> None:
    """One line that says why, and nothing is deployed."""
    with pytest.raises(CodeError, match=said) as caught:
        session.deploy(thing, "f")
    assert "\n" not in str(caught.value)
    assert session.functions() == []
