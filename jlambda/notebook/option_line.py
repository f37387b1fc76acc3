"""The option line of a `%%lambda` cell, changed to say what its function is now; what is right stays as written. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from jlambda.model.function import FunctionConfiguration
from jlambda.model.log_settings import default_log_group
from jlambda.model.role import DEFAULT_ROLE
from jlambda.notebook.arguments import pieces, spelled, words
from jlambda.notebook.display import layer_name
from jlambda.notebook.options import CellOptions, cell_parser
from jlambda.service.requirements import is_of_requirements

_OPTIONS = {
    "memory": "--memory",
    "timeout": "--timeout",
    "ephemeral_storage": "--ephemeral-storage",
    "description": "--description",
    "architecture": "--architecture",
    "log_format": "--log-format",
    "log_level": "--log-level",
    "system_log_level": "--system-log-level",
    "log_group": "--log-group",
    "role": "--role",
    "snap_start": "--snap-start",
    "env": "--env",
    "secret": "--secret",
    "layer": "--layer",
    "requirements": "--requirements",
    "trigger": "--trigger",
}


def updated(line: str, given: CellOptions, now: FunctionConfiguration, triggers: Sequence[str]) -> str:
    """`line`, which is `given`, so that deploying it anew gives what the function is `now`.

    Options that say so already keep their place and spelling; others are taken out and written at the end.
    """
    usual = FunctionConfiguration(now.name)
    wanted: dict[str, list[str]] = {
        "memory": [str(now.memory_mb)],
        "timeout": [str(now.timeout_s)],
        "ephemeral_storage": [str(now.ephemeral_storage_mb)],
        "description": [now.description],
        "architecture": [now.architecture],
        "log_format": [now.log_format],
        "log_level": [now.application_log_level] if now.application_log_level else [],
        "system_log_level": [now.system_log_level] if now.system_log_level else [],
        "log_group": [now.log_group],
        "role": [_role_name(str(now.members.get("Role") or DEFAULT_ROLE))],
        "snap_start": [str(now.snap_start)],
        "env": [f"{key}={value}" for key, value in now.environment.items()],
        "secret": list(now.secrets),
        "layer": [layer_name(arn) for arn in now.layers if not is_of_requirements(arn)],
        "requirements": list(given.requirements) if any(map(is_of_requirements, now.layers)) else [],
        "trigger": list(triggers),
    }
    defaults = {
        "memory": [str(usual.memory_mb)],
        "timeout": [str(usual.timeout_s)],
        "ephemeral_storage": [str(usual.ephemeral_storage_mb)],
        "description": [""],
        "architecture": [usual.architecture],
        "log_format": [usual.log_format],
        "log_level": ["INFO"] if now.application_log_level else [],
        "system_log_level": ["INFO"] if now.system_log_level else [],
        "log_group": [default_log_group(now.name)],
        "role": [DEFAULT_ROLE],
        "snap_start": ["False"],
    }
    changed = [name for name, values in wanted.items() if _said(given, name, defaults.get(name, [])) != sorted(values)]
    if not changed:
        return line
    kept = [piece for name, group in _groups(line) if name not in changed for piece in group]
    for name in changed:
        if wanted[name] == defaults.get(name, []):
            continue
        if name == "snap_start":
            kept.append(_OPTIONS[name])
        else:
            kept += [part for value in wanted[name] for part in spelled(_OPTIONS[name], value)]
    comment = _comment(line)
    return " " + " ".join([*kept, *([comment] if comment else [])])


def _said(given: CellOptions, name: str, default: list[str]) -> list[str]:
    """What a line says of one setting, in words; the default where it says nothing."""
    value = getattr(given, name)
    if value is None or value == ():
        return default
    if name == "role":
        return [_role_name(value)]
    if name == "env":
        return sorted(f"{key}={text}" for key, text in value)
    if name == "layer":
        return sorted(map(layer_name, value))
    return sorted(value) if isinstance(value, tuple) else [str(value)]


def _role_name(role: str) -> str:
    return role.rpartition(":role/")[2]


def _groups(line: str) -> list[tuple[str, list[str]]]:
    """The pieces of a line, each option with its value, by the option's name; what is no option has none."""
    parser, found = cell_parser(), list[tuple[str, list[str]]]()
    takes_value = False
    for piece in pieces(line):
        if takes_value:
            found[-1][1].append(piece)
            takes_value = False
            continue
        word = (words(piece) or [""])[0]
        option = parser.option(word.partition("=")[0]) if word.startswith("-") else None
        if option is None and word.startswith("-") and not word.startswith("--"):
            option = parser.option(word[:2])  # -m512
        else:
            takes_value = option is not None and option.nargs != 0 and "=" not in word
        found.append((option.dest if option else "", [piece]))
    return found


def _comment(line: str) -> str:
    """The comment at the end of a line, empty if it has none."""
    rest = line.strip()
    for piece in pieces(line):
        rest = rest[len(piece) :].lstrip()
    return rest if rest.startswith("#") else ""
