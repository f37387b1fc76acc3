"""What a request to a method of a REST API must have, before anybody is asked. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jlambda.model.http.message import HttpRequest

Document = Mapping[str, Any]

_PREFIX = "method.request."


@dataclass(frozen=True, slots=True)
class Validation:
    """Parameters that must be there (``querystring.q``), and schemas (JSON, as text) of bodies by their type."""

    required: tuple[str, ...] = ()
    schemas: Mapping[str, str] = field(default_factory=dict)

    def missing(self, request: HttpRequest, path: Mapping[str, str]) -> list[str]:
        """The names of the parameters that a request should have, and has not."""
        there = {
            "querystring": {name for name, _ in request.pairs()},
            "header": {name.lower() for name, _ in request.headers},
            "path": set(path),
        }
        split = ((place, name) for place, _, name in (each.partition(".") for each in self.required))
        return [name for place, name in split if (name.lower() if place == "header" else name) not in there.get(place, {name})]

    def schema_for(self, content_type: str | None) -> str | None:
        """The schema for a body of this type, None where it may be anything."""
        essence = (content_type or "application/json").partition(";")[0].strip().lower()
        return self.schemas.get(essence, self.schemas.get("$default"))


def validation(method: Document, validators: Mapping[str, Document], models: Mapping[str, Document]) -> Validation:
    """What a method asks for, of what apigateway tells of it, of validators by id and of models by name."""
    validator = validators.get(method.get("requestValidatorId") or "")
    if validator is None:
        return Validation()
    required: tuple[str, ...] = ()
    schemas: dict[str, str] = {}
    if validator.get("validateRequestParameters"):
        wanted = (method.get("requestParameters") or {}).items()
        required = tuple(sorted(name.removeprefix(_PREFIX) for name, is_required in wanted if _is_true(is_required)))
    if validator.get("validateRequestBody"):
        for kind, name in (method.get("requestModels") or {}).items():
            if schema := (models.get(name) or {}).get("schema"):
                schemas[kind.lower()] = schema
    return Validation(required, schemas)


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() == "true"
