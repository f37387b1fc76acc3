"""One invocation: what is asked, what came of it, and the record that every view is made from."""

from __future__ import annotations

from typing import Literal, NamedTuple

Status = Literal["success", "error", "timeout", "out_of_memory", "throttled"]
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, AWS_LAMBDA_INITIALIZATION_TYPE
ON_DEMAND, PROVISIONED, SNAP_START = "on-demand", "provisioned-concurrency", "snap-start"
#: what started an invocation; event sources add their own ("sqs", "s3" …)
DIRECT = "direct"


class InvocationRecord(NamedTuple):
    """All that is kept of one invocation. Immutable; REPORT lines, frames, metrics and cost are views of it.

    A NamedTuple, not a dataclass: one is made on the hot path of every invocation (0.4 against 2.5 us).

    `started_at` is in seconds since the epoch (UTC); `duration_ms` is the handler's own time with reading the event
    and writing the response; `billed_ms` is rounded up, with init since 2025-08-01; `init_ms` is None for a
    warm start; memory is in MB, the maximum being the peak resident size of the environment's process;
    `attempt` counts from 1; sizes are those of the JSON payloads in bytes; `log_stream` ends in the environment's id;
    `initialization` is how that came to be, in the words of AWS_LAMBDA_INITIALIZATION_TYPE; `system_log_level` is None
    where the function logged text, not JSON; `restore_ms` is None unless the environment was restored from a snapshot for
    this invocation, and `billed_restore_ms` the part of that which is billed, within `billed_ms`; `qualifier` is what the
    function was asked for with, a version or an alias, None where nothing was.
    """

    request_id: str
    function: str
    version: str
    started_at: float
    duration_ms: float
    billed_ms: int
    init_ms: float | None
    memory_mb: int
    max_memory_mb: int
    cold_start: bool
    status: Status
    error_type: str | None
    trigger: str
    attempt: int
    log_stream: str
    request_bytes: int
    response_bytes: int
    architecture: str
    ephemeral_storage_mb: int
    initialization: str = ON_DEMAND
    system_log_level: str | None = None
    restore_ms: float | None = None
    billed_restore_ms: int = 0
    qualifier: str | None = None

    @property
    def environment_id(self) -> str:
        """The execution environment's id: 32 hex digits, empty for a throttle."""
        return self.log_stream[-32:]

    def is_of(self, qualifier: str | None) -> bool:
        """Whether this version served it, or this alias was asked for; None is of everything."""
        return qualifier is None or qualifier in (self.version, self.qualifier)


class FailedInit(NamedTuple):
    """An init phase that did not come to its end, within the invocation that it was for.

    `phase` is "init" for the first, "invoke" for the second, which runs on the invocation's own time; `status` is
    "error" or "timeout"; `duration_ms` is what it took, `ended_at` is in seconds since the epoch, and `log_end` how
    much had been written to the invocation's log by then, in bytes.
    """

    phase: str
    status: str
    error_type: str | None
    duration_ms: float
    ended_at: float
    log_end: int


class Outcome(NamedTuple):
    """What one invocation came to, as the engine saw it.

    `payload` is the response or error document, as bytes of JSON (or raw bytes where the handler returned bytes);
    `error_type` is None for success; `log` holds what the function wrote, as the environment wrote it (see
    `jlambda.telemetry.logs`); durations are in milliseconds, memory in MB. `restore_runtime_ms` is that part of
    `restore_ms` that the runtime took, hooks included; `streamed_bytes` is how much went to the caller before the end, None
    where nothing was streamed: `payload` then holds an error document or nothing.
    """

    status: Status
    payload: bytes
    error_type: str | None
    started_at: float
    duration_ms: float
    init_ms: float | None
    max_memory_mb: int
    cold_start: bool
    log_stream: str
    log: bytes
    failed_inits: tuple[FailedInit, ...] = ()
    initialization: str = ON_DEMAND
    restore_ms: float | None = None
    restore_runtime_ms: float = 0.0
    streamed_bytes: int | None = None


class Request(NamedTuple):
    """One invocation asked for. `event` is JSON; the optional members are those of the Invoke API.

    `client_context` and `cognito_identity` are JSON objects as text, `trace_id` is an X-Ray header; `is_streamed` where the
    caller takes the response while it comes.
    """

    request_id: str
    event: bytes
    trigger: str = DIRECT
    attempt: int = 1
    qualifier: str | None = None
    client_context: str | None = None
    cognito_identity: str | None = None
    trace_id: str | None = None
    is_streamed: bool = False

    def is_unusual(self) -> bool:
        """Whether the environment must be told more than the event and the request id."""
        return self[4:] != _USUAL


#: the members of a usual request, from the qualifier on
_USUAL = (None, None, None, None, False)
