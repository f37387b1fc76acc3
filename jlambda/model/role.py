"""Execution roles: their names and ARNs, and the credentials that a function has by its role. Values only."""

from __future__ import annotations

import re
from typing import NamedTuple

from jlambda.errors import InvalidParameter
from jlambda.model.arn import Account

#: the role of functions that name none
DEFAULT_ROLE = "lambda-role"
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html, Role, and API_CreateRole.html of IAM, RoleName
_ARN = re.compile(r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_NAME = re.compile(r"[a-zA-Z_0-9+=,.@\-]{1,64}")


class Credentials(NamedTuple):
    """A temporary access key, good only with its token."""

    id: str
    secret: str
    token: str

    def __repr__(self) -> str:
        return f"<Credentials {self.id}>"


def partition(account: Account) -> str:
    """The partition that an account's region is in: ``aws``, ``aws-cn`` …"""
    return account.arn("").split(":")[1]


def role_arn(role: str, account: Account) -> str:
    """The ARN of a role that is given by name or by ARN. Raises `InvalidParameter`."""
    if isinstance(role, str) and _NAME.fullmatch(role):
        return f"arn:{partition(account)}:iam::{account.id}:role/{role}"
    if isinstance(role, str) and _ARN.fullmatch(role):
        return role
    raise InvalidParameter(f"role {role!r}: use its name, at most 64 letters, digits and +=,.@-_, or its ARN")


def assumed_role_arn(role: str, session: str, account: Account) -> str:
    """The ARN of whoever has assumed the role with the ARN `role`, as STS tells it."""
    owner = role.split(":")[4] or account.id
    return f"arn:{partition(account)}:sts::{owner}:assumed-role/{role.rpartition('/')[2]}/{session}"
