"""What can happen to execution environments, and what can be done about it: the language of the scheduler.

Events are past participles, actions imperatives; times are in seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

# Events are plain slots classes: frozen ones cost 1 us more each on the hot path. Nobody changes them.


@dataclass(slots=True)
class Invoked:
    """A caller wants `request_id` run by a version of a function."""

    request_id: str
    version: str
    function: str
    at: float


@dataclass(slots=True)
class BecameIdle:
    """An environment has finished its invocation, and its process waits for the next one."""

    environment_id: int
    at: float


@dataclass(slots=True)
class WasReset:
    """An environment's process ended (timeout, exit, failed init); its sandbox is left."""

    environment_id: int
    at: float


@dataclass(slots=True)
class Ended:
    """An environment is gone, with its sandbox."""

    environment_id: int
    at: float


@dataclass(slots=True)
class Retired:
    """A version was replaced or deleted: its environments finish what they run, and stop."""

    version: str
    at: float


@dataclass(slots=True)
class Elapsed:
    """Time has passed; environments idle for too long are due."""

    at: float


@dataclass(slots=True)
class Advanced:
    """The session's clock leapt: whatever waits has waited for `by_s` seconds more."""

    by_s: float


@dataclass(slots=True)
class Provisioned:
    """A version is to have `concurrency` environments initialised ahead; 0 takes them back."""

    version: str
    function: str
    concurrency: int
    at: float


@dataclass(slots=True)
class Prepared:
    """The init phase of a provisioned environment is over, and it waits for its first invocation."""

    environment_id: int
    at: float


@dataclass(slots=True)
class PreparationFailed:
    """A provisioned environment could not be initialised."""

    environment_id: int
    at: float


@dataclass(slots=True)
class Assign:
    """Hand `request_id` to an idle environment."""

    request_id: str
    environment_id: int


@dataclass(slots=True)
class Start:
    """Begin an init phase for `request_id`: in a new environment, or in one that was reset (`is_new` is false)."""

    request_id: str
    environment_id: int
    is_new: bool


@dataclass(slots=True)
class Prepare:
    """Begin the init phase of a provisioned environment: a new one, or one that was reset (`is_new` is false)."""

    version: str
    environment_id: int
    is_new: bool


@dataclass(slots=True)
class Throttle:
    """Refuse `request_id`; `reason` is AWS's word for why."""

    request_id: str
    reason: str


@dataclass(slots=True)
class Stop:
    """End an environment and its sandbox."""

    environment_id: int


Event = Invoked | BecameIdle | WasReset | Ended | Retired | Elapsed | Advanced | Provisioned | Prepared | PreparationFailed
Action = Assign | Start | Prepare | Throttle | Stop
Actions = tuple[Action, ...]
