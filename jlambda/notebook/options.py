"""The options of `%%lambda` and the verbs of `%lambda`: which there are, and their values as typed records."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jlambda.errors import InvalidParameter
from jlambda.model import limits
from jlambda.model.function import ARCHITECTURES
from jlambda.model.log_settings import APPLICATION_LOG_LEVELS, LOG_FORMATS, SYSTEM_LOG_LEVELS
from jlambda.notebook.arguments import Parser, choose, one_of, variable, whole, words

#: verbs that the design has and a later version brings
LATER = ("debug", "export")


@dataclass(frozen=True, slots=True)
class CellOptions:
    """The line of a `%%lambda` cell. None (or empty) means not given: an existing function keeps its value."""

    name: str
    memory: int | None = None
    timeout: int | None = None
    env: tuple[tuple[str, str], ...] = ()
    secret: tuple[str, ...] = ()
    handler: str | None = None
    runtime: str | None = None
    description: str | None = None
    architecture: str | None = None
    ephemeral_storage: int | None = None
    log_format: str | None = None
    log_level: str | None = None
    system_log_level: str | None = None
    log_group: str | None = None
    snap_start: bool | None = None
    use: tuple[str, ...] = ()
    classpath: tuple[str, ...] = ()
    invoke: str | None = None
    output: str | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class LineOptions:
    """The line of a `%lambda` magic. `function` is empty where a verb takes all functions."""

    verb: str
    function: str = ""
    event: str = "{}"
    output: str | None = None
    alias: str = ""
    versions: tuple[tuple[str, float], ...] = ()
    description: str | None = None
    span: tuple[str, ...] = ()


def cell_options(line: str) -> CellOptions:
    """The options of a `%%lambda` line. Raises `InvalidParameter` or `HelpAsked`."""
    given = cell_parser().parse(words(line))
    return CellOptions(**_with_tuples(given))


def line_options(line: str) -> LineOptions:
    """The verb and options of a `%lambda` line. Raises `InvalidParameter` or `HelpAsked`."""
    given = words(line)
    if given and given[0] in LATER:
        raise InvalidParameter(f"%lambda {given[0]} comes with a later version of jlambda")
    verb, options = choose("%lambda", given, VERBS, hint="; a cell that begins with %%lambda NAME deploys a function")
    return LineOptions(verb, **_with_tuples(options))


def cell_parser() -> Parser:
    """The parser of a `%%lambda` line."""
    parser = Parser(
        "%%lambda",
        "Deploy this cell as a Lambda function, and bind it to a Python name.",
        "  %%lambda hello\n"
        "  %%lambda hello --memory 512 --timeout 10 --env STAGE=dev --secret API_KEY\n"
        '  %%lambda hello -m 512 -t 10 -e STAGE=dev -i \'{"name": "Ada"}\'\n'
        "  %%lambda hello --use lookup_table,clean\n"
        "  %%lambda hello --runtime nodejs22.x",
    )
    add = parser.add_argument
    add("name", metavar="NAME", help="name of the function: letters, digits, - and _; my-fn is bound as my_fn")
    add("-m", "--memory", metavar="MB", type=whole("memory", limits.MEMORY_MB, "MB"), help="128 to 10240; default 128")
    add("-t", "--timeout", metavar="SECONDS", type=whole("timeout", limits.TIMEOUT_S, "seconds"), help="1 to 900; default 3")
    add("-e", "--env", metavar="KEY=VALUE", type=variable, action="append", help="an environment variable; repeatable")
    add(
        "-s", "--secret", metavar="KEY", action="append", help="a variable whose value the kernel has, or asks for; never shown"
    )
    add("--use", metavar="NAMES", type=_names, action="extend", help="notebook objects to ship as globals: df,clean")
    add("--handler", metavar="NAME", help="default: handler, lambda_handler, or the only function with two parameters")
    add(
        "--runtime",
        metavar="NAME",
        help="nodejs22.x, java21, ruby3.3, go, dotnet8, bash, …; default: the notebook's own Python",
    )
    add("--classpath", metavar="PATHS", type=_paths, action="extend", help="libraries for Java and C#: jars, DLLs, folders")
    add("--description", metavar="TEXT", help="at most 256 characters")
    add("--architecture", metavar="NAME", type=one_of("architecture", ARCHITECTURES), help="x86_64 or arm64: what is billed")
    storage = whole("ephemeral storage", limits.EPHEMERAL_STORAGE_MB, "MB")
    add("--ephemeral-storage", metavar="MB", type=storage, help="size of /tmp: 512 to 10240; default 512")
    add("--log-format", metavar="NAME", type=one_of("log format", LOG_FORMATS), help="Text or JSON; default Text")
    levels = one_of("log level", APPLICATION_LOG_LEVELS)
    add("--log-level", metavar="LEVEL", type=levels, help="with JSON: what the function logs; TRACE to FATAL, default INFO")
    levels = one_of("system log level", SYSTEM_LOG_LEVELS)
    add("--system-log-level", metavar="LEVEL", type=levels, help="with JSON: what Lambda logs; DEBUG, INFO or WARN")
    add("--log-group", metavar="NAME", help="default: /aws/lambda/NAME")
    text = "restore published versions from a snapshot taken after init; --no-snap-start takes it back"
    add("--snap-start", action=argparse.BooleanOptionalAction, default=None, help=text)
    add("-i", "--invoke", metavar="EVENT", help="call the function once deployed: JSON, a variable's name, or @FILE.json")
    add("-o", "--output", metavar="VAR", type=_python_name, help="keep what --invoke gives in VAR, do not show it")
    add("-q", "--quiet", action="store_true", help="show no card")
    return parser


def _verb(name: str, description: str, function: str = "", examples: str = "") -> Parser:
    """A verb's parser; `function` is "one" where a name is needed, "any" where none means all."""
    parser = Parser(f"%lambda {name}", description, examples)
    if function == "one":
        parser.add_argument("function", metavar="NAME")
    elif function == "any":
        parser.add_argument("function", metavar="NAME", nargs="?", default="")
    if name not in ("delete", "reset"):
        parser.add_argument("-o", "--output", metavar="VAR", type=_python_name, help="keep the answer in VAR, do not show it")
    return parser


