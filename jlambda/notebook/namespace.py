"""What a magic takes from the notebook: events, objects to ship, values of secrets; and the name it gives back.

Works on a plain mapping of names, on `os.environ` and on the samples' catalog; knows nothing of cells, magics or functions.
"""

from __future__ import annotations

import getpass
import json
import keyword
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from jlambda.errors import InvalidParameter, InvalidRequestContent, LambdaError
from jlambda.model.spelling import nearest
from jlambda.session import current

_FORMS = """use JSON ('{"name": "Ada"}'), the name of a variable, @FILE.json, or a sample event (%lambda events)"""


def event_from(text: str, names: Mapping[str, object]) -> object:
    """The event that `text` stands for: JSON, the name of a variable, ``@file.json``, or a sample event (``s3:put``).

    Raises `InvalidRequestContent` for what is none of these.
    """
    if text.startswith("@"):
        return _from_file(Path(text[1:]).expanduser())
    if text.isidentifier() and text in names:
        return names[text]
    try:
        return json.loads(text)
    except ValueError as error:
        from jlambda.model.samples.catalog import SAMPLES, sample_event  # when it may be one: it has all kinds of events

        if text in SAMPLES:
            return sample_event(text, {}, current().account)
        if text.isidentifier():
            raise InvalidRequestContent(f"event: there is no variable {text!r}{nearest(text, names)} ({_FORMS})") from None
        near = nearest(text, SAMPLES)
        raise InvalidRequestContent(f"event {_short(text)} is not JSON: {error}{near} ({_FORMS})") from None


def _from_file(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidRequestContent(f"event file {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise InvalidRequestContent(f"event file {path} is not JSON: {error}") from None


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def shipped(use: Iterable[str], names: Mapping[str, object]) -> dict[str, object]:
    """The notebook's objects that `--use` names. Raises `InvalidParameter` for a name the notebook does not have."""
    found = {}
    for name in use:
        if name not in names:
            raise InvalidParameter(f"--use {name}: the notebook has no variable {name!r}{nearest(name, names)}")
        found[name] = names[name]
    return found


class SecretValues:
    """Values of secrets: from the kernel's environment, else asked for, once a kernel for each function and key."""

    def __init__(self, ask: Callable[[str], str] | None = None) -> None:
        self._ask = ask or _ask
        self._asked: dict[tuple[str, str], str] = {}

    def __repr__(self) -> str:
        return "SecretValues(***)"

    def get(self, function: str, keys: Iterable[str]) -> dict[str, str]:
        """The value of each of `keys`. Raises `LambdaError` where a value is not set and nobody can be asked."""
        values = {}
        for key in keys:
            value = os.environ.get(key) or self._asked.get((function, key))
            if value is None:
                value = self._ask(key)
                if not value:
                    raise InvalidParameter(f"--secret {key}: the value is empty; set {key} in the environment of the kernel")
                self._asked[function, key] = value
            values[key] = value
        return values


def _ask(key: str) -> str:
    headless = LambdaError(f"--secret {key}: nobody can be asked here; set {key} in the environment of the kernel")
    # A kernel replaces getpass with a question to its front end; anywhere else a terminal is needed.
    if getpass.getpass.__module__ == "getpass" and not sys.stdin.isatty():
        raise headless
    try:
        return getpass.getpass(f"{key} (not shown, not kept in the notebook): ")
    except (NotImplementedError, EOFError, OSError):  # StdinNotImplementedError of ipykernel is the first
        raise headless from None


def python_name(function: str) -> str:
    """The Python name that a function is bound to: ``my-fn`` -> ``my_fn``, ``2nd`` -> ``_2nd``, ``class`` -> ``class_``."""
    name = re.sub(r"\W", "_", function)
    if name[:1].isdigit():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name
