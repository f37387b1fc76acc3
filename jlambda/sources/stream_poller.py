"""One mapping of a stream at work: its shards are read, the function run, and how far it got is kept.

What happens to the records of a shard is decided elsewhere. One thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, Protocol

from jlambda.errors import LambdaError
from jlambda.sources import tumbling
from jlambda.sources.came import Came
from jlambda.sources.poller import Poller, Runner, event_of
from jlambda.sources.shard import GivenUp, Shard, StreamBatch, StreamSettings
from jlambda.sources.stream_client import ShardInfo, Start, StreamClient
from jlambda.sources.tumbling import Window

#: shards that came by splitting or merging are looked for after so many seconds, if nothing tells of them
_LOOK_S = 60.0
#: what cannot be told of what was given up is tried again after so many seconds
_TROUBLE_S = 1.0
#: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html: such an answer is a failure
_STATELESS = 'PROBLEM: Function call failed: with a tumbling window it has to return {"state": {...}}'
#: how far the clock of other services may be off, at the end of a tumbling window
_SKEW_S = 2.0
#: how long its thread may take to say how far it is
_ANSWERS_S = 1.0


@dataclass(frozen=True, slots=True)
class Position:
    """How far a shard is done. No sequence number: nothing of it is, from the horizon on; finished: it was closed.

    `window` is when the tumbling window began that is open there, if one is, and `state` what it carries.
    """

    sequence: str | None
    is_finished: bool = False
    window: float | None = None
    state: str = ""


class Positions(Protocol):
    """What keeps the positions of a mapping."""

    def load(self) -> Mapping[str, Position]:
        """What was kept, by shard."""

    def save(self, shard_id: str, position: Position) -> None:
        """Keep one, for good."""


class Hooks(NamedTuple):
    """What a stream's poller tells: what it gave up (by shard), and how the last batch went.

    `began` gets the age of the last record of each batch, in seconds. What was given up is told again where that raised a
    `LambdaError`. `now` is the session's time, by which records grow old.
    """

    give_up: Callable[[str, GivenUp], None]
    told: Callable[[str], None]
    now: Callable[[], float] = time.time
    began: Callable[[float], None] = lambda _: None


class _Open:
    """A shard that is read."""

    def __init__(self, info: ShardInfo, shard: Shard, iterator: str) -> None:
        self.info, self.shard = info, shard
        self.iterator: str | None = iterator
        self.is_lost = False
        self.read_at = 0.0
        self.saved = position_of(shard)
        self.given_up: list[GivenUp] = []


class StreamPoller(Poller):
    """The shards of one stream for one function.

    With `is_ours` the stream is an embedded service's, which may have begun anew: positions are checked against it, and
    LATEST is kept as the record that it means. `idle_s` is how long it sleeps where nothing wakes it.
    """

    def __init__(
        self,
        client: StreamClient,
        settings: StreamSettings,
        start: Start,
        positions: Positions,
        run: Runner,
        hooks: Hooks,
        *,
        is_ours: bool = True,
        idle_s: float = 20.0,
    ) -> None:
        super().__init__(client.kind, client.arn.split("/")[1], run, hooks.told)
        self._client, self._settings, self._start, self._positions, self._hooks = client, settings, start, positions, hooks
        self._is_ours, self._idle_s = is_ours, idle_s
        self._shards: dict[str, _Open] = {}
        self._finished: set[str] = set()
        self._running = 0
        self._look_at = 0.0

    def look_for_shards(self) -> None:
        """The stream has been split or merged."""
        self.post(self._look_again)
        self.wake()

    def begin_anew(self) -> None:
        """A stream of this name has been made in the place of an earlier one."""
        self.post(self._begin_anew)
        self.wake()

    def _behind(self) -> int:
        """The records that were read and are not done; at least one while there may be more to read."""
        answer: Future[int] = Future()
        self.post(lambda: answer.set_result(self._held(time.time())))
        try:
            return answer.result(_ANSWERS_S)
        except TimeoutError:  # it is at something that takes its time
            return 1

    def _held(self, now: float) -> int:
        is_at_end = min(self._read_at, self._look_at) > now and not any(
            each.given_up or (each.iterator is not None and each.read_at <= now) for each in self._shards.values()
        )
        return max(sum(each.shard.held for each in self._shards.values()), int(not is_at_end))

    def _begin_anew(self) -> None:
        for name in self._positions.load():
            self._positions.save(name, Position(None))
        for each in self._shards.values():
            each.shard.last_read, each.shard.window, each.is_lost = None, None, True
        self._look_again()

    def _look_again(self) -> None:
        self._look_at = 0.0

    @property
    def _is_drained(self) -> bool:
        return not self._running and not any(each.given_up for each in self._shards.values())

    def _begin(self, now: float) -> float | None:
        if self._is_stopping:
            return None
        dues = []
        for each in self._shards.values():
            each.given_up += each.shard.expired(self._hooks.now())
            for batch in each.shard.due(now):
                self._running += 1
                if batch.records:
                    self._hooks.began(max(0.0, self._hooks.now() - batch.records[-1].arrived_at))
                self._invoke(self._event(each, batch), self._ended_with(each, batch))
            dues.append(each.shard.next_due())
        return min((due for due in dues if due is not None), default=None)

    def _event(self, each: _Open, batch: StreamBatch) -> bytes:
        records = (record.event for record in batch.records)
        if batch.window is None:
            return event_of(records)
        return tumbling.event_of(records, batch.window, batch.is_final, each.info.id, self._client.arn)

    def _read(self) -> float:
        if time.time() >= self._look_at:
            self._look()
        now = time.time()
        for each in list(self._shards.values()):
            if each.iterator is not None and each.read_at <= now and each.shard.wants():
                try:
                    self._read_shard(each)
                except Exception:
                    each.is_lost = True
                    raise
        waits = [each.read_at - time.time() for each in self._shards.values() if each.iterator and each.shard.wants()]
        return max(0.0, min([*waits, self._look_at - time.time()]))

    def _settle(self, now: float) -> float | None:
        due: float | None = None
        for name, each in list(self._shards.items()):
            while each.given_up:
                try:
                    self._hooks.give_up(name, each.given_up[0])
                except LambdaError as error:
                    self.told(f"PROBLEM: {error}")
                    due = now + _TROUBLE_S
                    break
                each.given_up.pop(0)
            position = position_of(each.shard)
            if not each.given_up and position != each.saved:
                self._positions.save(name, position)
                each.saved = position
            if each.iterator is None and each.shard.is_idle and not each.given_up:
                self._positions.save(name, Position(each.shard.checkpoint, is_finished=True))
                self._finished.add(name)
                del self._shards[name]
                self._look_at = self._read_at = due = 0.0
        return due

    def _let_go(self) -> None:
        """Nothing was taken from the stream: what has been read is read again."""

    def _look(self) -> None:
        """Open the shards that can be read now: the children of one only after it is finished."""
        listed = self._client.shards()
        kept = self._positions.load()
        self._finished |= {name for name, position in kept.items() if position.is_finished}
        names = {each.id for each in listed}
        for info in listed:
            if (held := self._shards.get(info.id)) is not None:
                if info.is_open != held.info.is_open:  # it has been split or merged: it is read to its end
                    held.info, held.read_at = info, 0.0
                continue
            if info.id in self._finished:
                continue
            if any(parent in names and parent not in self._finished for parent in info.parents):
                continue
            # a shard that came later is read from its beginning
            is_new = bool(kept) and info.id not in kept
            self._open(info, Start("TRIM_HORIZON") if is_new else self._start, kept.get(info.id))
        self._look_at = time.time() + _LOOK_S

    def _open(self, info: ShardInfo, start: Start, kept: Position | None) -> None:
        if kept is None and start.position == "LATEST" and self._is_ours:
            kept = Position(self._client.last_sequence(info.id))
        if kept is None and start.position == "TRIM_HORIZON":
            kept = Position(None)
        window: Window | None = None
        if kept is None:
            iterator, sequence = self._client.begin(info.id, start), None
        else:
            iterator, sequence = self._place(info.id, kept)
            if kept.window is not None and sequence == kept.sequence:
                window = Window(kept.window, self._settings.tumbling_s, kept.state)
        shard = Shard(self._settings, sequence, window)
        if kept is not None:
            self._positions.save(info.id, position_of(shard))
        self._shards[info.id] = _Open(info, shard, iterator)

    def _place(self, shard_id: str, at: Position) -> tuple[str, str | None]:
        """An iterator behind a position, and the position; from the beginning where the stream is not what it was."""
        sequence = at.sequence
        if sequence is not None and (not self._is_ours or self._client.has(shard_id, sequence)):
            return self._client.after(shard_id, sequence), sequence
        return self._client.begin(shard_id, Start("TRIM_HORIZON")), None

    def _read_shard(self, each: _Open) -> None:
        assert each.iterator is not None
        if each.is_lost:
            each.iterator, _ = self._place(each.info.id, Position(each.shard.last_read))
            each.is_lost = False
        until = self._hooks.now() - (0.0 if self._is_ours else _SKEW_S)
        page = self._client.read(each.iterator, each.shard.wants())
        now, ahead_s = time.time(), self._hooks.now() - time.time()
        each.iterator = page.iterator
        if page.records:
            each.shard.received([self._client.record(given, each.info.id, now) for given in page.records], ahead_s)
        elif page.is_last:
            ends_at = each.shard.window_ends_at
            is_open = ends_at is not None and ends_at > until
            each.read_at = now + min(self._idle_s, ends_at - until if is_open and ends_at else inf)
            each.shard.caught_up(until)
            if not each.info.is_open:
                each.iterator = None
        if each.iterator is None:
            each.shard.caught_up(inf)

    def _woken(self) -> None:
        super()._woken()
        for each in self._shards.values():
            each.read_at = 0.0

    def _ended_with(self, each: _Open, batch: StreamBatch) -> Callable[[Came], None]:
        def ended(came: Came) -> None:
            self._running -= 1
            given_up = each.shard.ended(batch, came, time.time())
            if given_up is not None:
                each.given_up.append(given_up)
            if came.how == "success" and batch.window is not None and tumbling.state_of(came.payload) is None:
                self.told(_STATELESS)
            elif came.how != "nothing":
                self.told("OK" if came.how == "success" else "PROBLEM: Function call failed")
            if not self._failures:
                self._read_at = 0.0

        return ended


def position_of(shard: Shard) -> Position:
    """How far a shard is done."""
    if shard.window is None:
        return Position(shard.checkpoint)
    return Position(shard.checkpoint, window=shard.window.start, state=shard.window.state)
