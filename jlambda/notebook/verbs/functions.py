"""Verbs that work on functions: call, show, publish, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jlambda.errors import InvalidParameter
from jlambda.handle import Function
from jlambda.invocation import Invocation
from jlambda.model.limits import MEMORY_MB
from jlambda.notebook.arguments import Parser, whole
from jlambda.notebook.display import FunctionList
from jlambda.notebook.namespace import event_from
from jlambda.notebook.tailing import print_events
from jlambda.notebook.verbs.verb import Desk, Verb
from jlambda.service.tuning import INVOCATIONS, SIZES_MB
from jlambda.telemetry.tuning import Tuning

if TYPE_CHECKING:
    from jlambda.notebook.configure import Configuration
    from jlambda.notebook.trying import Trial


def _invoke(desk: Desk, function: str, event: str, tail: bool) -> Invocation:
    given = event_from(event, desk.names)
    return desk.session.invoke(desk.function(function).reference, given, print_events if tail else None)


def _add_invoke(parser: Parser) -> None:
    _add_event(parser)
    parser.add_argument("--tail", action="store_true", help="show what it logs while it runs")


def _add_event(parser: Parser) -> None:
    text = "JSON, a variable's name, @FILE.json, or a sample event such as s3:put; else {}"
    parser.add_argument("event", metavar="EVENT", nargs="?", default="{}", help=text)


def _tune(desk: Desk, function: str, event: str, memory: list[int], invocations: int) -> Tuning:
    return desk.function(function).tune(event_from(event, desk.names), memory, invocations)


def _add_tune(parser: Parser) -> None:
    _add_event(parser)
    shown = ",".join(map(str, SIZES_MB))
    parser.add_argument("--memory", metavar="SIZES", type=_sizes, default=SIZES_MB, help=f"in MB; default {shown}")
    text = f"at each size; default {INVOCATIONS}"
    parser.add_argument(
        "--invocations", metavar="N", type=whole("invocations", range(1, 10_001), ""), default=INVOCATIONS, help=text
    )


def _sizes(text: str) -> list[int]:
    one = whole("memory", MEMORY_MB, "MB")
    return [one(size.strip()) for size in text.split(",")]


def _list(desk: Desk) -> FunctionList:
    return FunctionList(desk.session.functions())


def _show(desk: Desk, function: str) -> Function:
    return desk.function(function)


def _config(desk: Desk, function: str) -> Configuration:
    return desk.function(function).configure()


def _test(desk: Desk, function: str) -> Trial:
    return desk.function(function).test()


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
        "  res = %lambda invoke hello @event.json\n"
        "  %lambda invoke hello --tail",
        _add_invoke,
    ),
    Verb(
        "tune",
        "Run a function at several memory sizes: what each takes and costs, and which to take.",
        _tune,
        "one",
        "  %lambda tune hello '{\"n\": 10}'\n  found = %lambda tune hello my_event --memory 128,512,1769 --invocations 20",
        _add_tune,
    ),
    Verb("list", "All functions.", _list),
    Verb("show", "A function's card.", _show, "one"),
    Verb("test", "A widget to try a function with events.", _test, "one", "  %lambda test hello"),
    Verb("config", "A widget with a function's settings and triggers.", _config, "one", "  %lambda config hello"),
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
