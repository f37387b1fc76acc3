"""Bodies of requests, held to the JSON schemas of an API's models."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any


class BadSchema(Exception):
    """A model's schema cannot be used; the message says why."""


def is_valid(body: bytes, schema: str) -> bool:
    """Whether a body is JSON that a schema, of draft 4 as API Gateway's are, describes. Raises `BadSchema`."""
    from referencing.exceptions import Unresolvable

    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    try:
        return bool(_validator(schema).is_valid(document))
    except (Unresolvable, RecursionError) as error:  # what another model is told by is an address of AWS's
        raise BadSchema(f"a model's schema cannot be resolved: {error}") from None


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    from jsonschema import Draft4Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry

    try:
        read = json.loads(schema)
        Draft4Validator.check_schema(read)
    except (ValueError, SchemaError) as error:
        raise BadSchema(f"a model's schema is none: {str(error).splitlines()[0]}") from None
    return Draft4Validator(read, registry=Registry())  # one that fetches nothing from anywhere
