"""The target groups that a session's Elastic Load Balancing holds, as far as they lead to functions."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, NamedTuple

from jlambda.api.fronts.kept import Kept
from jlambda.errors import LambdaError
from jlambda.model.arn import parse_reference

if TYPE_CHECKING:
    from jlambda.session import Session

_SERVICE = "elasticloadbalancing"
_MULTI_VALUES = "lambda.multi_value_headers.enabled"


class TargetGroup(NamedTuple):
    """A target group: its ARN, the qualifier of its function, and whether headers and parameters come in lists."""

    arn: str
    qualifier: str | None
    has_multi_values: bool


class TargetGroups:
    """The target groups of one session."""

    def __init__(self, session: Session, pool: Executor) -> None:
        self._session = session
        self._kept = Kept(session, pool, _SERVICE, self._read)

    async def find(self, function: str) -> TargetGroup | None:
        """The group that leads to a function, the first of several; None where there is none. Starts no services for that."""
        return (await self._kept.get()).get(function)

    def _read(self, _: str) -> dict[str, TargetGroup]:
        if not self._session.services.has_written(_SERVICE):
            return {}
        client: Any = self._session.client("elbv2")
        found: dict[str, TargetGroup] = {}
        for group in client.describe_target_groups()["TargetGroups"]:
            if group.get("TargetType") != "lambda":
                continue
            arn = group["TargetGroupArn"]
            attributes = client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
            is_multiple = any(each["Key"] == _MULTI_VALUES and each["Value"] == "true" for each in attributes)
            for target in client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]:
                try:
                    name, qualifier = parse_reference(target["Target"]["Id"], self._session.account)
                except LambdaError:
                    continue  # another account's, or none
                found.setdefault(name, TargetGroup(arn, qualifier, is_multiple))
        return found
