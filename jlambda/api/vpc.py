"""The network that a function is to be attached to: its subnets and security groups are looked up in the session's EC2.

A function here reaches what its process reaches, whatever its subnets; that they are there is checked as on AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jlambda.api.requests import Values
from jlambda.errors import InvalidParameter

if TYPE_CHECKING:
    from jlambda.session import Session

Found = list[dict[str, Any]]


def in_vpc(session: Session, given: Values) -> Values:
    """A request of CreateFunction or UpdateFunctionConfiguration, with the VPC that its subnets are in.

    Raises `InvalidParameter` where one of them, or of its security groups, is not there.
    """
    vpc = given.get("VpcConfig") or {}
    subnets, groups = vpc.get("SubnetIds") or [], vpc.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        raise InvalidParameter("SubnetIds and SecurityIds must coexist or be both empty list.")
    if not subnets:
        return given
    ec2 = session.client("ec2")
    try:
        found = ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": subnets}])["Subnets"]
        _check(found, subnets, "DescribeSubnets", "SubnetId", "InvalidSubnetID.NotFound", "subnet ID")
        allowed = ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": groups}])["SecurityGroups"]
        _check(allowed, groups, "DescribeSecurityGroups", "GroupId", "InvalidGroup.NotFound", "security group")
    finally:
        ec2.close()
    return {**given, "VpcConfig": {**vpc, "VpcId": found[0]["VpcId"]}}


def _check(found: Found, wanted: Sequence[str], operation: str, member: str, code: str, kind: str) -> None:
    there = {each[member] for each in found}
    for each in wanted:
        if each not in there:
            message = f"The {kind} '{each}' does not exist"
            raise InvalidParameter(f"Error occurred while {operation}. EC2 Error Code: {code}. EC2 Error Message: {message}")
