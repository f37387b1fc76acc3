"""What the session answers itself of EventBridge and its Scheduler: PutEvents, TestEventPattern, replays; and what it checks.

Works in the gateway's event loop; what takes long is done in threads of its own. Knows no HTTP server.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from jlambda.errors import InvalidParameter, LambdaError, ValidationFailed
from jlambda.model.exchange import Push, Reply, ServiceRequest
from jlambda.model.plan import Plan, parsed
from jlambda.model.schedule import parse_schedule
from jlambda.service.event_bus import EventBus, checked_pattern, is_match
from jlambda.service.invoke import new_request_id

Ask = Callable[[ServiceRequest], Awaitable[Reply]]
Own = Callable[[ServiceRequest, Mapping[str, Any], Ask], Awaitable[Reply]]
#: PutEvents at one time; each waits for its targets
_AT_ONCE = 8
_log = logging.getLogger(__name__)


class Answers(Protocol):
    """Where the session's own answers are told: the services of the session."""

    def answer(self, service: str, operation: str, own: Own) -> None:
        """Have `own` answer an operation in place of the embedded services."""


class EventFront:
    """Stands before the embedded EventBridge."""

    def __init__(self, bus: EventBus, services: Answers) -> None:
        self._bus = bus
        self.pool = ThreadPoolExecutor(_AT_ONCE, "jlambda-events")
        services.answer("events", "PutEvents", self._put_events)
        services.answer("events", "TestEventPattern", self._test_event_pattern)
        services.answer("events", "PutRule", self._put_rule)
        services.answer("events", "StartReplay", self._start_replay)
        services.answer("events", "DescribeArchive", self._describe_archive)
        services.answer("events", "ListArchives", self._list_archives)
        services.answer("scheduler", "CreateSchedule", self._put_schedule)
        services.answer("scheduler", "UpdateSchedule", self._put_schedule)

    async def _put_events(self, request: ServiceRequest, parameters: Mapping[str, Any], _: Ask) -> Reply:
        entries = parameters.get("Entries") or []
        loop = asyncio.get_running_loop()
        return _reply(request, await loop.run_in_executor(self.pool, self._bus.put_events, entries))

    async def _test_event_pattern(self, request: ServiceRequest, parameters: Mapping[str, Any], _: Ask) -> Reply:
        found = is_match(parameters.get("EventPattern", ""), parameters.get("Event", ""))
        return _reply(request, {"Result": found})

    async def _put_rule(self, request: ServiceRequest, parameters: Mapping[str, Any], ask: Ask) -> Reply:
        if pattern := parameters.get("EventPattern"):
            checked_pattern(pattern)
        if expression := parameters.get("ScheduleExpression"):
            try:
                parse_schedule(expression)
            except InvalidParameter as error:
                raise ValidationFailed(*error.args) from None
        return await ask(request)

    async def _start_replay(self, request: ServiceRequest, parameters: Mapping[str, Any], ask: Ask) -> Reply:
        """Answered once all that is replayed is with its targets."""
        reply = await ask(request)
        if reply.is_success:
            await asyncio.get_running_loop().run_in_executor(self.pool, self._bus.replay, parameters)
        return reply

    async def _describe_archive(self, request: ServiceRequest, _: Mapping[str, Any], ask: Ask) -> Reply:
        reply = await ask(request)
        return _reply(request, self._bus.archives.counted(json.loads(reply.first))) if reply.is_success else reply

    async def _list_archives(self, request: ServiceRequest, _: Mapping[str, Any], ask: Ask) -> Reply:
        reply = await ask(request)
        if not reply.is_success:
            return reply
        found = json.loads(reply.first)
        return _reply(request, {**found, "Archives": [self._bus.archives.counted(each) for each in found["Archives"]]})

    async def _put_schedule(self, request: ServiceRequest, parameters: Mapping[str, Any], ask: Ask) -> Reply:
        try:
            parsed(Plan("", False, parameters, 0.0, 0.0))
        except InvalidParameter as error:
            raise ValidationFailed(*error.args) from None
        except KeyError:
            pass  # the service says what is missing
        return await ask(request)

    def take(self, push: Push, taken: Callable[[], object]) -> None:
        """Have an event that a service made go over its bus; `taken` is called once its targets have it."""

        def route() -> None:
            try:
                self._bus.route(json.loads(push.event), push.arn)
            except LambdaError as error:
                _log.warning("an event of %s did not go over its bus: %s", push.source, error)
            finally:
                taken()

        self.pool.submit(route)

    def close(self) -> None:
        """End the threads, after what they are at."""
        self.pool.shutdown()


def _reply(request: ServiceRequest, document: Mapping[str, Any]) -> Reply:
    body = json.dumps(document).encode()
    kind = request.header("content-type") or "application/x-amz-json-1.1"
    headers = [("content-type", kind), ("content-length", str(len(body))), ("x-amzn-requestid", new_request_id())]
    return Reply(200, headers, len(body), body)
