"""The verb that works on triggers."""

from __future__ import annotations

from jlambda.errors import InvalidParameter
from jlambda.model.spelling import nearest
from jlambda.model.trigger import parse_trigger
from jlambda.notebook.arguments import Parser
from jlambda.notebook.trigger_list import TriggerList
from jlambda.notebook.verbs.verb import Desk, Verb

ACTIONS = ("list", "add", "remove", "enable", "disable")


def _trigger(desk: Desk, action: str, function: str, trigger: str) -> TriggerList:
    desk.known(function.partition(":")[0])
    triggers = desk.session.triggers
    if action != "list" and not (function and trigger):
        raise InvalidParameter(f"%lambda trigger {action}: write %lambda trigger {action} NAME TRIGGER")
    if action == "add":
        for line in triggers.add(function, parse_trigger(trigger)):
            print(line)
    elif action == "remove":
        print(f"removed {triggers.remove(function, trigger).trigger} from {function}")
    elif action == "enable":
        triggers.enable(function, trigger)
    elif action == "disable":
        triggers.disable(function, trigger)
    return TriggerList(triggers.list(function or None))


def _action(text: str) -> str:
    if text not in ACTIONS:
        raise InvalidParameter(
            f"%lambda trigger: there is no {text!r}{nearest(text, ACTIONS)} (there are {', '.join(ACTIONS)})"
        )
    return text


def _add(parser: Parser) -> None:
    parser.add_argument("action", metavar="ACTION", nargs="?", default="list", type=_action, help=", ".join(ACTIONS))
    parser.add_argument("function", metavar="NAME", nargs="?", default="", help="a function, or NAME:ALIAS")
    parser.add_argument("trigger", metavar="TRIGGER", nargs="?", default="", help="as after --trigger, or an id of the list")


VERBS = (
    Verb(
        "trigger",
        "What starts functions: list, add, remove, enable and disable.",
        _trigger,
        examples="  %lambda trigger list hello\n"
        "  %lambda trigger add hello sqs:jobs?batch_size=5\n"
        "  %lambda trigger disable hello sqs:jobs",
        add=_add,
    ),
)
