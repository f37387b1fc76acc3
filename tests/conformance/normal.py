"""Take out of an answer what may differ between two runs: times, folders, and the frames of either runtime client."""

from __future__ import annotations

import re
from pathlib import Path

_LIBRARY = str(Path(re.__file__).parent.parent)
_FRAME = re.compile(r'^( *)File "([^"]+)", line \d+')
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_LONG_RUN = re.compile(r"(.)\1{999,}")
_CARETS = re.compile(r"^[ ~^]*[~^][ ~^]*$")


def normal(text: str, folder: str, runtime_folders: tuple[str, ...]) -> str:
    """`text` as it would be anywhere: code in ``/var/task``, no times, no carets under lines, no `runtime_folders`.

    The client joins the lines of an error with carriage returns where its log has no notion of an event.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    lines: list[str] = []
    skip_deeper_than = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(" "))
        if 0 <= skip_deeper_than < depth:
            continue
        skip_deeper_than = -1
        frame = _FRAME.match(line)
        if frame and frame[2].startswith(runtime_folders):
            skip_deeper_than = depth
        elif not _CARETS.match(line):
            lines.append(line)
    whole = "\n".join(_without_empty_tracebacks(lines))
    return in_task(_LONG_RUN.sub(lambda run: f"<{len(run[0])} times {run[1]}>", whole), folder)


def in_task(text: str, folder: str) -> str:
    """`text` with code in ``/var/task``, no times, and no line numbers of Python's own files."""
    text = _TIME.sub("<time>", text.replace(folder, "/var/task").replace(_LIBRARY, "<lib>"))
    return re.sub(r'(File \\?"<[^>]+>[^"\\]*\\?", line )\d+', r"\1N", text)


def _without_empty_tracebacks(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for line in reversed(lines):
        if line == "Traceback (most recent call last):" and kept and not kept[-1].startswith(" "):
            continue
        kept.append(line)
    return kept[::-1]
