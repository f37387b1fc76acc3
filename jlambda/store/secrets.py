"""Values of secret environment variables: a file of their own, and what takes them out of text.

Nothing of this reaches state.db: configurations hold names only, and output is redacted before it is appended.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from jlambda.errors import InvalidParameter, StateError
from jlambda.model.frames import CONTINUED, STAMP, STAMP_DIGITS
from jlambda.model.function import MASK
from jlambda.model.limits import ENVIRONMENT_BYTES

#: shorter values are left in text: they would turn up by chance
REDACTED_CHARS = 6
REDACTED = MASK.encode()

# Between two lines of one value in a function's output: the end of a log line, and the stamp of the next.
_LINE_BREAK = rb"%b?\n(?:%b\d{%d})?" % (re.escape(CONTINUED), re.escape(STAMP), STAMP_DIGITS)


class Secrets:
    """The file ``secrets`` (mode 0600) of one state folder, which no other session writes.

    Raises `StateError` where the file cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "secrets"
        self._lock = threading.Lock()
        self._values: dict[str, dict[str, str]] = self._read()
        self._redactors: dict[str, Redactor | None] = {}

    def __repr__(self) -> str:
        return f"<Secrets of {len(self._values)} functions>"

    def put(self, function: str, values: Mapping[str, str]) -> None:
        """Make `values` the secrets of a function, in place of those it had."""
        with self._lock:
            after = {name: held for name, held in self._values.items() if name != function}
            self._write(after | {function: dict(values)} if values else after)

    def delete(self, function: str) -> None:
        """Forget a function's secrets, if it has any."""
        if function in self._values:
            self.put(function, {})

    def values(self, function: str) -> dict[str, str]:
        """A function's secrets, by the name of the environment variable."""
        return dict(self._values.get(function, {}))

    def redact(self, function: str) -> Redactor | None:
        """What replaces a function's secret values by ``***``; None if it has none to replace."""
        if function not in self._redactors:
            with self._lock:
                self._redactors[function] = redactor(self._values.get(function, {}).values())
        return self._redactors[function]

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            held = json.loads(self._path.read_bytes())
            return {function: {str(key): str(value) for key, value in values.items()} for function, values in held.items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StateError(f"{self._path} cannot be read ({error.strerror}): check its permissions") from error
        except (ValueError, AttributeError) as error:
            raise StateError(f"{self._path} is damaged: move it away, and give the secrets again when you deploy") from error

    def _write(self, values: dict[str, dict[str, str]]) -> None:
        new = self._path.with_suffix(".new")
        try:
            new.unlink(missing_ok=True)
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                json.dump(values, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise StateError(
                f"{self._path} cannot be written ({error.strerror}): make room on the disk, or choose another folder "
                "with Session(state=...)"
            ) from error
        self._values = values
        self._redactors.clear()


def check_size(environment: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Hold variables and secrets together to Lambda's 4 KB, else `InvalidParameter`."""
    size = len(json.dumps({**environment, **secrets}, separators=(",", ":")).encode())
    if size > ENVIRONMENT_BYTES:
        raise InvalidParameter(
            f"environment variables and secrets take {size} bytes; at most {ENVIRONMENT_BYTES} (4 KB) are allowed"
        )


class Redactor:
    """Replaces secret values by ``***`` in bytes."""

    def __init__(self, forms: Iterable[bytes]) -> None:
        self._forms = sorted(forms, key=len, reverse=True)  # the longest first, where one begins as another does
        self._replace = re.compile(b"|".join(_LINE_BREAK.join(map(re.escape, form.split(b"\n"))) for form in self._forms)).sub

    @property
    def spans_lines(self) -> bool:
        """Whether one of them may be written in several lines."""
        return any(b"\n" in form for form in self._forms)

    def __call__(self, text: bytes) -> bytes:
        """`text` without them."""
        return self._replace(REDACTED, text) if text else text

    def open_end(self, text: bytes) -> int:
        """How many bytes at the end of `text` may be the beginning of one of them."""
        for size in range(min(len(text), len(self._forms[0]) - 1), 0, -1):
            end = text[-size:]
            if any(form.startswith(end) and len(form) > size for form in self._forms):
                return size
        return 0


def redactor(values: Iterable[str]) -> Redactor | None:
    """What replaces each of `values` by ``***`` in bytes, as it is and as JSON or Python would quote it.

    A value of several lines is found in a function's output too, where each line has a stamp. Values of fewer than 6
    characters are left. None if there is nothing to replace.
    """
    forms = {form for value in values if len(value) >= REDACTED_CHARS for form in _forms(value)}
    return Redactor(forms) if forms else None


def _forms(value: str) -> set[bytes]:
    """How `value` may stand in text: itself, inside JSON (with and without \\u escapes), inside a Python repr."""
    quoted = {json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value), ascii(value)}
    return {form.encode(errors="surrogatepass") for form in (value, *(text[1:-1] for text in quoted))}
