"""What the pollers of event source mappings are made of: clients, functions, positions, destinations of a session.

A mapping that is made or changed is prepared here: its source must be there, and where it begins is settled then.
"""

from __future__ import annotations

import json
import uuid as uuids
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from jlambda.errors import InvalidParameter, LambdaError, RecursiveInvocation, StateError
from jlambda.model.arn import Account
from jlambda.model.delivery import ON_FAILURE, Delivery
from jlambda.model.filters import patterns_of
from jlambda.model.invocation import Request
from jlambda.model.mapping import EventSourceMapping, is_fifo
from jlambda.service.clock import Clock
from jlambda.service.control import ControlPlane
from jlambda.service.invoke import Finished, Invoker, new_request_id
from jlambda.sources.batching import BatchLimits
from jlambda.sources.came import Came
from jlambda.sources.given_up import document, object_key, with_payload
from jlambda.sources.poller import Poller, Runner
from jlambda.sources.queue import QueueSettings
from jlambda.sources.queue_poller import QueuePoller
from jlambda.sources.shard import GivenUp, StreamSettings
from jlambda.sources.stream_client import Start, StreamClient
from jlambda.sources.stream_poller import Hooks, Position, Positions, StreamPoller
from jlambda.store.database import Database
from jlambda.store.event_counts import ITERATOR_AGE, EventCount, minute_of
from jlambda.store.resources import Resources

#: the service that each kind of mapping is read from
_SERVICES = {"sqs": "sqs", "kinesis": "kinesis", "dynamodb": "dynamodbstreams"}


class _Kept(Positions):
    """The positions of one mapping, which go with it."""

    def __init__(self, kept: Resources[Position], uuid: str, is_there: Callable[[], bool]) -> None:
        self._kept, self._owner, self._is_there = kept, f"event-source-mapping:{uuid}", is_there

    def load(self) -> Mapping[str, Position]:
        return {shard: position for _, shard, position in self._kept.items(self._owner)}

    def save(self, shard_id: str, position: Position) -> None:
        if self._is_there():
            self._kept.put(position, self._owner, shard_id)


