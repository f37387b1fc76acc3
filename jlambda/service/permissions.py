"""Resource-based policies of functions, versions, aliases and layer versions. Kept and shown, not enforced here."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from jlambda.errors import InvalidParameter, ResourceConflict, ResourceNotFound
from jlambda.model.arn import LATEST, Account
from jlambda.model.layer import layer_arn, parse_layer
from jlambda.model.policy import Policy, Statement, permission, read_policy
from jlambda.service.layers import Layers
from jlambda.service.revision import check_revision, new_revision
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources


class _Place(NamedTuple):
    """Where a policy is kept: at a function and one of its qualifiers, or at a layer and one of its versions."""

    owner: str
    key: str = ""


class Permissions:
    """The policies of one session. Each function, version, alias and layer version has its own."""

    def __init__(self, database: Database, targets: Targets, layers: Layers, account: Account, lock: threading.RLock) -> None:
        self._targets, self._layers, self._account, self._lock = targets, layers, account, lock
        self._policies = Resources(database, "policy", Policy)

    # -- functions -----------------------------------------------------------------------------------------------------

    def add(self, reference: str, qualifier: str | None, request: Mapping[str, Any]) -> Statement:
        """Add a statement to the policy of a function, version or alias; `request` has the members of AddPermission.

        Raises `ResourceNotFound`, `ResourceConflict`, `PreconditionFailed`, `InvalidParameter`, `PolicyLengthExceeded`.
        """
        with self._lock:
            name, qualifier = self._targets.parse(reference, qualifier)
            if qualifier == LATEST:
                raise InvalidParameter("We currently do not support adding policies for $LATEST.")
            self._targets.check(name, qualifier)
            arn = self._account.function_arn(name, qualifier)
            made = permission(request["StatementId"], request["Action"], request["Principal"], arn, request)
            self._add(_at_function(name, qualifier), made, request.get("RevisionId"), "GetPolicy")
            return made

    def get(self, reference: str, qualifier: str | None = None) -> Policy:
        """The policy of a function, version or alias. Raises `ResourceNotFound`, also where there is none."""
        name, qualifier = self._targets.parse(reference, qualifier)
        found = self._policies.get(*_at_function(name, qualifier))
        if found is None:
            raise ResourceNotFound("The resource you requested does not exist.")
        return found

    def remove(self, reference: str, qualifier: str | None, statement_id: str, revision_id: str | None = None) -> None:
        """Take a statement out of a policy. Raises `ResourceNotFound` and `PreconditionFailed`."""
        with self._lock:
            name, qualifier = self._targets.parse(reference, qualifier)
            if not self._targets.has(name):
                raise ResourceNotFound(f"No policy found for: {self._account.function_arn(name, qualifier)}")
            self._remove(_at_function(name, qualifier), statement_id, revision_id, "GetPolicy")

    # -- layer versions ------------------------------------------------------------------------------------------------

    def add_to_layer(self, layer: str, version: int, request: Mapping[str, Any]) -> tuple[Statement, str]:
        """Add a statement to a layer version's policy: the statement, and the policy's revision.

        `request` has the members of AddLayerVersionPermission. Raises as `add` does.
        """
        with self._lock:
            place, arn = self._at_layer(layer, version)
            made = permission(request["StatementId"], request["Action"], request["Principal"], arn, request)
            return made, self._add(place, made, request.get("RevisionId"), "GetLayerPolicy").revision_id

    def get_of_layer(self, layer: str, version: int) -> Policy:
        """The policy of a layer version. Raises `ResourceNotFound`, also where there is none."""
        found = self._policies.get(*self._at_layer(layer, version)[0])
        if found is None:
            raise ResourceNotFound("No policy is associated with the given resource.")
        return found

    def remove_from_layer(self, layer: str, version: int, statement_id: str, revision_id: str | None = None) -> None:
        """Take a statement out of a layer version's policy. Raises `ResourceNotFound` and `PreconditionFailed`."""
        with self._lock:
            self._remove(self._at_layer(layer, version)[0], statement_id, revision_id, "GetLayerPolicy")

    # -- whole policies, by the ARN of what they belong to -----------------------------------------------------------------

    def put_policy(self, arn: str, text: str, revision_id: str | None = None) -> Policy:
        """Give a function, version, alias or layer version this policy in place of what it had. Raises as `add` does."""
        with self._lock:
            place = self._at(arn)
            check_revision(revision_id, _revision(self._policies.get(*place)), "GetResourcePolicy")
            return self._policies.put(read_policy(text, new_revision()), *place)

    def policy(self, arn: str) -> Policy:
        """The policy of a function, version, alias or layer version. Raises `ResourceNotFound`, also where there is none."""
        found = self._policies.get(*self._at(arn))
        if found is None:
            raise ResourceNotFound("The resource you requested does not exist.")
        return found

    def delete_policy(self, arn: str, revision_id: str | None = None) -> None:
        """Delete a policy. Raises `ResourceNotFound`, also where there is none, and `PreconditionFailed`."""
        with self._lock:
            found = self.policy(arn)
            check_revision(revision_id, found.revision_id, "GetResourcePolicy")
            self._policies.delete(*self._at(arn))

    # -- parts of them all -------------------------------------------------------------------------------------------------

    def _at(self, arn: str) -> _Place:
        if ":layer:" in arn:
            return self._at_layer(arn, parse_layer(arn, self._account).version or 0)[0]
        name, qualifier = self._targets.parse(arn, None)
        if qualifier == LATEST:
            raise InvalidParameter("We currently do not support adding policies for $LATEST.")
        self._targets.check(name, qualifier)
        return _at_function(name, qualifier)

    def _at_layer(self, layer: str, version: int) -> tuple[_Place, str]:
        name, _, region, account = parse_layer(layer, self._account)
        arn = layer_arn(Account(account, region), name, version)
        is_ours = (account, region) == (self._account.id, self._account.region)
        if not is_ours or self._layers.find(name, version) is None:
            raise ResourceNotFound(f"Layer version {arn} does not exist.")
        return _Place(f"layer:{name}", str(version)), arn

    def _add(self, place: _Place, made: Statement, revision_id: str | None, how: str) -> Policy:
        before = self._policies.get(*place)
        if before is not None and before.has(made["Sid"]):
            raise ResourceConflict(
                f"The statement id ({made['Sid']}) provided already exists. Please provide a new statement id, or remove the "
                "existing statement."
            )
        check_revision(revision_id, _revision(before), how)
        statements = (*before.statements, made) if before else (made,)
        made_policy = replace(before or Policy((), ""), statements=statements, revision_id=new_revision())
        return self._policies.put(made_policy.checked(), *place)

    def _remove(self, place: _Place, statement_id: str, revision_id: str | None, how: str) -> None:
        before = self._policies.get(*place)
        if before is None or not before.has(statement_id):
            raise ResourceNotFound(f"Statement {statement_id} is not found in resource policy.")
        check_revision(revision_id, _revision(before), how)
        left = tuple(statement for statement in before.statements if statement.get("Sid") != statement_id)
        if left:
            self._policies.put(replace(before, statements=left, revision_id=new_revision()), *place)
        else:
            self._policies.delete(*place)


def _at_function(name: str, qualifier: str | None) -> _Place:
    return _Place(f"function:{name}", qualifier or "")


def _revision(policy: Policy | None) -> str | None:
    return policy.revision_id if policy else None
