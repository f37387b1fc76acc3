"""Names, qualifiers and ARNs of functions."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.model.limits import FUNCTION_NAME_CHARS

LATEST = "$LATEST"

_NAME = re.compile(rf"[A-Za-z0-9_-]{{1,{FUNCTION_NAME_CHARS}}}")
# https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html, Qualifier: no alias has a $, but one may be asked for
_QUALIFIER = re.compile(r"[A-Za-z0-9_$-]{1,128}")
_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, FunctionName
_REFERENCE = re.compile(
    r"(?:(?:arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):)?(?P<account>\d{12}):function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>[A-Za-z0-9_$-]+))?",
    re.ASCII,
)


class Account(NamedTuple):
    """The AWS account and region that a session plays."""

    id: str = "123456789012"
    region: str = "us-east-1"

    def arn(self, resource: str) -> str:
        """The ARN of a resource of Lambda's: ``function:hello``, ``layer:tools:3``."""
        return f"arn:{_partition(self.region)}:lambda:{self.region}:{self.id}:{resource}"

    def function_arn(self, name: str, qualifier: str | None = None) -> str:
        """The ARN of a function, or of one of its versions or aliases."""
        return self.arn(f"function:{name}:{qualifier}" if qualifier else f"function:{name}")

    def checked(self) -> Account:
        """This account if AWS could have it, else an `InvalidParameter` in one line."""
        if not isinstance(self.id, str) or not _ACCOUNT_ID.fullmatch(self.id):
            raise InvalidParameter(f"account {self.id!r}: use 12 digits, as text")
        if not isinstance(self.region, str) or not _REGION.fullmatch(self.region):
            raise InvalidParameter(f"region {self.region!r}: use an AWS region such as us-east-1")
        return self


class FunctionReference(NamedTuple):
    """A function as a caller named it: the qualifier is None where none was given."""

    name: str
    qualifier: str | None = None


def check_function_name(name: str) -> str:
    """`name` if Lambda takes it, else an `InvalidParameter` that says what is allowed."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidParameter(f"function name {name!r}: use 1 to {FUNCTION_NAME_CHARS} letters, digits, - and _")
    return name


def parse_reference(text: str, account: Account) -> FunctionReference:
    """Take a name, ``name:qualifier``, partial or full ARN apart.

    Raises `InvalidParameter` for text that is none of these and `ResourceNotFound` for another account or region.
    """
    if not isinstance(text, str):
        raise InvalidParameter(f"{text!r} is neither a function name, NAME:QUALIFIER nor a function ARN")
    return _parsed(text, account)


@lru_cache(maxsize=1_024)
def _parsed(text: str, account: Account) -> FunctionReference:
    found = _REFERENCE.fullmatch(text)
    if not found:
        raise InvalidParameter(f"{text!r} is neither a function name, NAME:QUALIFIER nor a function ARN")
    if found["region"] and found["region"] != account.region:
        raise ResourceNotFound(f"Functions from '{found['region']}' are not reachable in this region ('{account.region}')")
    if found["account"] and found["account"] != account.id:
        raise ResourceNotFound(f"Functions of account {found['account']} are not reachable from this account ({account.id})")
    qualifier = found["qualifier"]
    return FunctionReference(check_function_name(found["name"]), None if qualifier is None else check_qualifier(qualifier))


def check_qualifier(qualifier: str) -> str:
    """`qualifier` if it can name a version or an alias, else an `InvalidParameter` that says what is allowed."""
    if not _QUALIFIER.fullmatch(qualifier):
        raise InvalidParameter(f"qualifier {qualifier!r}: use a version number, an alias (at most 128 characters) or $LATEST")
    return qualifier


def _partition(region: str) -> str:
    """The part of AWS that a region is in."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
