"""The hooks that a function registers around its snapshot, run as AWS's runtime runs them.

They are found in the module `snapshot_restore_py`, AWS's or ours (`bundled`), if the function has imported it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

BEFORE_SNAPSHOT_ERROR, AFTER_RESTORE_ERROR = "Runtime.BeforeSnapshotError", "Runtime.AfterRestoreError"


def run_before_snapshot() -> None:
    """Call what was registered for before the snapshot, the last first, each once."""
    module = sys.modules.get("snapshot_restore_py")
    hooks = module.get_before_snapshot() if module else []
    while hooks:
        function, args, kwargs = hooks.pop()
        function(*args, **kwargs)


def run_after_restore() -> None:
    """Call what was registered for after a restore, in order."""
    module = sys.modules.get("snapshot_restore_py")
    for function, args, kwargs in module.get_after_restore() if module else []:
        function(*args, **kwargs)


def hook_failure(kind: str, document: Mapping[str, object]) -> dict[str, object]:
    """What the caller is told of a hook that raised: Lambda's name for it, the exception's own within the message."""
    message = f"{document['errorType']}: {document['errorMessage']}" if document["errorMessage"] else document["errorType"]
    return {**document, "errorType": kind, "errorMessage": message}
