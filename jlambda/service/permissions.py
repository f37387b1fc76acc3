"""Resource-based policies of functions, versions, aliases and layer versions. Kept, shown, and asked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from jlambda.errors import InvalidParameter, ResourceConflict, ResourceNotFound
from jlambda.model.access import Question, verdict
from jlambda.model.arn import LATEST, Account
from jlambda.model.layer import layer_arn, parse_layer
from jlambda.model.policy import Policy, Statement, permission, read_policy
from jlambda.service.layers import Layers
from jlambda.service.revision import Revisions, check_revision, new_revision
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources


class _Place(NamedTuple):
    """Where a policy is kept: at a function and one of its qualifiers, or at a layer and one of its versions.

    `function` is the name of the former, None for a layer.
    """

    owner: str
    key: str = ""
    function: str | None = None


class Permissions:
    """The policies of one session. Each function, version, alias and layer version has its own.

    A policy of one of the former three is at the revision of what it belongs to; a change of it is one of both.
    """

    def __init__(
        self,
        database: Database,
        targets: Targets,
        layers: Layers,
        account: Account,
        lock: threading.RLock,
        revisions: Revisions,
    ) -> None:
        self._targets, self._layers, self._account, self._lock = targets, layers, account, lock
        self._revisions = revisions
        self._policies = Resources(database, "policy", Policy)
        self._database = database
        self._kept: dict[tuple[str, str | None], tuple[Statement, ...]] = {}
        self._as_of = -1

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
        found = self._found(_at_function(name, qualifier))
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

    def lets_service(self, service: str, name: str, qualifier: str | None, source_arn: str) -> bool:
        """Whether the policy lets a service of AWS (``apigateway.amazonaws.com``) invoke a function, version or alias.

        `source_arn` is that on whose behalf it asks: a route, a target group.
        """
        keys = {"aws:sourcearn": source_arn, "aws:sourceaccount": self._account.id}
        arn = self._account.function_arn(name, qualifier)
        question = Question(service, "lambda:InvokeFunction", arn, keys)
        return verdict(self._statements(name, qualifier), question) is True

    def _statements(self, name: str, qualifier: str | None) -> tuple[Statement, ...]:
        """The statements of a policy, kept until something is changed."""
        if self._as_of != (changes := self._database.changes):
            self._kept, self._as_of = {}, changes
        found = self._kept.get((name, qualifier))
        if found is None:
            place = _at_function(name, qualifier)
            policy = self._policies.get(place.owner, place.key)
            found = self._kept[name, qualifier] = policy.statements if policy is not None else ()
        return found

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
        found = self._found(self._at_layer(layer, version)[0])
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
            check_revision(revision_id, self._revision(place), "GetResourcePolicy")
            return self._put(place, read_policy(text, ""))

    def policy(self, arn: str) -> Policy:
        """The policy of a function, version, alias or layer version. Raises `ResourceNotFound`, also where there is none."""
        found = self._found(self._at(arn))
        if found is None:
            raise ResourceNotFound("The resource you requested does not exist.")
        return found

    def delete_policy(self, arn: str, revision_id: str | None = None) -> None:
        """Delete a policy. Raises `ResourceNotFound`, also where there is none, and `PreconditionFailed`."""
        with self._lock:
            check_revision(revision_id, self.policy(arn).revision_id, "GetResourcePolicy")
            self._delete(self._at(arn))

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
        before = self._found(place)
        if before is not None and before.has(made["Sid"]):
            raise ResourceConflict(
                f"The statement id ({made['Sid']}) provided already exists. Please provide a new statement id, or remove the "
                "existing statement."
            )
        check_revision(revision_id, self._revision(place), how)
        statements = (*before.statements, made) if before else (made,)
        return self._put(place, replace(before or Policy((), ""), statements=statements))

    def _remove(self, place: _Place, statement_id: str, revision_id: str | None, how: str) -> None:
        before = self._found(place)
        if before is None or not before.has(statement_id):
            raise ResourceNotFound(f"Statement {statement_id} is not found in resource policy.")
        check_revision(revision_id, before.revision_id, how)
        left = tuple(statement for statement in before.statements if statement.get("Sid") != statement_id)
        if left:
            self._put(place, replace(before, statements=left))
        else:
            self._delete(place)

    def _found(self, place: _Place) -> Policy | None:
        found = self._policies.get(place.owner, place.key)
        return replace(found, revision_id=self._revision(place) or "") if found and place.function else found

    def _revision(self, place: _Place) -> str | None:
        """The revision that a change must have in mind."""
        if place.function is not None:
            return self._revisions.present(place.function, place.key or None)
        found = self._policies.get(place.owner, place.key)
        return found.revision_id if found else None

    def _put(self, place: _Place, policy: Policy) -> Policy:
        policy = replace(policy.checked(), revision_id=self._renewed(place))
        return self._policies.put(policy, place.owner, place.key)

    def _delete(self, place: _Place) -> None:
        self._policies.delete(place.owner, place.key)
        self._renewed(place)

    def _renewed(self, place: _Place) -> str:
        if place.function is None:
            return new_revision()
        return self._revisions.renew(place.function, place.key or None)


def _at_function(name: str, qualifier: str | None) -> _Place:
    return _Place(f"function:{name}", qualifier or "", name)
