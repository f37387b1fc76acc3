"""The shapes of Lambda's API, taken from botocore's service model: what each operation's request holds, and where.

Only these few facts of botocore are used, so that the rest of the gateway does not depend on it. Where an answer that
was recorded on AWS differs from the model, AWS wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jlambda.model.limits import EPHEMERAL_STORAGE_MB, MEMORY_MB, TIMEOUT_S

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

# What a client may give today is less than the model allows: the rest is for managed instances.
_RANGES = {"MemorySize": MEMORY_MB, "Timeout": TIMEOUT_S, "EphemeralStorageSize": EPHEMERAL_STORAGE_MB}
# The order in which AWS lists the values of an enumeration in its messages.
_ENUMS = {
    "RecursiveLoop": ("Terminate", "Allow"),
    "InvokeMode": ("RESPONSE_STREAM", "BUFFERED"),
    "EventSourcePosition": ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"),
}
_RESOURCE = (
    r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:"
    r"(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|"
    r"event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|"
    r"capacity-provider:[a-zA-Z0-9-_]+)"
)
_LAYER_VERSION = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|"
    r"(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)"
)
_PATTERNS = {"TaggableResource": _RESOURCE, "LayerVersionArn": _LAYER_VERSION}
# Java's classes of characters, as near as Python has them
_JAVA = (("\\p{L}", "\\w"), ("\\p{N}", "\\d"), ("\\p{Z}", "\\s"), ("\\p{Zs}", " "))


@dataclass(slots=True)
class Shape:
    """What a value may be. `kind` is botocore's word: structure, list, map, string, integer, blob …"""

    kind: str
    name: str
    least: float | None = None
    most: float | None = None
    pattern: re.Pattern[str] | None = None
    pattern_text: str = ""
    enum: tuple[str, ...] = ()
    is_sensitive: bool = False
    members: dict[str, Member] = field(default_factory=dict)
    element: Shape | None = None
    key: Shape | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a structure: `location` is body, uri, querystring or header, `wire_name` how it is called there."""

    name: str
    shape: Shape
    location: str
    wire_name: str
    is_required: bool

    @property
    def said(self) -> str:
        """Its name as AWS's messages have it: ``functionName``, but ``s3Bucket``, ``kMSKeyArn``."""
        return self.name[:1].lower() + self.name[1:]


@dataclass(frozen=True, slots=True)
class Form:
    """The request of one operation.

    `payload` names the member that is the whole body, if one is; with `is_beside_body` that is bytes, and nothing is said of
    it. `headers` are those that members are in, in lower case.
    """

    operation: str
    members: Mapping[str, Member]
    payload: str | None
    has_body: bool
    headers: tuple[str, ...] = ()
    is_beside_body: bool = False


@cache
def service_model() -> ServiceModel:
    """botocore's model of the Lambda API; loading it takes about 50 ms, once."""
    import botocore.session

    return botocore.session.get_session().get_service_model("lambda")


@cache
def form(operation: str) -> Form | None:
    """The request of `operation`; None where the botocore that is installed does not know it."""
    from botocore.model import OperationNotFoundError

    try:
        model = service_model().operation_model(operation)
    except OperationNotFoundError:
        return None
    return _form(operation, model)


def _form(operation: str, model: OperationModel) -> Form:
    shape: Any = model.input_shape
    if shape is None:
        return Form(operation, {}, None, False)
    members = _shape(shape, {}).members
    has_body = any(member.location == "body" for member in members.values())
    payload = shape.serialization.get("payload")
    headers = tuple(member.wire_name.lower() for member in members.values() if member.location == "header")
    is_beside_body = payload is not None and members[payload].shape.kind == "blob" and not members[payload].is_required
    return Form(operation, members, payload, has_body, headers, is_beside_body)


def required_query(uri: str) -> dict[str, str]:
    """The parameters that an operation's URI itself has: ``?find=LayerVersion``."""
    return dict(parse_qsl(uri.partition("?")[2]))


def _shape(given: Any, known: dict[str, Shape]) -> Shape:
    """One of botocore's shapes and all below it as ours; `known` ends recursion."""
    name = given.name
    if name in known:
        return known[name]
    facts = given.metadata
    made = known[name] = Shape(given.type_name, name, facts.get("min"), facts.get("max"))
    made.is_sensitive = bool(facts.get("sensitive"))
    made.enum = _ENUMS.get(name) or tuple(facts.get("enum", ()))
    if name in _RANGES:
        made.least, made.most = _RANGES[name][0], _RANGES[name][-1]
    made.pattern_text = _PATTERNS.get(name) or facts.get("pattern", "")
    if made.pattern_text:
        made.pattern = _compiled(made.pattern_text)
    if given.type_name == "structure":
        for each, inner in given.members.items():
            where = inner.serialization
            location = where.get("location", "body")
            wire_name = where.get("name", each)
            made.members[each] = Member(each, _shape(inner, known), location, wire_name, each in given.required_members)
    elif given.type_name == "list":
        made.element = _shape(given.member, known)
    elif given.type_name == "map":
        made.key, made.element = _shape(given.key, known), _shape(given.value, known)
    return made


def _compiled(text: str) -> re.Pattern[str]:
    flags = re.RegexFlag(0) if "\\p{" in text else re.ASCII
    for java, python in _JAVA:
        text = text.replace(java, python)
    return re.compile(text, flags)
