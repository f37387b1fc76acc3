"""Values that many tests need."""

from __future__ import annotations

from jlambda.model.invocation import InvocationRecord

STREAM = "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef"
# 2026-11-23 12:00:00 UTC
NOON = 1_795_435_200.0


def a_record(number: float = 0, **changes: object) -> InvocationRecord:
    """A warm, successful invocation: 3.01 ms of the function `hello`, `number` seconds after noon."""
    record = InvocationRecord(
        request_id=f"00000000-0000-4000-8000-{int(number):012d}",
        function="hello",
        version="$LATEST",
        started_at=NOON + number,
        duration_ms=3.01,
        billed_ms=4,
        init_ms=None,
        memory_mb=128,
        max_memory_mb=36,
        cold_start=False,
        status="success",
        error_type=None,
        trigger="direct",
        attempt=1,
        log_stream=STREAM,
        request_bytes=15,
        response_bytes=16,
        architecture="x86_64",
        ephemeral_storage_mb=512,
    )
    return record._replace(**changes)  # type: ignore[arg-type]
