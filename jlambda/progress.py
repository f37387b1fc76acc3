"""A progress bar that comes only if there is something to wait for. Knows nothing of what is done."""

from __future__ import annotations

import time
from typing import Any

#: seconds after which a bar shows
_SHOWN_AFTER_S = 2.0


class Progress:
    """A progress bar that comes only if there is something to wait for."""

    def __init__(self, name: str, total: int | None, unit: str = "event") -> None:
        self.done, self.total = 0, total
        #: what is being done, beside the bar
        self.doing = ""
        self._name, self._unit = name, unit
        self._show_at = time.monotonic() + _SHOWN_AFTER_S
        self._bar: Any = None

    def one_more(self) -> None:
        """One more is done."""
        self.done += 1

    def show(self) -> None:
        """Bring the bar up to date, if it is time for one."""
        if self._bar is not None:
            self._bar.total = self.total
            if self.doing:
                self._bar.set_postfix_str(self.doing, refresh=False)
            self._bar.update(self.done - self._bar.n)
        elif time.monotonic() >= self._show_at:
            from tqdm.auto import tqdm

            self._bar = tqdm(desc=self._name, total=self.total, initial=self.done, unit=self._unit)

    def close(self) -> None:
        if self._bar is not None:
            self.show()
            self._bar.close()
