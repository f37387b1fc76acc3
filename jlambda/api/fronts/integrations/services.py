"""Other services of AWS behind a REST API: a request to the session's own endpoint, signed, as the integration's URI says.

``arn:aws:apigateway:REGION:SERVICE:path/…`` asks for a path, ``…:action/NAME`` for an operation.
https://docs.aws.amazon.com/apigateway/latest/developerguide/getting-started-aws-proxy.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode
from xml.etree import ElementTree

from jlambda.model.http.message import HttpResponse

if TYPE_CHECKING:
    from jlambda.api.address import Address

_URI = re.compile(r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+:([a-z0-9.-]+):(path|action)/(.*)")
_FORM = "application/x-www-form-urlencoded"
#: services that boto3 calls otherwise than their addresses do
_NAMES = {"states": "stepfunctions", "monitoring": "cloudwatch", "email": "ses"}


class Asked(NamedTuple):
    """A request that is ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def is_service(uri: str) -> bool:
    """Whether a URI names a service of AWS other than Lambda."""
    found = _URI.fullmatch(uri)
    return found is not None and found[1] != "lambda"


def asked(
    address: Address,
    uri: str,
    method: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
) -> Asked | None:
    """The request that a URI stands for, None for a service that nobody knows."""
    found = _URI.fullmatch(uri)
    if found is None:
        return None
    service, form, rest = found.groups()
    service = service.rpartition(".")[2]  # what stands before a dot is the name of an account's own host
    given, pairs, path = dict(headers), list(query), f"/{rest}"
    if form == "action":
        path, metadata = "/", _metadata(service)
        if metadata is None:
            return None
        spoken = next((value for name, value in given.items() if name.lower() == "content-type"), "")
        given = {name: value for name, value in given.items() if name.lower() != "content-type"}
        if "targetPrefix" in metadata:
            given["Content-Type"] = f"application/x-amz-json-{metadata.get('jsonVersion', '1.0')}"
            given["X-Amz-Target"] = f"{metadata['targetPrefix']}.{rest}"
        else:
            form_fields = urlencode([("Action", rest), ("Version", str(metadata["apiVersion"])), *pairs])
            # a body in another form says nothing to such a service
            body = f"{form_fields}&".encode() + body if spoken == _FORM and body else form_fields.encode()
            given["Content-Type"], pairs = _FORM, []
    url = address.url + path + (f"?{urlencode(pairs)}" if pairs else "")
    return Asked(method, url, address.signed(method, url, body, given, service), body)


def as_json(answer: HttpResponse) -> HttpResponse:
    """An answer in XML as the JSON that services give API Gateway, which asks for that."""
    if "xml" not in (answer.header("content-type") or ""):
        return answer
    try:
        root = ElementTree.fromstring(answer.body)
    except ElementTree.ParseError:
        return answer
    body = json.dumps({_tag(root): _value(root)}, separators=(",", ":")).encode()
    return HttpResponse(answer.status, (("content-type", "application/json"),), body)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _value(element: ElementTree.Element) -> Any:
    if len(element) == 0:
        return element.text or ""
    children = list(element)
    if (len(children) > 1 and len({_tag(each) for each in children}) == 1) or _tag(children[0]) == "member":
        return [_value(each) for each in children]
    return {_tag(each): _value(each) for each in children}


@lru_cache(maxsize=64)
def _metadata(service: str) -> Mapping[str, Any] | None:
    """How a service is spoken to, by its name in signatures."""
    from botocore.exceptions import UnknownServiceError
    from botocore.session import get_session

    try:
        metadata: Mapping[str, Any] = get_session().get_service_model(_NAMES.get(service, service)).metadata
    except UnknownServiceError:
        return None
    return metadata
