"""The log of one invocation that runs: which events stand in what it has written so far, each given once."""

from __future__ import annotations

from jlambda.engine.running import Output
from jlambda.model.frames import CONTINUED, INIT_END, INIT_FAILED
from jlambda.service.version import DeployedVersion
from jlambda.telemetry import logs
from jlambda.telemetry.logs import LogEvent


class LiveLog:
    """What has been read of the log of an invocation: `at` is where to read on, `messages` are those so far."""

    def __init__(self) -> None:
        self.at = 0
        self.messages: list[str] = []
        self._is_started = False

    def read(self, output: Output, region: str, is_cold: bool = False) -> list[LogEvent]:
        """The events that are whole now, secrets cut out; `output` goes on from `at`.

        `is_cold` says that there was an init phase, also where its output does not.
        """
        version = output.version
        assert isinstance(version, DeployedVersion)
        if version.redact is not None and version.redact.spans_lines:
            return []  # what the first of them is shows when the last has come: at the end
        text = _whole_events(output.text)
        self.at = output.start + len(text)
        if version.redact is not None:
            text = version.redact(text)
        init, mark, handler = text.rpartition(INIT_END + b"\n")
        events: list[LogEvent] = []
        is_cold = not self.messages and bool(is_cold or mark or output.is_starting)
        if version.configuration.system_log_level is None and is_cold:
            events.append(LogEvent(output.at_ms, logs.init_start_line(version.configuration.runtime, region)))
        events += _written(init, output.at_ms)
        if handler or mark:
            after = _written(handler, output.at_ms)
            if not self._is_started and not output.is_starting:
                self._is_started = True
                if version.configuration.system_log_level is None:
                    line = f"START RequestId: {output.request_id} Version: {version.configuration.version}"
                    events.append(LogEvent(output.at_ms, line))
            events += after
        self.messages += [event.message for event in events]
        return events

    def after(self, every: list[LogEvent]) -> list[LogEvent]:
        """Of all events of the invocation those behind the last that was read."""
        read = self._places(every)
        return every[read[-1] + 1 :] if read else every

    def unread(self, every: list[LogEvent]) -> list[LogEvent]:
        """Of all events of the invocation those that were not read."""
        read = set(self._places(every))
        return [event for place, event in enumerate(every) if place not in read]

    def _places(self, every: list[LogEvent]) -> list[int]:
        """Where those that were read stand among all, which are in the same order."""
        at, found = 0, list[int]()
        for message in self.messages:
            for place in range(at, len(every)):
                if every[place].message == message:
                    found.append(place)
                    at = place + 1
                    break
        return found


def _whole_events(text: bytes) -> bytes:
    """The part of an output that is complete: up to the last line that ends an event."""
    end = text.rfind(b"\n")
    while end > 0 and text[end - 1 : end] == CONTINUED:
        end = text.rfind(b"\n", 0, end)
    return text[: end + 1]


def _written(text: bytes, at_ms: int) -> list[LogEvent]:
    rows = [row for row in text.split(b"\n") if not row.startswith(INIT_FAILED)]
    return logs.parse(b"\n".join(rows), at_ms) if text else []