def _invoke() -> Parser:
    parser = _verb(
        "invoke",
        "Call a function and show what came of it.",
        "one",
        '  %lambda invoke hello \'{"name": "Ada"}\'\n'
        "  %lambda invoke hello my_event -o result\n"
        "  res = %lambda invoke hello @event.json",
    )
    parser.add_argument(
        "event", metavar="EVENT", nargs="?", default="{}", help="JSON, a variable's name, or @FILE.json; else {}"
    )
    return parser


def _publish() -> Parser:
    parser = _verb("publish", "Keep what is deployed as a version that never changes.", "one", "  %lambda publish hello")
    parser.add_argument("--description", metavar="TEXT", help="at most 256 characters")
    return parser


def _alias() -> Parser:
    parser = _verb(
        "alias",
        "Point an alias at a version, or at two by weight.",
        "one",
        "  %lambda alias hello live 1\n  %lambda alias hello live 1=0.9 2=0.1",
    )
    parser.add_argument("alias", metavar="ALIAS")
    parser.add_argument("versions", metavar="VERSION", nargs="+", type=_weighted, help="a number, or number=weight twice")
    return parser


def _clock() -> Parser:
    parser = _verb(
        "clock",
        "The session's time, and what is due next; let it go on by a span of time.",
        examples="  %lambda clock\n  %lambda clock +2m\n  %lambda clock 1 hour 30 minutes",
    )
    parser.add_argument("span", metavar="SPAN", nargs="*", help="+2m, 1h30m, 90 (seconds), 2 minutes; none: only show it")
    return parser


VERBS = {
    "invoke": _invoke,
    "list": lambda: _verb("list", "All functions."),
    "show": lambda: _verb("show", "A function's card.", "one"),
    "logs": lambda: _verb("logs", "Log lines as a DataFrame, of one function or all.", "any"),
    "invocations": lambda: _verb("invocations", "Invocations as a DataFrame, of one function or all.", "any"),
    "cost": lambda: _verb("cost", "What the invocations would have cost on AWS, as a DataFrame.", "any"),
    "metrics": lambda: _verb("metrics", "Invocations, errors and durations by minute, as a DataFrame.", "any"),
    "publish": _publish,
    "alias": _alias,
    "clock": _clock,
    "delete": lambda: _verb("delete", "Delete a function; its invocations and logs stay.", "one"),
    "doctor": lambda: _verb("doctor", "What is enforced on this machine, how, and what would make it stricter."),
    "reset": lambda: _verb("reset", "Delete every function, invocation and log of this notebook."),
}


def _with_tuples(options: Mapping[str, object]) -> dict[str, Any]:
    """argparse's lists as tuples, and its None for a list that was not given as an empty one."""
    lists = ("env", "secret", "use", "classpath", "versions", "span")
    return {key: tuple(value or ()) if key in lists else value for key, value in options.items()}  # type: ignore[arg-type]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _weighted(text: str) -> tuple[str, float]:
    version, equals, weight = text.partition("=")
    try:
        return version, float(weight) if equals else 1.0
    except ValueError:
        raise InvalidParameter(f"version {text!r}: use a number, or NUMBER=WEIGHT such as 2=0.1") from None


def _paths(text: str) -> list[str]:
    return [path for path in text.split(os.pathsep) if path]


def _python_name(text: str) -> str:
    if not text.isidentifier():
        raise InvalidParameter(f"variable {text!r}: use a Python name")
    return text
