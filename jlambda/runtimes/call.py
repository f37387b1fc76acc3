"""What an environment of `jlambda.Executor` runs: a pickled call comes in, what it returned goes out pickled.

Deployed as a function's source, so it stands alone: the standard library and dill, nothing of jlambda.
"""

from __future__ import annotations

import base64
import io
import sys

import dill

#: an exception that is pickled larger than this comes as its type and message only
_EXCEPTION_BYTES = 1_000_000


def handler(event: dict[str, str], context: object) -> bytes:  # noqa: ARG001 - Lambda's two parameters
    """Make the call in ``event["call"]``: ``(function, arguments, options)``, pickled with dill, in base64."""
    function, arguments, options = dill.loads(base64.b64decode(event["call"]))
    try:
        return _pickled(function(*arguments, **options))
    except Exception as error:
        _attach(error)
        raise


def _attach(error: Exception) -> None:
    """Have the error document carry the exception itself, where it can be pickled and made again."""
    try:
        vars(error).pop("error_document_members", None)  # of an exception that is raised a second time
        data = _pickled(error)
        dill.loads(data)
        if len(data) <= _EXCEPTION_BYTES:
            error.error_document_members = {"exception": base64.b64encode(data).decode()}  # type: ignore[attr-defined]
    except Exception:
        return


class _Pickler(dill.Pickler):  # type: ignore[misc]
    """Writes the notebook's own classes by name: the notebook has them, and a copy would be another class."""

    def reducer_override(self, value: object) -> object:
        if isinstance(value, type) and value.__module__ == "__main__" and "." not in value.__qualname__:
            setattr(sys.modules["__main__"], value.__qualname__, value)
            return value.__qualname__
        return NotImplemented


def _pickled(value: object) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, recurse=True).dump(value)
    return buffer.getvalue()
