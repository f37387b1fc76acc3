"""Tags of functions, event source mappings and code signing configurations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
TAGS = 50

#: what AWS says of an ARN with nothing behind it, by the kind of resource
_MISSING = {
    "event-source-mapping": "Event source mapping not found: {}",
    "code-signing-config": "The Lambda code signing configuration {} can not be found.",
    "capacity-provider": "Capacity provider not found: {}",
}


@dataclass(frozen=True, slots=True)
class _Tags:
    tags: Mapping[str, str]


class Tags:
    """The tags of one session's resources.

    `others` says of what is no function whether there is one with an id, by kind (``event-source-mapping``).
    """

    def __init__(
        self,
        database: Database,
        targets: Targets,
        others: Mapping[str, Callable[[str], bool]],
        account: Account,
        lock: threading.RLock,
    ) -> None:
        self._targets, self._others, self._account, self._lock = targets, others, account, lock
        self._tags = Resources(database, "tags", _Tags)

    def list(self, arn: str) -> dict[str, str]:
        """The tags of a resource. Raises `ResourceNotFound` and `InvalidParameter`."""
        return self.of(self._owner(arn))

    def of(self, owner: str) -> dict[str, str]:
        """The tags of what the last part of an ARN names: ``function:hello``."""
        found = self._tags.get(owner)
        return dict(found.tags) if found else {}

    def add(self, arn: str, tags: Mapping[str, str]) -> None:
        """Give a resource tags; those that it has by the same keys are replaced. Raises as `list` does."""
        if not tags:  # AWS says no more than this
            raise InvalidParameter("An error occurred and the request cannot be processed.")
        with self._lock:
            owner = self._owner(arn)
            self.put(owner, {**self.of(owner), **tags})

    def put(self, owner: str, tags: Mapping[str, str]) -> None:
        """Give what the last part of an ARN names these tags and no others. Raises `InvalidParameter`."""
        check_tags(tags)
        if tags:
            self._tags.put(_Tags(tags), owner)
        else:
            self._tags.delete(owner)

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Take tags away, those that are there. Raises as `list` does."""
        with self._lock:
            owner = self._owner(arn)
            gone = set(keys)
            self.put(owner, {key: value for key, value in self.of(owner).items() if key not in gone})

    def _owner(self, arn: str) -> str:
        """What the ARN names, if it is there and can have tags."""
        kind, _, rest = arn.removeprefix(self._account.arn("")).partition(":")
        if not arn.startswith(self._account.arn("")) or kind == "function":
            name, qualifier = self._targets.parse(arn)
            if qualifier is not None:
                raise InvalidParameter(
                    "Tags on function aliases and versions are not supported. Please specify a function ARN."
                )
            self._targets.check(name)
            return f"function:{name}"
        if kind not in _MISSING:
            raise InvalidParameter(
                f"{arn} cannot have tags: use the ARN of a function, event source mapping or code signing config"
            )
        exists = self._others.get(kind)
        if exists is None or not exists(rest):
            raise ResourceNotFound(_MISSING[kind].format(arn))
        return f"{kind}:{rest}"


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise `InvalidParameter` for tags that a resource cannot have."""
    if len(tags) > TAGS:
        raise InvalidParameter("Number of tags exceeds resource tag limit.")
    if reserved := next((key for key in tags if key.lower().startswith("aws:")), None):
        raise InvalidParameter(f"tag {reserved!r}: keys that start with aws: are AWS's own; choose another key")
