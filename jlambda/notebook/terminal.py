"""The verbs of `%lambda` in a terminal: the same words and options, and what they show as text.

Works on the session of a state folder. Where another process has it open, a notebook's kernel or `jlambda serve`, that one is
asked through its gateway.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from jlambda.errors import InvalidParameter, StateError
from jlambda.handle import NO_EVENT
from jlambda.invocation import Invocation
from jlambda.notebook.arguments import Parser
from jlambda.notebook.cards import table_text
from jlambda.notebook.display import as_text
from jlambda.notebook.namespace import event_from
from jlambda.notebook.verbs import VERBS
from jlambda.notebook.verbs.verb import Desk, Verb
from jlambda.service.log_tail import LOOK_S
from jlambda.session import Session, default_folder, served, use

#: what needs a notebook around it
_NOTEBOOK_ONLY = ("config", "dashboard", "stop", "test")
PROGRAM = "jlambda"
#: of several invocations at once, one's events may be told so much later than another's
_LATE_MS = 10_000


def terminal_verbs() -> dict[str, Callable[[], Parser]]:
    """The parsers of the verbs that a terminal has, by name."""
    return {name: _parser_of(verb) for name, verb in VERBS.items() if name not in _NOTEBOOK_ONLY}


def _parser_of(verb: Verb) -> Callable[[], Parser]:
    def parser() -> Parser:
        made = verb.parser(PROGRAM)
        made.add_argument("--state", metavar="DIR", help="the folder for functions, records and logs; default .jlambda/default")
        return made

    return parser


def run(name: str, options: Mapping[str, Any]) -> int:
    """Carry out a verb, print what it gives; the exit status is 1 where a function that was called has failed."""
    given = dict(options)
    state = given.pop("state")
    address = served(state)
    if address is not None:
        if name not in _LIVE:
            folder = state or default_folder()
            raise StateError(f"{folder} is open in another process: run %lambda {name} there, or give --state another folder")
        return _LIVE[name](address.client, **given)
    with Session(state or default_folder()) as session:
        use(session)
        answer: Any = VERBS[name].act(Desk(lambda: session, {}), **given)
        if answer is not None and name == "logs":
            print("".join(f"{message.rstrip()}\n" for message in answer["message"]), end="")
        elif answer is not None:
            print(as_text(answer))
        return int(isinstance(answer, Invocation) and answer.error is not None)


Client = Callable[[str], Any]


def _invoke(client: Client, function: str, event: str, tail: bool) -> int:
    if tail:
        raise InvalidParameter("--tail: another process has the folder open, which tells the log at the end; leave it out")
    given = event_from(event, {}) if event else NO_EVENT
    answer = client("lambda").invoke(FunctionName=function, Payload=json.dumps(given).encode(), LogType="Tail")
    print(base64.b64decode(answer.get("LogResult", "")).decode(errors="replace"), end="")
    print(answer["Payload"].read().decode(errors="replace"))
    return int("FunctionError" in answer)


def _list(client: Client) -> int:
    functions = [each for page in client("lambda").get_paginator("list_functions").paginate() for each in page["Functions"]]
    rows = [
        (each["FunctionName"], each.get("Runtime", ""), f"{each['MemorySize']} MB", f"{each['Timeout']} s")
        for each in functions
    ]
    print(table_text(("function", "runtime", "memory", "timeout"), rows) if rows else "no functions yet")
    return 0


def _logs(client: Client, function: str, follow: bool) -> int:
    if not function:
        raise InvalidParameter("jlambda logs: name a function, its logs are asked of the process that has the folder open")
    group = client("lambda").get_function_configuration(FunctionName=function)["LoggingConfig"]["LogGroup"]
    pages = client("logs").get_paginator("filter_log_events").paginate
    since_ms, shown = int(time.time() * 1_000) if follow else 0, set[str]()
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            events = [each for page in pages(logGroupName=group, startTime=since_ms) for each in page["events"]]
            for each in events:
                if each["eventId"] not in shown:
                    print(each["message"].rstrip("\n"), flush=True)
            if not follow:
                return 0
            shown = {each["eventId"] for each in events}
            since_ms = max([since_ms, *(each["timestamp"] - _LATE_MS for each in events)])
            time.sleep(LOOK_S)
    return 0


_LIVE: dict[str, Callable[..., int]] = {"invoke": _invoke, "list": _list, "logs": _logs}
