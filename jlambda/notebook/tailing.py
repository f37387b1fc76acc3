"""Logs as they are written, printed into the cell that waits: in a notebook and in a terminal alike."""

from __future__ import annotations

import time
from collections.abc import Sequence

from jlambda.service.log_tail import LOOK_S, Tailed
from jlambda.session import Session


def print_events(events: Sequence[Tailed]) -> None:
    """Print the messages of log events."""
    print("\n".join(each.event.message for each in events), flush=True)


def follow(session: Session, function: str | None) -> None:
    """Print what a function logs, or all do, until interrupted, which ends nothing else."""
    print(f"following the log of {function or 'all functions'}: interrupt (Ctrl-C, or the stop button) to end it", flush=True)
    width = 0 if function else max((len(each.name) for each in session.functions()), default=0)
    try:
        with session.tail(function) as tail:
            while session.is_open:
                events = tail.poll()
                if events:
                    print("\n".join(_line(each, width) for each in events), flush=True)
                time.sleep(LOOK_S)
    except KeyboardInterrupt:
        return


def _line(it: Tailed, width: int) -> str:
    at = time.localtime(it.event.timestamp_ms / 1_000)
    whose = f"{it.function:<{width}}  " if width else ""
    return f"{time.strftime('%H:%M:%S', at)}.{it.event.timestamp_ms % 1_000:03d}  {whose}{it.event.message}"
