"""Events and responses: JSON read and written as AWS's Python runtime does, at the speed of C.

AWS encodes responses with simplejson. What that does differently from `json` (named tuples are objects, bytes are
text, a Decimal keeps its digits) is done here. Knows no process, socket or log.

The C halves of `json` are used by themselves: the rest of it imports `re`, for which an interpreter that starts for one
function would have to wait.
"""

from __future__ import annotations

import marshal
from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class ReportedError(Exception):
    """A failure that the runtime itself reports, under a name of its own (``Runtime.MarshalError`` …)."""

    def __init__(self, error_type: str, message: str, stack: tuple[str, ...] = ()) -> None:
        super().__init__(error_type, message, stack)
        self.error_type, self.message, self.stack = error_type, message, stack


_TOO_DEEP = "Unable to marshal response: maximum recursion depth exceeded while encoding a JSON object"


class _Decoding:
    """The settings of a `json.JSONDecoder` that was given none."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    #: NaN, Infinity, -Infinity
    parse_constant = float


_decode = make_scanner(_Decoding)  # type: ignore[arg-type] # typeshed names its own class


def read_event(body: bytes) -> object:
    """The event that `body` holds, or a `ReportedError` in AWS's words."""
    try:
        text = body.decode()
        try:
            event, end = _decode(text, 0)
        except (ValueError, StopIteration):
            end = -1
        if end == len(text):
            return event
        import json

        return json.loads(text)  # white space around the value, or an error: takes the one and names the other
    except Exception as error:
        raise ReportedError("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def response_writer(ascii_only: bool) -> Callable[[object], str]:
    """A function that turns a handler's response into JSON, or raises a `ReportedError` in AWS's words.

    `ascii_only` writes other characters as ``\\u`` escapes: AWS's runtimes up to Python 3.11 do.
    """
    quote = encode_basestring_ascii if ascii_only else encode_basestring
    parents: dict[int, object] = {}
    encode = make_encoder(parents, _refuse, quote, None, ": ", ", ", False, False, True)
    join = "".join
    measure: Callable[[object, int], bytes] = marshal.dumps  # type: ignore[assignment]

    def write_response(value: object) -> str:
        try:
            # marshal takes the built-in types and no subclass of them, in a fraction of the time: where it fails,
            # something is in there (a named tuple, a Decimal, an enum) that the C encoder would not write as AWS does
            measure(value, 2)
            return join(encode(value, 0))
        except Exception:
            parents.clear()
        try:
            return _write(value, quote, set())
        except RecursionError:
            raise ReportedError("Runtime.MarshalError", _TOO_DEEP) from None
        except Exception as error:
            raise ReportedError("Runtime.MarshalError", f"Unable to marshal response: {error}") from None

    return write_response


def is_ascii_only(execution_env: str) -> bool:
    """Whether the runtime that ``AWS_EXECUTION_ENV`` names escapes what is not ASCII: up to Python 3.11, and if unknown."""
    minor = execution_env.rpartition("AWS_Lambda_python3.")[2]
    return not minor.isdigit() or int(minor) < 12


def _not_serializable(value: object) -> TypeError:
    return TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _refuse(value: object) -> object:
    raise _not_serializable(value)


def _write(value: object, quote: Callable[[str], str], parents: set[int]) -> str:
    """Any value as simplejson writes it; `parents` are the ids of the containers that hold it."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bytes):
        return quote(value.decode())
    if value is None or isinstance(value, (bool, int, float)):
        return _scalar(value)
    from decimal import Decimal

    if isinstance(value, Decimal):
        return "NaN" if value.is_nan() else str(value)
    here = id(value)
    if here in parents:
        raise ValueError("Circular reference detected")
    parents.add(here)
    as_dict = None if isinstance(value, type) else getattr(value, "_asdict", None)
    items = as_dict() if callable(as_dict) else value
    if isinstance(items, dict):
        pairs = [f"{quote(_key(key))}: {_write(item, quote, parents)}" for key, item in items.items()]
        text = "{" + ", ".join(pairs) + "}"
    elif isinstance(items, (list, tuple)) and items is value:
        text = "[" + ", ".join([_write(item, quote, parents) for item in items]) + "]"
    elif items is value:
        raise _not_serializable(value)
    else:
        raise TypeError(f"_asdict() must return a dict, not {type(items).__name__}")
    parents.discard(here)
    return text


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bytes):
        return key.decode()
    if key is None or isinstance(key, (bool, int, float)):
        return _scalar(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")


def _scalar(value: float | None) -> str:
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)
