"""Wait until the asynchronous events of a session are over, and say what there is to wait for."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from jlambda.model.duration import seconds_of, span_text
from jlambda.progress import Progress

if TYPE_CHECKING:
    from jlambda.session import Session

#: how often the progress bar is brought up to date
_TICK_S = 0.2


def wait(session: Session, timeout: float | str | timedelta | None = None) -> bool:
    """Wait until no event of a session is pending; False if `timeout` (real seconds, "2 minutes") was over first."""
    deadline = None if timeout is None else time.monotonic() + seconds_of(timeout)
    progress, most, told = Progress("asynchronous events", None), 0, 0.0
    try:
        while True:
            left_s = math.inf if deadline is None else max(0.0, deadline - time.monotonic())
            if session.queue.wait(min(left_s, _TICK_S)):
                progress.done = most
                return True
            if not left_s:
                return False
            pending, counts = session.queue.pending, session.queue.counts()
            most = max(most, pending)
            progress.done, progress.total = most - pending, most
            progress.show()
            due, now = session.queue.next_due(), session.clock.now()
            retries, sendings = counts.get("retrying", 0), counts.get("delivering", 0)
            if retries + sendings == pending and due is not None and due > max(told, now + 1):
                told = due
                print(_what_waits(retries, sendings, due - now))
    finally:
        progress.close()


def _what_waits(retries: int, sendings: int, due_in_s: float) -> str:
    told = [f"{retries} event{'' if retries == 1 else 's'} to be tried again"] if retries else []
    told += [f"{sendings} result{'' if sendings == 1 else 's'} to be sent again"] if sendings else []
    at_once = f"jlambda.clock.advance({math.ceil(due_in_s)}) gets there at once"
    return f"waiting for {' and '.join(told)}, the next in {span_text(due_in_s)}: {at_once}"