class Sources:
    """Makes the pollers of one session's mappings. `client` makes a boto3 client of a service.

    `exists` says whether a mapping is still there. `deliver` takes what is to be sent to an on-failure destination.
    `dismiss` ends the long polls of a queue, `count` counts for metrics. With `is_ours` the services are the session's own,
    not an endpoint elsewhere.
    """

    def __init__(
        self,
        database: Database,
        control: ControlPlane,
        invoker: Invoker,
        clock: Clock,
        account: Account,
        client: Callable[[str], Any],
        deliver: Callable[[Delivery], None],
        exists: Callable[[str], bool],
        dismiss: Callable[[str], None],
        count: Callable[[EventCount], None],
        *,
        is_ours: bool = True,
    ) -> None:
        self._control, self._invoker, self._clock, self._account = control, invoker, clock, account
        self._client, self._deliver, self._exists, self._is_ours = client, deliver, exists, is_ours
        self._dismiss, self._count = dismiss, count
        self._positions = Resources(database, "position", Position)

    def prepare(self, mapping: EventSourceMapping) -> None:
        """Look at the source of a mapping that is about to be made. Raises `InvalidParameter` where there is none.

        A stream that is read from its latest record on is so from this moment.
        """
        if mapping.kind == "sqs":
            self._check_queue(mapping)
        elif mapping.kind in ("kinesis", "dynamodb"):
            self._check_stream(mapping)

    def _check_queue(self, mapping: EventSourceMapping) -> None:
        _, _, _, _, account, name = str(mapping.source_arn).split(":")
        client = self._client("sqs")
        try:
            url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        except Exception as error:
            if "NonExistentQueue" not in _code(error) and "QueueDoesNotExist" not in _code(error):
                raise
            raise InvalidParameter(
                "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
                "SQS Error Message: The specified queue does not exist."
            ) from None
        timeout_s = self._control.get(_reference(mapping)).timeout_s
        visibility_s = int(found.get("VisibilityTimeout", 30))
        if visibility_s < timeout_s:
            raise InvalidParameter(
                f"Queue visibility timeout: {visibility_s} seconds is less than Function timeout: {timeout_s} seconds"
            )

    def _check_stream(self, mapping: EventSourceMapping) -> None:
        client = self._stream(mapping)
        try:
            shards = client.shards()
        except Exception as error:
            if "ResourceNotFound" not in _code(error) and not self._is_ours:
                raise
            raise InvalidParameter(f"Stream not found: {mapping.source_arn}") from None
        if _start(mapping).position == "LATEST" and self._is_ours:
            positions = self._kept(mapping.uuid, lambda: True)
            for shard in shards:
                positions.save(shard.id, Position(client.last_sequence(shard.id)))

    def poller(self, mapping: EventSourceMapping, told: Callable[[str], None]) -> Poller:
        """The poller of a mapping; `told` gets its LastProcessingResult."""
        members = mapping.members
        limits = BatchLimits(members["BatchSize"], members.get("MaximumBatchingWindowInSeconds") or 0)
        reports = "ReportBatchItemFailures" in (members.get("FunctionResponseTypes") or ())
        run = self._runner(mapping)
        if mapping.kind == "sqs":
            most = (members.get("ScalingConfig") or {}).get("MaximumConcurrency")
            settings = QueueSettings(limits, is_fifo(mapping.source_arn), reports, most)
            wait_s = 20 if self._is_ours else 5
            arn, patterns = str(mapping.source_arn), patterns_of(members.get("FilterCriteria"))
            return QueuePoller(arn, settings, patterns, self._client("sqs"), run, told, wait_s, self._dismiss)
        stream_settings = StreamSettings(
            limits,
            members.get("ParallelizationFactor") or 1,
            members.get("MaximumRetryAttempts", -1),
            members.get("MaximumRecordAgeInSeconds", -1),
            bool(members.get("BisectBatchOnFunctionError")),
            reports,
            members.get("TumblingWindowInSeconds") or 0,
        )
        positions = self._kept(mapping.uuid, lambda: self._exists(mapping.uuid))
        hooks = Hooks(
            lambda shard, given_up: self._give_up(mapping, shard, given_up),
            told,
            self._clock.now,
            partial(self._began, mapping),
        )
        client = self._stream(mapping)
        idle_s = 20.0 if self._is_ours else 1.0
        return StreamPoller(
            *(client, stream_settings, _start(mapping), positions, run, hooks), is_ours=self._is_ours, idle_s=idle_s
        )

    def _stream(self, mapping: EventSourceMapping) -> StreamClient:
        api = self._client(_SERVICES[mapping.kind])
        patterns = patterns_of(mapping.members.get("FilterCriteria"))
        role = f"arn:aws:iam::{self._account.id}:role/lambda-role"
        return StreamClient(mapping.kind, str(mapping.source_arn), api, patterns, role)

    def _kept(self, uuid: str, is_there: Callable[[], bool]) -> _Kept:
        return _Kept(self._positions, uuid, is_there)

    def _runner(self, mapping: EventSourceMapping) -> Runner:
        def run(event: bytes, ended: Callable[[Came], None]) -> None:
            request = Request(new_request_id(), event, trigger=mapping.kind, qualifier=mapping.qualifier)

            def done(it: Finished | Exception) -> None:
                if isinstance(it, Exception):
                    ended(Came("nothing", request_id=request.request_id))
                    return
                record = it.record
                how = "success" if record.error_type is None else "error"
                ended(Came(how, it.payload, record.request_id, record.version, record.error_type))  # type: ignore[arg-type]

            try:
                version, _ = self._control.resolve(_reference(mapping))
                self._invoker.begin_request(version, request, done)
            except RecursiveInvocation:
                ended(Came("error", request_id=request.request_id))
            except LambdaError:  # it is gone, or cannot be started: as if there were no room
                ended(Came("nothing", request_id=request.request_id))

        return run

    def _began(self, mapping: EventSourceMapping, age_s: float) -> None:
        """Count how old a batch is for IteratorAge."""
        age_ms = age_s * 1_000
        with suppress(StateError):  # a full disk does not keep records from their function
            self._count(EventCount(mapping.function, ITERATOR_AGE, minute_of(self._clock.now()), 1, age_ms, age_ms))

    def _give_up(self, mapping: EventSourceMapping, shard_id: str, given_up: GivenUp) -> None:
        """Have the on-failure destination told, if there is one."""
        failure = (mapping.members.get("DestinationConfig") or {}).get("OnFailure") or {}
        arn = failure.get("Destination")
        if not arn:
            return
        now = self._clock.now()
        function_arn = self._account.function_arn(mapping.function, mapping.qualifier)
        made = document(
            given_up,
            kind=mapping.kind,
            stream_arn=str(mapping.source_arn),
            shard_id=shard_id,
            function_arn=function_arn,
            request_id=new_request_id(),
            now=now,
        )
        if arn.split(":")[2] == "s3":
            made = with_payload(made, given_up)
        request_id = made["requestContext"]["requestId"]
        about = arn, ON_FAILURE, function_arn, request_id, None, json.dumps(made).encode()
        key = object_key(mapping.uuid, shard_id, now, str(uuids.uuid4()))
        self._deliver(Delivery(*about, "", "", now, now, object_key=key))


def _reference(mapping: EventSourceMapping) -> str:
    return mapping.function if mapping.qualifier is None else f"{mapping.function}:{mapping.qualifier}"


def _start(mapping: EventSourceMapping) -> Start:
    return Start(mapping.members.get("StartingPosition", "TRIM_HORIZON"), mapping.members.get("StartingPositionTimestamp"))


def _code(error: Exception) -> str:
    """AWS's code of an error that boto3 raised; else its text."""
    response = getattr(error, "response", None) or {}
    return str((response.get("Error") or {}).get("Code") or error)
