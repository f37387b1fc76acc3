"""SnapStart as `publish` sees it: the snapshot of a version is made, or the version's own error is raised."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from jlambda.engine.engine import Engine
from jlambda.errors import FunctionError, SnapStartFailed
from jlambda.service.version import DeployedVersion


def take_snapshot(engine: Engine, version: DeployedVersion) -> None:
    """Have the engine make the snapshot of a version. Raises `FunctionError` where its init phase or a hook fails."""
    try:
        engine.snapshots.take(version)
    except SnapStartFailed as failure:
        payload = failure.payload if version.redact is None else version.redact(failure.payload)
        document: dict[str, Any] = {}
        with suppress(ValueError):  # a secret was cut out of its structure
            document = json.loads(payload)
        stack = tuple(map(str, document.get("stackTrace", ())))
        kind, message = str(document.get("errorType", failure.error_type)), str(document.get("errorMessage", ""))
        raise FunctionError(version.function, kind, message, stack, "", version.configuration.origin) from None
