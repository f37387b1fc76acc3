"""What a mapping template is rendered with: `$input`, `$context`, `$stageVariables`, `$util`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from jlambda.api.fronts.integrations.json_path import found
from jlambda.api.fronts.integrations.parameters import View
from jlambda.api.fronts.integrations.template_values import shown
from jlambda.api.fronts.integrations.templates import BadTemplate, render


class NoJson(Exception):
    """A template asks for a member of a body that is not JSON."""


def rendered(template: str, view: View, overrides: str) -> tuple[str, dict[str, Any]]:
    """A template's text, and what it put into the context's `overrides` (``requestOverride``, ``responseOverride``).

    Raises `BadTemplate` and `NoJson`.
    """
    over: dict[str, Any] = {"header": {}, "querystring": {}, "path": {}, "status": None}
    context = {**copy.deepcopy(dict(view.context)), overrides: over}
    given: dict[str, Any] = {"context": context, "stageVariables": dict(view.stage_variables), "util": dict(_UTIL)}
    try:
        text = render(template, {**given, "input": _input(view)})
    except BadTemplate as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, NoJson):
                raise NoJson from None
            cause = cause.__cause__ or cause.__context__
        raise
    return text, over


def _input(view: View) -> dict[str, Any]:
    read: list[Any] = []

    def path(wanted: str) -> Any:
        if not read:
            try:
                read.append(json.loads(view.body or "{}"))
            except (ValueError, RecursionError):
                raise NoJson from None
        return found(read[0], wanted)

    def as_json(wanted: str) -> str:
        value = path(wanted)
        # what is not there is an empty text
        return '""' if value is None else _written(value)

    def params(name: str | None = None) -> Any:
        if name is None:
            return view.parameters()
        return view.parameter(name) or ""

    return {"body": view.body, "json": as_json, "path": path, "params": params}


def _written(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _escaped(text: object) -> str:
    """As Java's escapeJavaScript: quotes, control characters, and a slash before which a backslash stands."""
    written = json.dumps(shown(text))[1:-1]
    return written.replace("'", "\\'").replace("/", "\\/")


_UTIL: dict[str, Callable[..., Any]] = {
    "escapeJavaScript": _escaped,
    "parseJson": lambda text: json.loads(text),
    "urlEncode": lambda text: quote_plus(shown(text), safe="*-._"),
    "urlDecode": lambda text: unquote_plus(shown(text)),
    "base64Encode": lambda text: base64.b64encode(shown(text).encode()).decode(),
    "base64Decode": lambda text: base64.b64decode(shown(text)).decode("utf-8", "replace"),
}
