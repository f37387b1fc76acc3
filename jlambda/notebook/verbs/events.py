"""The verb that lists sample events and builds them."""

from __future__ import annotations

import json

from jlambda.errors import InvalidParameter
from jlambda.notebook.arguments import Parser
from jlambda.notebook.verbs.verb import Desk, Verb


def _events(desk: Desk, sample: str, given: list[tuple[str, object]]) -> object:
    from jlambda.model.samples.catalog import SAMPLES, sample_event
    from jlambda.notebook.sample_list import SampleList

    if not sample:
        return SampleList(SAMPLES.values())
    parameters = dict(given)
    time = parameters.pop("time", None)
    if not isinstance(time, str | int | float | None):
        raise InvalidParameter(f"time {time!r}: use 2026-01-15T12:00:00Z, or seconds since the epoch")
    return sample_event(sample, parameters, desk.session.account, time)


def _add(parser: Parser) -> None:
    parser.add_argument("sample", metavar="SAMPLE", nargs="?", default="", help="its name; none lists them all")
    text = "a parameter of it; VALUE is JSON, or else text"
    parser.add_argument("given", metavar="KEY=VALUE", nargs="*", type=_parameter, help=text)


def _parameter(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidParameter(f"parameter {text!r}: use KEY=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


VERBS = (
    Verb(
        "events",
        "Sample events: list them, or build one.",
        _events,
        examples="  %lambda events\n"
        "  event = %lambda events s3:put bucket=uploads key=in/a.csv\n"
        '  %lambda events sqs:standard bodies=\'[{"order": 1}, {"order": 2}]\'\n'
        "  %lambda invoke hello s3:put",
        add=_add,
    ),
)
