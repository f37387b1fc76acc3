"""Provisioned concurrency: environments of a version or alias that are initialised ahead of need, and kept.

What was asked for is in the store, and holds again when the session is opened again; the scheduler decides what
is begun and stopped for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from jlambda.engine.engine import Engine
from jlambda.errors import InvalidParameter, LambdaError, ProvisionedConcurrencyConfigNotFound, ResourceConflict
from jlambda.model.arn import LATEST
from jlambda.model.limits import MIN_UNRESERVED
from jlambda.service.concurrency import Concurrency
from jlambda.service.control import ControlPlane
from jlambda.service.version import DeployedVersion
from jlambda.store.provisioned import ProvisionedTable, Row

IN_PROGRESS, READY, FAILED = "IN_PROGRESS", "READY", "FAILED"
# What GetProvisionedConcurrencyConfig says of a function that cannot be initialised (recorded on AWS)
INIT_FAILURE = "FUNCTION_ERROR_INIT_FAILURE"


@dataclass(frozen=True, slots=True)
class ProvisionedConcurrency:
    """What was asked for on one version or alias, and how far it is.

    `allocated` environments are initialised, `available` of them not at work; `status` is IN_PROGRESS, READY or FAILED,
    and `reason` then says why; `changed_at` is in seconds since the epoch.
    """

    function: str
    qualifier: str
    requested: int
    allocated: int
    available: int
    status: str
    reason: str
    changed_at: float


class Provisioned:
    """The provisioned concurrency of a session's functions. All methods may be called from any thread."""

    def __init__(
        self,
        table: ProvisionedTable,
        control: ControlPlane,
        reservations: Concurrency,
        engine: Engine,
        account_limit: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._table, self._control, self._reservations, self._engine = table, control, reservations, engine
        self._account_limit, self._now = account_limit, now
        #: called with the name of a function of which something else is asked for now
        self.changed: Callable[[str], None] = lambda _: None
        self._lock = threading.RLock()
        self._rows = {(row.function, row.qualifier): row for row in table.list()}
        #: the version that each one's environments are of
        self._versions: dict[tuple[str, str], DeployedVersion] = {}
        for key in self._rows:
            self._apply(*key)

    def put(self, function: str, qualifier: str | None, concurrency: int) -> ProvisionedConcurrency:
        """Have `concurrency` environments of a version or alias ready. Raises `InvalidParameter`, `ResourceConflict`."""
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise InvalidParameter(f"provisioned concurrency is {concurrency!r}; it must be a whole number, 1 or more")
        with self._lock:
            name = self._control.get(function).name
            if qualifier is None or qualifier == LATEST:
                raise InvalidParameter("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
            self._check_qualifier(name, qualifier)
            if self._control.get(f"{name}:{qualifier}").has_snapshot:
                # https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html, supported features and limitations
                raise InvalidParameter(f"{name}:{qualifier} has SnapStart, and cannot have provisioned concurrency too")
            self._check_room(name, qualifier, concurrency)
            row = Row(name, qualifier, concurrency, self._now())
            self._table.put(row)
            self._rows[name, qualifier] = row
            self._apply(name, qualifier)
        self.changed(name)
        return self._told(row)

    def get(self, function: str, qualifier: str) -> ProvisionedConcurrency:
        """How far one is. Raises `ProvisionedConcurrencyConfigNotFound`."""
        row = self._rows.get((function, qualifier))
        if row is None:
            raise ProvisionedConcurrencyConfigNotFound("No Provisioned Concurrency Config found for this function")
        return self._told(row)

    def list(self, function: str) -> list[ProvisionedConcurrency]:
        """All of a function, by qualifier."""
        return [self._told(row) for key, row in sorted(self._rows.items()) if key[0] == function]

    def delete(self, function: str, qualifier: str) -> None:
        """Take one back; environments at work finish first."""
        with self._lock:
            if self._rows.pop((function, qualifier), None) is not None:
                self._table.delete(function, qualifier)
                self._withdraw(function, qualifier)
        self.changed(function)

    def total(self, function: str) -> int:
        """How many environments of a function are asked for."""
        return sum(row.concurrency for row in self._rows.values() if row.function == function)

    def alias_moved(self, function: str, alias: str) -> None:
        """An alias points to another version, or to none: what is provisioned on it goes along."""
        with self._lock:
            if (function, alias) in self._rows:
                self._withdraw(function, alias)
                if any(each.name == alias for each in self._control.aliases(function)):
                    self._apply(function, alias)
                else:
                    self.delete(function, alias)

    def forget(self, function: str, qualifier: str | None = None) -> None:
        """A function or one of its versions is gone, and what was provisioned on it."""
        with self._lock:
            for key in [key for key in self._rows if key[0] == function and qualifier in (None, key[1])]:
                self._rows.pop(key)
                self._withdraw(*key)
            self._table.delete(function, qualifier)

    def _check_qualifier(self, name: str, qualifier: str) -> None:
        """An alias and its version cannot both have some: they would be the same environments."""
        version = self._control.get(f"{name}:{qualifier}").version
        for other in (key[1] for key in self._rows if key[0] == name and key[1] != qualifier):
            if not qualifier.isdigit() and other == version:
                raise ResourceConflict(
                    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
                )
            if qualifier.isdigit() and not other.isdigit() and self._control.get(f"{name}:{other}").version == version:
                raise ResourceConflict("Version is pointed by a Provisioned Concurrency alias")

    def _check_room(self, name: str, qualifier: str, concurrency: int) -> None:
        before = self._rows.get((name, qualifier))
        total = self.total(name) - (before.concurrency if before else 0) + concurrency
        reserved = self._reservations.reserved(name)
        if reserved is not None:
            if total > reserved:
                raise InvalidParameter(
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
                )
            return
        others = self._reservations.total() + sum(
            row.concurrency
            for row in self._rows.values()
            if row.function != name and self._reservations.reserved(row.function) is None
        )
        left = self._account_limit - others
        if total > left:
            raise InvalidParameter(
                f"Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{left}]."
            )
        if left - total < MIN_UNRESERVED:
            raise InvalidParameter(
                "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
                f"minimum value of [{MIN_UNRESERVED}]."
            )

    def _apply(self, function: str, qualifier: str) -> None:
        """Tell the engine. What cannot be found is kept: the state folder may be older than the code in it."""
        with suppress(LambdaError):
            version = self._control.version(function, self._control.get(f"{function}:{qualifier}").version)
            self._versions[function, qualifier] = version
            self._engine.provision(version, self._rows[function, qualifier].concurrency)

    def _withdraw(self, function: str, qualifier: str) -> None:
        version = self._versions.pop((function, qualifier), None)
        if version is not None:
            self._engine.provision(version, 0)

    def _told(self, row: Row) -> ProvisionedConcurrency:
        version = self._versions.get((row.function, row.qualifier))
        (_, allocated, available), reason = self._engine.allocation(version.key if version else "")
        if reason:
            status, reason = FAILED, f"{INIT_FAILURE} ({reason})"
        else:
            status = READY if allocated >= row.concurrency else IN_PROGRESS
        return ProvisionedConcurrency(
            row.function, row.qualifier, row.concurrency, allocated, available, status, reason, row.changed_at
        )
