"""What the kernel tells of processes: CPU time, memory, descent. Reads /proc; keeps nothing and decides nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_clock(pid: int) -> int:
    """The clock of all CPU time of a process, as clock_getcpuclockid(3) names it."""
    return (~pid << 3) | 2


def _numbers(path: str) -> list[int]:
    """The numbers in a file of the kernel's."""
    fd, parts = os.open(path, os.O_RDONLY), list[bytes]()
    try:
        while part := os.read(fd, 65_536):
            parts.append(part)
    finally:
        os.close(fd)
    return [int(number) for number in b"".join(parts).split()]


def resident(pid: int) -> int:
    """Resident memory of a process in bytes. Raises `OSError` or `IndexError` if it has ended."""
    return _numbers(f"/proc/{pid}/statm")[1] * _PAGE


def resident_bytes(pid: int) -> int:
    """`resident`, 0 if it has ended."""
    try:
        return resident(pid)
    except (OSError, IndexError):
        return 0


def own_bytes(pid: int) -> int:
    """Resident memory of a process without what it shares with others."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Private_"))
    except OSError:
        return 0


def descendants(pid: int) -> Iterator[int]:
    """All descendants of a process."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for task in tasks:
        try:
            found = _numbers(f"/proc/{pid}/task/{task}/children")
        except OSError:
            continue
        for child in found:
            yield child
            yield from descendants(child)


def parent(pid: int) -> int:
    """The parent of a process, 0 if that is gone."""
    try:
        # the name, in brackets, may hold anything: count from its end
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def is_below(pid: int, above: int) -> bool:
    """Whether a process descends from another one."""
    while pid > 1 and pid != above:
        pid = parent(pid)
    return pid == above > 0
