"""Resource-based policies: who may use a function or a layer version. Builds and reads AWS's documents; enforces nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jlambda.errors import InvalidParameter, PolicyLengthExceeded

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
POLICY_BYTES = 20_480

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ARN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:.+", re.ASCII)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com|internal|alexa\.com)", re.ASCII)

#: what a permission may depend on, by the member of AddPermission: the operator and the key of its condition
_CONDITIONS = {
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "OrganizationId": ("StringEquals", "aws:PrincipalOrgID"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
}

Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of one resource, and the revision that it is at. `id` and `version` are members of its document."""

    statements: tuple[Statement, ...]
    revision_id: str
    id: str | None = "default"
    version: str = "2012-10-17"

    def document(self) -> str:
        """The policy as AWS shows it: JSON in one line."""
        identity = {} if self.id is None else {"Id": self.id}
        return compact({"Version": self.version, **identity, "Statement": list(self.statements)})

    def has(self, statement_id: str) -> bool:
        """Whether a statement has this id."""
        return any(statement.get("Sid") == statement_id for statement in self.statements)

    def checked(self) -> Policy:
        """This policy if it is not too long, else a `PolicyLengthExceeded`."""
        size = len(self.document().encode())
        if size > POLICY_BYTES:
            raise PolicyLengthExceeded(f"The final policy size ({size}) is bigger than the limit ({POLICY_BYTES}).")
        return self


def permission(statement_id: str, action: str, principal: str, resource: str, conditions: Mapping[str, Any]) -> Statement:
    """The statement that AddPermission makes; `conditions` are members of its request. Raises `InvalidParameter`."""
    made: dict[str, Any] = {
        "Sid": statement_id,
        "Effect": "Allow",
        "Principal": _principal(principal, resource.split(":")[1]),
        "Action": action,
        "Resource": resource,
    }
    found: dict[str, dict[str, str]] = {}
    for member, (operator, key) in _CONDITIONS.items():
        value = conditions.get(member)
        if value is not None:
            found.setdefault(operator, {})[key] = str(value).lower() if isinstance(value, bool) else value
    return {**made, "Condition": found} if found else made


def read_policy(text: str, revision_id: str) -> Policy:
    """A whole policy as its owner wrote it. Raises `InvalidParameter` and `PolicyLengthExceeded`."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidParameter(f"The policy is not JSON: {error}") from None
    except RecursionError:
        raise InvalidParameter("The policy is not JSON that can be read: it is nested too deep") from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements or not all(map(_is_statement, statements)):
        raise InvalidParameter("The policy needs a Statement: a list of objects with Effect, Principal and Action")
    version, identity = document.get("Version", "2012-10-17"), document.get("Id")
    if version not in ("2012-10-17", "2008-10-17") or not isinstance(identity, str | None):
        raise InvalidParameter("The policy's Version is 2012-10-17 or 2008-10-17, and its Id is text")
    return Policy(tuple(statements), revision_id, identity, version).checked()


def compact(value: object) -> str:
    """JSON without a space."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _is_statement(value: object) -> bool:
    return isinstance(value, dict) and value.get("Effect") in ("Allow", "Deny") and {"Principal", "Action"} <= value.keys()


def _principal(text: str, partition: str) -> str | dict[str, str]:
    if text == "*":
        return text
    if _ACCOUNT.fullmatch(text):
        return {"AWS": f"arn:{partition}:iam::{text}:root"}
    if _ARN.fullmatch(text):
        return {"AWS": text}
    if _SERVICE.fullmatch(text):
        return {"Service": text}
    raise InvalidParameter("The provided principal was invalid. Please check the principal and try again.")
