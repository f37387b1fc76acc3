"""Concurrency of functions: how much of the account's is a function's own. The scheduler holds them to it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from jlambda.engine.engine import Engine
from jlambda.errors import InvalidParameter
from jlambda.model.limits import MIN_UNRESERVED
from jlambda.store.functions import Functions


class Concurrency:
    """Reserved concurrency, kept in the store and told to the engine."""

    def __init__(self, functions: Functions, engine: Engine, account_limit: int) -> None:
        self._functions, self._engine, self._account_limit = functions, engine, account_limit
        self._lock = threading.Lock()
        #: called with the name of a function whose reservation has changed
        self.changed: Callable[[str], None] = lambda _: None
        self._reserved = functions.reserved()
        for name, concurrency in self._reserved.items():
            engine.reserve(name, concurrency)

    def reserved(self, name: str) -> int | None:
        """How many invocations of a function may run at one time whatever others do; None if it takes what there is."""
        return self._reserved.get(name)

    def total(self) -> int:
        """How much of the account's concurrency is reserved, of all functions together."""
        return sum(self._reserved.values())

    def reserve(self, name: str, concurrency: int | None, provisioned: int = 0) -> None:
        """Give a function its own part of the account's concurrency, 0 to switch it off; None takes it back.

        Raises `InvalidParameter` where less than 100 would be left to all the others, or less would be reserved than
        the function has `provisioned`.
        """
        with self._lock:
            if concurrency is not None:
                if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 0:
                    raise InvalidParameter(f"reserved concurrency is {concurrency!r}; it must be a whole number, 0 or more")
                if concurrency < provisioned:
                    raise InvalidParameter(
                        f" ReservedConcurrentExecutions  {concurrency} should not be lower than function's total provisioned "
                        f"concurrency [{provisioned}]."
                    )
                others = sum(reserved for function, reserved in self._reserved.items() if function != name)
                most = self._account_limit - MIN_UNRESERVED - others
                if concurrency > max(most, 0):
                    raise InvalidParameter(
                        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                        f"below its minimum value of [{MIN_UNRESERVED}].",
                        f"at most {max(most, 0)} can be reserved now",
                    )
            self._functions.reserve(name, concurrency)
            self.forget(name)
            if concurrency is not None:
                self._reserved[name] = concurrency
                self._engine.reserve(name, concurrency)
        self.changed(name)

    def forget(self, name: str) -> None:
        """A function is gone, and its reservation with it."""
        if self._reserved.pop(name, None) is not None:
            self._engine.reserve(name, None)
