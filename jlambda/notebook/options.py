"""The options of `%%lambda`: which there are, and their values as a typed record."""

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
from jlambda.notebook.arguments import OneOf, Parser, python_variable, variable, whole, words


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
    role: str | None = None
    trigger: tuple[str, ...] = ()
    layer: tuple[str, ...] = ()
    no_layers: bool = False
    requirements: tuple[str, ...] = ()
    use: tuple[str, ...] = ()
    classpath: tuple[str, ...] = ()
    invoke: str | None = None
    tail: bool = False
    output: str | None = None
    quiet: bool = False


def cell_options(line: str) -> CellOptions:
    """The options of a `%%lambda` line. Raises `InvalidParameter` or `HelpAsked`."""
    given = cell_parser().parse(words(line))
    if given["layer"] and given["no_layers"]:
        raise InvalidParameter("%%lambda: --layer and --no-layers contradict each other: use one of them")
    return CellOptions(**_with_tuples(given))


def deployment(given: CellOptions, secrets: Mapping[str, str] | None, ship: Mapping[str, object]) -> dict[str, Any]:
    """The options as arguments of `Session.deploy`, with the values of secrets, and the objects that are shipped."""
    return {
        "handler": given.handler,
        "runtime": given.runtime,
        "memory": given.memory,
        "timeout": given.timeout,
        "env": dict(given.env) if given.env else None,
        "secrets": secrets,
        "description": given.description,
        "ephemeral_storage": given.ephemeral_storage,
        "architecture": given.architecture,
        "layers": given.layer if given.layer or given.no_layers else None,
        "requirements": given.requirements if given.requirements or given.no_layers else None,
        "log_format": given.log_format,
        "application_log_level": given.log_level,
        "system_log_level": given.system_log_level,
        "log_group": given.log_group,
        "snap_start": given.snap_start,
        "role": given.role,
        "use": ship or None,
        "classpath": given.classpath,
        "triggers": given.trigger,
    }


def cell_parser() -> Parser:
    """The parser of a `%%lambda` line."""
    parser = Parser(
        "%%lambda",
        "Deploy this cell as a Lambda function, and bind it to a Python name.",
        "  %%lambda hello\n"
        "  %%lambda hello --memory 512 --timeout 10 --env STAGE=dev --secret API_KEY\n"
        '  %%lambda hello -m 512 -t 10 -e STAGE=dev -i \'{"name": "Ada"}\'\n'
        "  %%lambda hello --use lookup_table,clean\n"
        '  %%lambda hello --requirements "requests==2.*"\n'
        "  %%lambda hello --runtime nodejs22.x\n"
        "  %%lambda hello --trigger sqs:jobs?batch_size=5 --trigger rate(5 minutes)",
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
    add(
        "--layer",
        metavar="LAYER",
        action="append",
        help="NAME:VERSION, or an ARN; repeatable, later ones on top; takes the place of those so far",
    )
    add("--no-layers", action="store_true", help="take all layers away, that of --requirements too")
    add(
        "--requirements",
        metavar="PACKAGES",
        action="append",
        help="pip installs them into a layer: 'requests==2.*', 'rich flask>=3', requirements.txt; repeatable",
    )
    add("--classpath", metavar="PATHS", type=_paths, action="extend", help="libraries for Java and C#: jars, DLLs, folders")
    add("--description", metavar="TEXT", help="at most 256 characters")
    add("--architecture", metavar="NAME", type=OneOf("architecture", ARCHITECTURES), help="x86_64 or arm64: what is billed")
    storage = whole("ephemeral storage", limits.EPHEMERAL_STORAGE_MB, "MB")
    add("--ephemeral-storage", metavar="MB", type=storage, help="size of /tmp: 512 to 10240; default 512")
    add("--log-format", metavar="NAME", type=OneOf("log format", LOG_FORMATS), help="Text or JSON; default Text")
    levels = OneOf("log level", APPLICATION_LOG_LEVELS)
    add("--log-level", metavar="LEVEL", type=levels, help="with JSON: what the function logs; TRACE to FATAL, default INFO")
    levels = OneOf("system log level", SYSTEM_LOG_LEVELS)
    add("--system-log-level", metavar="LEVEL", type=levels, help="with JSON: what Lambda logs; DEBUG, INFO or WARN")
    add("--log-group", metavar="NAME", help="default: /aws/lambda/NAME")
    text = "restore published versions from a snapshot taken after init; --no-snap-start takes it back"
    add("--snap-start", action=argparse.BooleanOptionalAction, default=None, help=text)
    add(
        "--role", metavar="NAME", help="execution role, by name or ARN: whose credentials the function has; default lambda-role"
    )
    add("--trigger", metavar="SOURCE", action="append", help="what starts it: sqs:jobs, s3://bucket/*.csv, …; repeatable")
    add(
        "-i",
        "--invoke",
        metavar="EVENT",
        help="call the function once deployed: JSON, a variable, @FILE.json, or a sample event",
    )
    add("--tail", action="store_true", help="show what --invoke logs while it runs")
    add("-o", "--output", metavar="VAR", type=python_variable, help="keep what --invoke gives in VAR, do not show it")
    add("-q", "--quiet", action="store_true", help="show no card")
    return parser


def _with_tuples(options: Mapping[str, object]) -> dict[str, Any]:
    """argparse's lists as tuples, and its None for a list that was not given as an empty one."""
    lists = ("env", "secret", "layer", "requirements", "trigger", "use", "classpath")
    return {key: tuple(value or ()) if key in lists else value for key, value in options.items()}  # type: ignore[arg-type]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _paths(text: str) -> list[str]:
    return [path for path in text.split(os.pathsep) if path]
