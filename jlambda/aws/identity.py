"""Who a caller is, as STS tells it. A function is its role, assumed by its name, whatever services stand behind."""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4
from xml.sax.saxutils import escape

from jlambda.model.arn import Account
from jlambda.model.exchange import Caller, Reply
from jlambda.model.role import assumed_role_arn

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def caller_identity(caller: Caller, account: Account) -> Reply:
    """The answer to GetCallerIdentity of a function."""
    assert caller.role_arn is not None
    name = caller.function or ""
    arn = assumed_role_arn(caller.role_arn, name, account)
    role_id = "AROA" + sha256(caller.role_arn.encode()).hexdigest()[:17].upper()
    request_id = str(uuid4())
    members = {"Arn": arn, "UserId": f"{role_id}:{name}", "Account": arn.split(":")[4]}
    result = "".join(f"<{member}>{escape(value)}</{member}>" for member, value in members.items())
    body = f'<GetCallerIdentityResponse xmlns="{_NAMESPACE}"><GetCallerIdentityResult>{result}</GetCallerIdentityResult>'
    body += f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    headers = [("content-type", "text/xml"), ("x-amzn-requestid", request_id), ("content-length", str(len(body.encode())))]
    return Reply(200, headers, len(body.encode()), body.encode())
