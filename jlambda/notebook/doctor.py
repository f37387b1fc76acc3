"""What `doctor` shows: a card of the machine, a table of what it protects, a table of what would make it stricter.

One value for the notebook and the command line. Pure; the facts come from `Session.machine`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jlambda.model.machine import Machine
from jlambda.model.runtime import THIS_PYTHON
from jlambda.notebook.advice import Advice, advice
from jlambda.notebook.cards import Card, Mood, Row, table_html, table_text
from jlambda.notebook.findings import Finding, findings

if TYPE_CHECKING:
    from jlambda.notebook.display import Printer

_FINDINGS_HEADER = ("protection", "held", "how", "stricter with")
_ADVICE_HEADER = ("stricter with", "how to get it")
_LANGUAGES_HEADER = ("language", "installed", "serves")
#: for text: between two columns, the most that a short one takes, and the least for the one that explains
_GAP, _NARROW, _LEAST_COLUMNS = 2, 24, 30


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A machine with what follows from its facts; shown as HTML or as text."""

    machine: Machine

    @property
    def findings(self) -> list[Finding]:
        """What is held and how; nothing where functions cannot run."""
        return [] if self.machine.failure else findings(self.machine)

    @property
    def advice(self) -> list[Advice]:
        """What would make it stricter."""
        return advice(self.machine)

    @property
    def languages(self) -> list[tuple[str, str, str]]:
        """What there is of each language, a row each: versions with their programs, and the runtimes that these are."""
        rows = []
        for name, versions, install in self.machine.languages:
            installed = ", ".join(f"{version} ({program})" for version, program, _ in versions)
            served = ", ".join(dict.fromkeys(runtime for *_, runtime in versions))
            rows.append((name, installed or f"nothing: {install}", served or "-"))
        return rows

    def text(self, columns: int = 120) -> str:
        """All of it as text, as wide as `columns` where that is possible."""
        parts = [machine_card(self.machine).text()]
        if self.findings:
            parts.append(_wrapped(_FINDINGS_HEADER, self.findings, 2, columns))
        if self.advice:
            parts.append(_wrapped(_ADVICE_HEADER, self.advice, 1, columns))
        if self.languages:
            parts.append(_wrapped(_LANGUAGES_HEADER, self.languages, 1, columns))
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        parts = [machine_card(self.machine).html()]
        if self.findings:
            parts.append(table_html(_FINDINGS_HEADER, self.findings))
        if self.advice:
            parts.append(table_html(_ADVICE_HEADER, self.advice))
        if self.languages:
            parts.append(table_html(_LANGUAGES_HEADER, self.languages))
        return "".join(parts)

    def __repr__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Printer, _cycle: bool) -> None:
        printer.text(repr(self))


def machine_card(machine: Machine) -> Card:
    """The card of the machine itself."""
    m = machine
    size = f"{m.processors} CPU{'' if m.processors == 1 else 's'}, {m.memory_mb / 1024:.1f} GB of memory"
    journal = f"SQLite {'without' if m.is_on_network else 'with'} a write-ahead log"
    root = "a private root" if m.has_private_root else "no private root"
    landlock = f"Landlock {m.landlock_version}" if m.landlock_version else "no Landlock"
    note, mood = _summary(machine)
    rows = [
        Row("jlambda", f"{m.version} · Python {m.python} ({m.interpreter}) · functions run on {THIS_PYTHON}"),
        Row("machine", f"{m.system} {m.kernel} {m.architecture} · {size}"),
        Row("state", f"{m.state} · {m.file_system or 'an unknown file system'} · {journal}"),
        Row("reason", m.failure) if m.failure else Row("sandbox", f"{root} · {landlock}"),
    ]
    return Card("λ doctor", note, rows, mood)


def _summary(machine: Machine) -> tuple[str, Mood]:
    if machine.failure:
        return "functions cannot run here", "bad"
    if machine.has_private_root:
        return "functions run, each environment in a root of its own", "good"
    if machine.landlock_version:
        return "functions run, held by Landlock alone", "plain"
    return "functions run, but nothing keeps them from your files and processes", "bad"


def _wrapped(header: Sequence[str], rows: Iterable[Sequence[str]], wide: int, columns: int) -> str:
    """A table in lines of `columns` characters: the column at `wide` has what the others, which are narrow, leave of them."""
    table = [[text if i == wide else _folded(text, _NARROW) for i, text in enumerate(row)] for row in (header, *rows)]
    others = (max(len(line) for row in table for line in row[i].split("\n")) for i in range(len(header)) if i != wide)
    room = max(_LEAST_COLUMNS, columns - sum(width + _GAP for width in others))
    for row in table:
        row[wide] = _folded(row[wide], room)
    return table_text(table[0], table[1:])


def _folded(text: str, width: int) -> str:
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
