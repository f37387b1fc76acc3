"""Verbs that work on functions: call, show, publish, delete."""

from __future__ import annotations

from jlambda.errors import InvalidParameter
from jlambda.handle import Function, Invocation
from jlambda.notebook.arguments import Parser
from jlambda.notebook.display import FunctionList
from jlambda.notebook.namespace import event_from
from jlambda.notebook.verbs.verb import Desk, Verb


def _invoke(desk: Desk, function: str, event: str) -> Invocation:
    given = event_from(event, desk.names)
    desk.known(function.partition(":")[0] if not function.startswith("arn:") else "")
    return desk.session.invoke(function, given)


def _add_event(parser: Parser) -> None:
    text = "JSON, a variable's name, or @FILE.json; else {}"
    parser.add_argument("event", metavar="EVENT", nargs="?", default="{}", help=text)


def _list(desk: Desk) -> FunctionList:
    return FunctionList(desk.session.functions())


def _show(desk: Desk, function: str) -> Function:
    return desk.function(function)


def _publish(desk: Desk, function: str, description: str | None) -> Function:
    return desk.function(function).publish(description)


def _add_description(parser: Parser) -> None:
    parser.add_argument("--description", metavar="TEXT", help="at most 256 characters")


def _alias(desk: Desk, function: str, alias: str, versions: list[tuple[str, float]]) -> Function:
    return desk.function(function).alias(alias, dict(versions))


def _add_alias(parser: Parser) -> None:
    parser.add_argument("alias", metavar="ALIAS")
    parser.add_argument("versions", metavar="VERSION", nargs="+", type=_weighted, help="a number, or number=weight twice")


def _weighted(text: str) -> tuple[str, float]:
    version, equals, weight = text.partition("=")
    try:
        return version, float(weight) if equals else 1.0
    except ValueError:
        raise InvalidParameter(f"version {text!r}: use a number, or NUMBER=WEIGHT such as 2=0.1") from None


def _delete(desk: Desk, function: str) -> None:
    desk.function(function)
    desk.session.delete(function)
    print(f"deleted {function}")


VERBS = (
    Verb(
        "invoke",
        "Call a function and show what came of it.",
        _invoke,
        "one",
        '  %lambda invoke hello \'{"name": "Ada"}\'\n'
        "  %lambda invoke hello my_event -o result\n"
        "  res = %lambda invoke hello @event.json",
        _add_event,
    ),
    Verb("list", "All functions.", _list),
    Verb("show", "A function's card.", _show, "one"),
    Verb(
        "publish",
        "Keep what is deployed as a version that never changes.",
        _publish,
        "one",
        "  %lambda publish hello",
        _add_description,
    ),
    Verb(
        "alias",
        "Point an alias at a version, or at two by weight.",
        _alias,
        "one",
        "  %lambda alias hello live 1\n  %lambda alias hello live 1=0.9 2=0.1",
        _add_alias,
    ),
    Verb("delete", "Delete a function; its invocations and logs stay.", _delete, "one", keeps=False),
)
