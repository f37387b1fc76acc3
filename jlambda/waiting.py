"""Wait until a session has nothing more to do, and say what there is to wait for.

That is asynchronous events, and what queues and streams with enabled event source mappings hold.
"""

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
#: how often queues and streams are looked at
_LOOK_S = 0.05
#: after so long it is said which of them are waited for
_SAID_AFTER_S = 5.0
#: so many looks in a row find nothing
_RESTS = 2


def wait(session: Session, timeout: float | str | timedelta | None = None) -> bool:
    """Wait until nothing of a session is pending; False if `timeout` (real seconds, "2 minutes") was over first."""
    deadline = None if timeout is None else time.monotonic() + seconds_of(timeout)
    progress, most, told = Progress("events", None), 0, 0.0
    behind_told: set[str] = set()
    session.polling.wake()  # of an endpoint elsewhere nobody tells what was written
    began, rests = time.monotonic(), 0
    try:
        while True:
            left_s = math.inf if deadline is None else max(0.0, deadline - time.monotonic())
            are_over, behind = session.queue.wait(min(left_s, _TICK_S)), session.polling.behind()
            # what is over in the one may have begun something in the other
            rests = rests + 1 if are_over and not behind else 0
            if rests == _RESTS:
                progress.done = most
                return True
            if not left_s:
                return False
            if rests:
                continue
            pending, counts = session.queue.pending, session.queue.counts()
            left = pending + sum(each.records for each in behind)
            most = max(most, left)
            progress.done, progress.total = most - left, most
            progress.show()
            if time.monotonic() > began + _SAID_AFTER_S:
                for each in behind:
                    if each.source not in behind_told:
                        behind_told.add(each.source)
                        print(f"waiting for what {each.kind}:{each.source} holds ({each.records} not done)")
            due, now = session.queue.next_due(), session.clock.now()
            retries, sendings = counts.get("retrying", 0), counts.get("delivering", 0)
            if pending and retries + sendings == pending and due is not None and due > max(told, now + 1):
                told = due
                print(_what_waits(retries, sendings, due - now))
            if are_over:
                time.sleep(min(left_s, _LOOK_S))
    finally:
        progress.close()


def _what_waits(retries: int, sendings: int, due_in_s: float) -> str:
    told = [f"{retries} event{'' if retries == 1 else 's'} to be tried again"] if retries else []
    told += [f"{sendings} result{'' if sendings == 1 else 's'} to be sent again"] if sendings else []
    at_once = f"jlambda.clock.advance({math.ceil(due_in_s)}) gets there at once"
    return f"waiting for {' and '.join(told)}, the next in {span_text(due_in_s)}: {at_once}"
