"""An alias: a name that points to a version of a function, or to two of them by weight. Pure: a draw comes in as a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from jlambda.errors import InvalidParameter
from jlambda.model.arn import LATEST
from jlambda.model.limits import DESCRIPTION_CHARS

# https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html, Name: not all digits, or it would be a version
_NAME = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9_-]{1,128}")
_NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})


def is_alias_name(text: str) -> bool:
    """Whether an alias could be called this."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Alias:
    """`weights` maps one more version to the part of the invocations, from 0 to 1, that goes to it and not to `version`."""

    name: str
    function: str
    version: str
    description: str = ""
    weights: Mapping[str, float] = field(default_factory=lambda: _NO_WEIGHTS)
    revision_id: str = ""

    def checked(self) -> Alias:
        """This alias if Lambda would take it, else an `InvalidParameter` in one line."""
        if not isinstance(self.name, str) or not is_alias_name(self.name):
            raise InvalidParameter(f"alias {self.name!r}: use letters, digits, - and _, at most 128, and not digits alone")
        if not isinstance(self.description, str) or len(self.description) > DESCRIPTION_CHARS:
            raise InvalidParameter(f"description: use text of at most {DESCRIPTION_CHARS} characters")
        if self.weights:
            self._check_weights()
        return self

    def _check_weights(self) -> None:
        if len(self.weights) > 1:
            raise InvalidParameter("Number of items in AdditionalVersionWeights cannot be greater than 1")
        ((version, weight),) = self.weights.items()
        if LATEST in (self.version, version):
            raise InvalidParameter("$LATEST is not supported for an alias pointing to more than 1 version")
        if version == self.version:
            raise InvalidParameter(
                f"Invalid function version {version}. Function version {version} is already included in routing configuration."
            )
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
            raise InvalidParameter(f"the weight of version {version} is {weight!r}; it must be a number from 0 to 1")

    def route(self, draw: float) -> str:
        """The version that an invocation goes to, by a `draw` from 0 to 1 (not 1 itself)."""
        for version, weight in self.weights.items():
            if draw < weight:
                return version
        return self.version
