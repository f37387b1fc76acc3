"""What all sample events have in common: an account, a moment, and ids that are the same each time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID, uuid5

from jlambda.model.arn import Account

_IDS = UUID("6f6a1c0e-5d0c-5a6f-9e57-6a6c616d6264")


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and when a sample takes place. `at` is in seconds since the epoch."""

    account: Account
    at: float
    name: str

    def id(self, number: int = 0) -> str:
        """A UUID: always the same for the same sample and number."""
        return str(uuid5(_IDS, f"{self.name}/{number}"))

    def hex(self, digits: int, number: int = 0) -> str:
        """Some hexadecimal digits, upper case."""
        return (self.id(number).replace("-", "") * 2)[:digits].upper()

    def digits(self, count: int, number: int = 0) -> str:
        """A decimal number of so many digits, which grows with `number`."""
        return str(10 ** (count - 1) * 4 + UUID(self.id()).int % 10 ** (count - 9) * 1_000 + number)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account."""
        partition = self.account.arn("").split(":")[1]
        return f"arn:{partition}:{service}:{self.account.region}:{self.account.id}:{resource}"


def text(value: object) -> str:
    """`value` as the text of a message: itself, or its JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
