"""Layers: names, ARNs and numbered versions, and what a function may do with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jlambda.errors import InvalidParameter
from jlambda.model.arn import Account

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LAYERS = 5

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,140}")
_VERSION = re.compile(rf"(?P<name>{_NAME.pattern}):(?P<version>\d+)", re.ASCII)
# https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html
_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:(?P<name>[a-zA-Z0-9_-]{1,140})"
    r"(?::(?P<version>\d+))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, repr=False)
class LayerVersion:
    """One published version of a layer. It never changes, but for being deleted: functions that have it keep it then.

    `code_sha256` and `code_size` are those of its zip, `unpacked_bytes` what that unpacks to; `runtimes` and
    `architectures` are those that it is said to be made for, empty where nothing was said; `license` is None where
    none was given; `created_at` is in seconds since the epoch.
    """

    name: str
    version: int
    code_sha256: str
    code_size: int
    unpacked_bytes: int
    description: str = ""
    license: str | None = None
    runtimes: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    created_at: float = 0.0
    is_deleted: bool = False

    def is_for(self, runtime: str | None, architecture: str | None) -> bool:
        """Whether it was published for this runtime and architecture; None asks for none."""
        return (runtime is None or runtime in self.runtimes) and (architecture is None or architecture in self.architectures)

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"

    def __repr__(self) -> str:
        return f"<Layer {self}{f': {self.description}' if self.description else ''}>"


class LayerReference(NamedTuple):
    """A layer, or one version of it, as a caller named it."""

    name: str
    version: int | None
    region: str
    account: str


def parse_layer(text: str, account: Account) -> LayerReference:
    """Take a layer's name or ARN, or the ARN of one of its versions, apart. Raises `InvalidParameter`."""
    if isinstance(text, str) and _NAME.fullmatch(text):
        return LayerReference(text, None, account.region, account.id)
    found = _ARN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise InvalidParameter(f"{text!r} is neither a layer's name nor the ARN of a layer or of one of its versions")
    version = None if found["version"] is None else int(found["version"])
    return LayerReference(found["name"], version, found["region"], found["account"])


def layer_version_arn(text: str, account: Account) -> str:
    """The ARN of what a user calls ``NAME:VERSION``; whatever else `text` is comes back as it is."""
    found = _VERSION.fullmatch(text) if isinstance(text, str) else None
    return layer_arn(account, found["name"], int(found["version"])) if found else text


def layer_arn(account: Account, name: str, version: int | None = None) -> str:
    """The ARN of a layer, or of one of its versions."""
    arn = account.arn(f"layer:{name}")
    return arn if version is None else f"{arn}:{version}"


def parse_layers(arns: Sequence[str], account: Account) -> list[LayerReference]:
    """The layer versions that a function names, if they go together. Raises `InvalidParameter`."""
    if len(arns) > LAYERS:
        raise InvalidParameter(f"Cannot reference more than {LAYERS} layers.")
    found: dict[str, str] = {}
    references = []
    for arn in arns:
        reference = parse_layer(arn, account)
        if reference.version is None:
            raise InvalidParameter(f"layer {arn!r}: name one of its versions, {arn}:1")
        if reference.region != account.region:
            raise InvalidParameter(
                f"Layers are not in the same region as the function. Layers are expected to be in region {account.region}."
            )
        if reference.account != account.id:
            raise InvalidParameter(f"Layer version {arn} does not exist.")  # nobody shares any here
        if other := found.get(reference.name):
            raise InvalidParameter(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{other} and {arn} are versions of the same layer."
            )
        found[reference.name] = arn
        references.append(reference)
    return references
