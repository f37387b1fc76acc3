"""Archives of EventBridge: events of a bus are kept by its archives' rules, and put on it again by a replay.

The embedded service holds which archives and replays there are; the events are kept here, on the disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jlambda.model.event_rule import Target
from jlambda.model.exchange import Write
from jlambda.service.clock import Clock
from jlambda.store.database import Database
from jlambda.store.resources import Resources

#: the rule of an archive, by its name
RULE = "Events-Archive-"
#: whatever has been replayed is not archived again
UNLESS_REPLAYED = {"replay-name": [{"exists": False}]}
_NAME = re.compile(r":archive/([^:\"]+)")
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _Archived:
    """An event, and when it was archived."""

    event: Mapping[str, Any]
    at: float


class Archives:
    """The archived events of one session."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._clock = clock
        self._kept = Resources(database, "archived event", _Archived)

    def keep(self, target: Target, event: Mapping[str, Any]) -> None:
        """Keep an event in the archive that a rule's target is."""
        found = _NAME.search((target.members.get("InputTransformer") or {}).get("InputTemplate", ""))
        if found:
            self._kept.put(_Archived(event, self._clock.now()), _owner(found[1]), str(event["id"]))

    def events(self, archive: str, since: float, until: float, days: int) -> list[dict[str, Any]]:
        """The events of an archive from a time to a time, in order; those that it keeps no longer are gone by then."""
        if days:
            for _, key, each in self._kept.items(_owner(archive)):
                if each.at < self._clock.now() - days * _DAY_S:
                    self._kept.delete(_owner(archive), key)
        found = sorted((each.at, key, each.event) for key, each in self._items(archive))
        return [dict(event) for at, _, event in found if since <= at <= until]

    def counted(self, described: Mapping[str, Any]) -> dict[str, Any]:
        """What the service tells of an archive, with the events that it has."""
        sizes = [len(json.dumps(each.event)) for _, each in self._items(str(described["ArchiveName"]))]
        return {**described, "EventCount": len(sizes), "SizeBytes": sum(sizes)}

    def _items(self, archive: str) -> Sequence[tuple[str, _Archived]]:
        return [(key, each) for _, key, each in self._kept.items(_owner(archive))]

    def saw(self, write: Write) -> None:
        """Forget the events of an archive that was deleted."""
        if (write.service, write.operation) == ("events", "DeleteArchive"):
            self._kept.forget(_owner(str(write.parameters.get("ArchiveName"))))

    def forget(self) -> None:
        """Forget all."""
        for owner in {owner for owner, _, _ in self._kept.items()}:
            self._kept.forget(owner)


def _owner(archive: str) -> str:
    return f"event-archive:{archive}"
