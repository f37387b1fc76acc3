"""JSON from a client: what it means, else why it is none, in the words of the parser that AWS uses.

AWS reads JSON with Jackson and shows its messages; ours name the same fault at the same line and column wherever
Python's parser tells them apart.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

_SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}]"
_VALUE = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"
_END = "Unexpected end-of-input"
# https://github.com/FasterXML/jackson-core: StreamReadConstraints.DEFAULT_MAX_DEPTH
_MOST_DEPTH = 1_000


class NotJSON(ValueError):
    """Text is no JSON; the message is Jackson's."""


def _no_constant(name: str) -> NoReturn:
    raise _Constant(name)


class _Constant(ValueError):
    """NaN or Infinity, which Python would take."""


_decode = json.JSONDecoder(parse_constant=_no_constant).decode


def parse(data: bytes) -> Any:
    """The value that `data` holds. Raises `NotJSON`."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotJSON(_utf8_fault(data, error)) from None
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        raise NotJSON(_fault(text, error)) from None
    except _Constant as error:
        name = str(error)
        raise NotJSON(_token(text, text.find(name), name.removeprefix("-"))) from None
    except RecursionError:
        raise NotJSON(f"Document nesting depth ({_MOST_DEPTH + 1}) exceeds the maximum allowed ({_MOST_DEPTH})") from None
    except ValueError as error:  # a whole number of more than 4,300 digits
        raise NotJSON(str(error).partition(";")[0]) from None


def _at(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return "\n at " + _SOURCE.format(line=line, column=column)


def _utf8_fault(data: bytes, error: UnicodeDecodeError) -> str:
    before = data[: error.start].decode()
    byte = data[error.start]
    if not before.strip():  # Jackson meets it as a character where a value should begin
        return f"Unexpected character ({_character(chr(byte))}): expected a valid value ({_VALUE}){_at(before, len(before))}"
    kind = "start" if "start byte" in error.reason or 0x80 <= byte < 0xC0 else "middle"
    return f"Invalid UTF-8 {kind} byte 0x{byte:02x}{_at(before, len(before) + 1)}"


def _fault(text: str, error: json.JSONDecodeError) -> str:
    position, said = error.pos, error.msg
    rest = text[position:]
    if not rest.strip() and "Unterminated" not in said:
        what = "No content to map due to end-of-input" if not text.strip() else _END
        return what + _at(text, len(text))
    if "Unterminated string" in said:
        return f"{_END} in VALUE_STRING{_at(text, len(text))}"
    if said.startswith("Extra data"):
        return f"Trailing token found after value{_at(text, position)}"
    if "escape" in said:
        return f"Unrecognized character escape {_character(rest[1:2] or rest[:1])}{_at(text, position)}"
    if "control character" in said:
        return (
            f"Illegal unquoted character ({_character(rest[:1])}): has to be escaped using backslash to be included in "
            f"string value{_at(text, position)}"
        )
    if "property name" in said or "Illegal trailing comma" in said:
        wanted = "was expecting double-quote to start field name"
    elif "':'" in said:
        wanted = "was expecting a colon to separate field name and value"
    elif "','" in said:
        wanted = "was expecting comma to separate Array or Object entries"
    else:
        word = rest[: next((i for i, letter in enumerate(rest) if not (letter.isalnum() or letter in "_$")), len(rest))]
        if word and not word[0].isdigit():
            return _token(text, position, word)
        wanted = f"expected a valid value ({_VALUE})"
    return f"Unexpected character ({_character(rest[:1])}): {wanted}{_at(text, position)}"


def _token(text: str, position: int, word: str) -> str:
    return f"Unrecognized token '{word[:256]}': was expecting ({_VALUE}){_at(text, position + len(word))}"


def _character(one: str) -> str:
    if not one:
        return "end of input"
    code = ord(one)
    return f"(CTRL-CHAR, code {code})" if code < 32 or 127 <= code < 160 else f"'{one}' (code {code})"
