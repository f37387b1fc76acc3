"""Where results go, and records that were given up, as people write it: ``sqs:QUEUE``, ``s3:BUCKET``, a name. Pure."""

from __future__ import annotations

import re

from jlambda.errors import InvalidParameter
from jlambda.model.arn import Account, check_function_name

#: what may stand for a destination of streams, besides ARNs of the same
STREAM_DESTINATION = r"(arn:[^:]+:(sqs|sns|s3):.+|(sqs|sns|s3):[A-Za-z0-9_.-]+)"


def destination_arn(text: str, account: Account) -> str:
    """The ARN of a destination: of ``sqs:QUEUE``, ``sns:TOPIC``, ``s3:BUCKET``, ``events:BUS``, a function's name, or its own.

    Raises `InvalidParameter` for anything else.
    """
    if re.fullmatch(r"arn:[^:]+:[a-z0-9-]+:[^:]*:[^:]*:.+", text):
        return text
    kind, colon, name = text.partition(":")
    if not colon:
        return account.function_arn(check_function_name(text))
    partition = account.arn("").split(":")[1]
    place = f"arn:{partition}:{kind}:{account.region}:{account.id}:"
    known = {"sqs": place, "sns": place, "s3": f"arn:{partition}:s3:::", "events": f"{place}event-bus/"}
    if kind == "lambda" and name:
        return account.arn(f"function:{name}")
    if kind not in known or not name:
        raise InvalidParameter(
            f"destination {text!r}: use sqs:QUEUE, sns:TOPIC, s3:BUCKET, events:BUS, the name of a function, or an ARN"
        )
    return f"{known[kind]}{name}"


def destination_name(arn: str, account: Account) -> str:
    """A destination as `destination_arn` takes it, as short as it can be said."""
    kind, name = arn.split(":")[2], re.split("[:/]", arn)[-1]
    short = name if kind == "lambda" else f"{kind}:{name}"
    return short if destination_arn(short, account) == arn else arn
