"""Settings of functions that the API keeps and shows: recursion, updates of the runtime, scaling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jlambda.errors import InvalidParameter
from jlambda.model.arn import LATEST, Account
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources


@dataclass(frozen=True, slots=True)
class RuntimeManagement:
    """When a function takes a new version of its runtime; the ARN is there if it never does."""

    update_on: str = "Auto"
    version_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Scaling:
    """How many environments a function asks for, at least and at most; None where nothing was said."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class _Recursion:
    loop: str = "Terminate"


class FunctionSettings:
    """What the functions of one session have of these. Raises `ResourceNotFound` for a function that is not there."""

    def __init__(self, database: Database, targets: Targets, account: Account) -> None:
        self._targets, self._account = targets, account
        self._recursion = Resources(database, "recursion", _Recursion)
        self._runtime = Resources(database, "runtime-management", RuntimeManagement)
        self._scaling = Resources(database, "scaling", Scaling)

    def recursion(self, reference: str) -> str:
        """Allow, or Terminate: what becomes of a function that calls itself in a circle."""
        return (self._recursion.get(self._owner(reference)) or _Recursion()).loop

    def put_recursion(self, reference: str, loop: str) -> str:
        """Say what becomes of a function that calls itself in a circle."""
        return self._recursion.put(_Recursion(loop), self._owner(reference)).loop

    def runtime_management(self, reference: str, qualifier: str | None = None) -> tuple[str, RuntimeManagement]:
        """The ARN of a function or version, and when it takes a new version of its runtime."""
        name, key = self._version(reference, qualifier)
        return self._account.function_arn(name, key), self._runtime.get(f"function:{name}", key) or RuntimeManagement()

    def put_runtime_management(
        self, reference: str, qualifier: str | None, request: Mapping[str, Any]
    ) -> tuple[str, RuntimeManagement]:
        """Say when a function or version takes a new version of its runtime; `request` is that of the API."""
        name, key = self._version(reference, qualifier)
        update_on, version_arn = request["UpdateRuntimeOn"], request.get("RuntimeVersionArn")
        if (update_on == "Manual") != (version_arn is not None):
            raise InvalidParameter("RuntimeVersionArn: give it if UpdateRuntimeOn is Manual, and only then")
        kept = self._runtime.put(RuntimeManagement(update_on, version_arn), f"function:{name}", key)
        return self._account.function_arn(name, key), kept

    def scaling(self, reference: str, qualifier: str) -> tuple[str, Scaling]:
        """The ARN of a function or version, and how many environments it asks for."""
        name, key = self._version(reference, qualifier)
        return self._account.function_arn(name, key), self._scaling.get(f"function:{name}", key) or Scaling()

    def put_scaling(self, reference: str, qualifier: str, request: Mapping[str, Any]) -> Scaling:
        """Say how many environments a function or version asks for; `request` is that of the API."""
        name, key = self._version(reference, qualifier)
        given = request.get("FunctionScalingConfig") or {}
        made = Scaling(given.get("MinExecutionEnvironments"), given.get("MaxExecutionEnvironments"))
        if made.least is not None and made.most is not None and made.least > made.most:
            raise InvalidParameter("MinExecutionEnvironments is greater than MaxExecutionEnvironments")
        return self._scaling.put(made, f"function:{name}", key)

    def _owner(self, reference: str) -> str:
        return f"function:{self._targets.unqualified(reference)}"

    def _version(self, reference: str, qualifier: str | None) -> tuple[str, str]:
        name, found = self._targets.parse(reference, qualifier)
        self._targets.check(name, found)
        return name, found or LATEST
