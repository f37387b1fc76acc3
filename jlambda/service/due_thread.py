"""One thread that has what is due carried out, and sleeps until the next thing is.

It decides nothing: what is due, and when the next thing will be, is told by whom it works for. It is there while there is
something to come, begun by whoever wakes it, and follows the session's clock.
"""

from __future__ import annotations

import logging
import threading
from functools import partial

from jlambda.errors import LambdaError
from jlambda.service.clock import Clock, Due

#: it looks at the time at least so often: a machine that was asleep has not counted
LOOK_S = 60.0
#: after a failure it comes again in so many seconds, twice as many each time, at last every `LOOK_S`
_TROUBLE_S = 1.0
_log = logging.getLogger("jlambda")


class DueThread:
    """Carries out what is due of `due`; `what` is what the user reads where that fails: "schedules"."""

    def __init__(self, what: str, due: Due, clock: Clock) -> None:
        self._what, self._due, self._clock = what, due, clock
        self._changed = threading.Condition()
        self._asked = self._done = 0
        self._is_closing = False
        self._thread: threading.Thread | None = None
        clock.listen(lambda _: self.look_again())

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is to be begun."""
        return self._is_closing

    def wake(self) -> None:
        """There is something new: it is looked at once more from here on, by a thread that is started if need be."""
        with self._changed:
            if self._is_closing:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"jlambda-{self._what.replace(' ', '-')}", daemon=True)
                self._thread.start()
            self._asked += 1
            self._changed.notify_all()

    def look_again(self) -> None:
        """It is later than it was, which is nothing to whom has nothing to come."""
        with self._changed:
            if self._thread is not None:
                self.wake()

    def settle(self, timeout_s: float | None = None) -> bool:
        """Wait until all that is due now has been carried out; False if the time was over first."""
        with self._changed:
            if self._thread is None:
                return True
            self.wake()
            mine = self._asked
            self._changed.wait_for(lambda: self._done >= mine or self._is_closing, timeout_s)
            return self._done >= mine

    def leave(self) -> None:
        """The session is about to close: begin nothing more."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread, after what it is at."""
        self.leave()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        failures, told = 0, ""
        while not self._is_closing:
            asked, due_at = self._asked, None
            try:
                self._due.run_due(self._clock.now())
                due_at, failures, told = self._due.next_due(), 0, ""
            except Exception as error:  # whatever it was, it does not end what is due later
                failures += 1
                if str(error) != told and not self._is_closing:
                    told = str(error)
                    _log.warning("%s: %s", self._what, error, exc_info=None if isinstance(error, LambdaError) else error)
            with self._changed:
                self._done = asked
                self._changed.notify_all()
                if self._asked != asked:
                    continue
                if failures:
                    wait_s = _TROUBLE_S * 2 ** min(failures - 1, 10)
                elif due_at is not None:
                    wait_s = due_at - self._clock.now()
                else:
                    self._thread = None
                    return
                if wait_s > 0:
                    self._changed.wait_for(partial(self._has_news_since, asked), min(wait_s, LOOK_S))

    def _has_news_since(self, asked: int) -> bool:
        return self._asked != asked or self._is_closing
