"""Events and results of a function that is the target of an Application Load Balancer.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

from jlambda.model.http.message import (
    HttpRequest,
    HttpResponse,
    MalformedResult,
    Members,
    checked_fields,
    checked_status,
    header_items,
    joined,
    listed,
    multi_header_items,
)
from jlambda.model.http.payload_2 import event_body
from jlambda.model.http.result import read_body, read_json

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html: what a request's body and a
# result may have
BODY_BYTES = RESULT_BYTES = 1_048_576


def event(request: HttpRequest, target_group_arn: str, *, has_multi_values: bool = False) -> Members:
    """The event of a request; `has_multi_values` is the target group's attribute lambda.multi_value_headers.enabled.

    Parameters of the query are passed on as they came, percent-encoded.
    """
    body, is_base64 = event_body(request)
    split = [part.partition("=") for part in request.query.split("&") if part]
    pairs = [(name, value) for name, _, value in split]
    headers = [(name.lower(), value) for name, value in request.headers]
    made: Members = {
        "requestContext": {"elb": {"targetGroupArn": target_group_arn}},
        "httpMethod": request.method,
        "path": request.path,
    }
    if has_multi_values:
        made |= {"multiValueQueryStringParameters": listed(pairs), "multiValueHeaders": listed(headers)}
    else:  # the last value of a query's parameter counts
        made |= {"queryStringParameters": dict(pairs), "headers": joined(headers)}
    return {**made, "body": body or "", "isBase64Encoded": is_base64}


def response(payload: bytes, *, has_multi_values: bool = False) -> HttpResponse:
    """The response that a function's result stands for. Raises `MalformedResult`."""
    if len(payload) > RESULT_BYTES:
        raise MalformedResult(f"the result has {len(payload)} bytes; a load balancer takes {RESULT_BYTES}")
    result = read_json(payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        raise MalformedResult("the result must be an object with a statusCode")
    if has_multi_values:
        fields = checked_fields(list(multi_header_items(result.get("multiValueHeaders"), "multiValueHeaders")))
    else:
        fields = checked_fields(list(header_items(result.get("headers"), "headers")))
    if not any(name.lower() == "content-type" for name, _ in fields):
        fields = (("content-type", "application/octet-stream"), *fields)
    return HttpResponse(checked_status(result["statusCode"]), fields, read_body(result, takes_any=False))
