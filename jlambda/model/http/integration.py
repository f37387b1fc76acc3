"""What a route or a method leads to: integrations with their templates, parameters and responses, read from AWS's documents.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: what an integration may take
HTTP_TIMEOUT_S, REST_TIMEOUT_S = 30.0, 29.0
_JSON = "application/json"


class NoTemplate(Exception):
    """There is no template for the type of a request's body, and it may not pass without."""


@dataclass(frozen=True, slots=True)
class IntegrationResponse:
    """One response: for which error messages or statuses (`pattern`, None for all others), its templates and headers."""

    status: int
    pattern: str | None = None
    templates: Mapping[str, str | None] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    content_handling: str | None = None

    def template_for(self, accepted: str) -> tuple[str, str | None]:
        """The type of a body for who accepts `accepted`, and its template, None where the body passes as it is."""
        if not self.templates:
            return _JSON, None
        kind = next((each for each in (accepted, _JSON) if each in self.templates), next(iter(self.templates)))
        return kind, self.templates[kind] or None


@dataclass(frozen=True, slots=True)
class Integration:
    """What a route leads to. `kind` is AWS_PROXY for a function; `uri` may name stage variables and, for HTTP, parameters.

    `method` is that of the request to it, `templates` are by the type of the body, `parameters` what is mapped to which.
    """

    kind: str
    uri: str
    payload_version: str
    timeout_s: float
    credentials: str | None = None
    method: str = ""
    passthrough: str = "WHEN_NO_MATCH"
    templates: Mapping[str, str | None] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    responses: tuple[IntegrationResponse, ...] = ()
    subtype: str = ""

    def template_for(self, content_type: str | None) -> str | None:
        """The template of a body of this type, None where it passes as it is. Raises `NoTemplate`.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
        """
        essence = (content_type or _JSON).partition(";")[0].strip().lower()
        found = self.templates.get(essence) or self.templates.get("$default")
        if found:
            return found
        if self.passthrough == "NEVER" or (self.passthrough == "WHEN_NO_TEMPLATES" and self.templates):
            raise NoTemplate
        return None

    def response_for(self, text: str) -> IntegrationResponse | None:
        """The response for an error message or a status; None where none is configured for it."""
        default = None
        for each in self.responses:
            if not each.pattern:
                default = default or each
            elif _fits(each.pattern, text):
                return each
        return default


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False


def http_integration(given: Document) -> Integration:
    """An integration of an HTTP API, of what apigatewayv2 tells of it."""
    return Integration(
        given["IntegrationType"],
        given.get("IntegrationUri") or "",
        given.get("PayloadFormatVersion") or "1.0",
        min(HTTP_TIMEOUT_S, (given.get("TimeoutInMillis") or 30_000) / 1000),
        given.get("CredentialsArn"),
        given.get("IntegrationMethod") or "",
        parameters=given.get("RequestParameters") or {},
        subtype=given.get("IntegrationSubtype") or "",
    )


def rest_integration(given: Document) -> Integration:
    """An integration of a REST API, of what apigateway tells of it."""
    return Integration(
        given["type"],
        given.get("uri") or "",
        "1.0",
        (int(given.get("timeoutInMillis") or 0) or REST_TIMEOUT_S * 1000) / 1000,
        given.get("credentials"),
        given.get("httpMethod") or "",
        given.get("passthroughBehavior") or "WHEN_NO_MATCH",
        given.get("requestTemplates") or {},
        given.get("requestParameters") or {},
        tuple(_response(each) for each in (given.get("integrationResponses") or {}).values()),
    )


def _response(given: Document) -> IntegrationResponse:
    return IntegrationResponse(
        int(given["statusCode"]),
        given.get("selectionPattern"),
        given.get("responseTemplates") or {},
        given.get("responseParameters") or {},
        given.get("contentHandling"),
    )
