"""Lambda's quotas, each with the page it comes from, and the checks that hold values to them."""

from __future__ import annotations

from jlambda.errors import InvalidParameter

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MEMORY_MB = range(128, 10_240 + 1)
TIMEOUT_S = range(1, 900 + 1)
EPHEMERAL_STORAGE_MB = range(512, 10_240 + 1)
PAYLOAD_BYTES = 6_291_456
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: what an asynchronous event may have; InvokeAsync had less
ASYNC_PAYLOAD_BYTES = 1_048_576
INVOKE_ASYNC_BYTES = 262_144
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, ClientContext
CLIENT_CONTEXT_CHARS = 3_583
ENVIRONMENT_BYTES = 4_096
# A request to the API, and a zip in it (recorded on AWS in its messages).
REQUEST_BYTES = 70_167_211
ZIPPED_BYTES = 52_428_800
UNZIPPED_BYTES = 262_144_000
STORED_BYTES = 80_530_636_800
CONCURRENT_EXECUTIONS = 1_000
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html: what reservations must leave to the others
MIN_UNRESERVED = 100
# The response limit that Lambda enforces is 100 bytes above the documented one (recorded on AWS).
RESPONSE_BYTES = 6_291_556
#: what the caller gets in place of a larger one
RESPONSE_TOO_LARGE = (
    b'{"errorType":"Function.ResponseSizeTooLarge",'
    b'"errorMessage":"Response payload size exceeded maximum allowed payload size (%d bytes)."}' % RESPONSE_BYTES
)
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
STREAMED_BYTES = 200 << 20
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: 1,769 MB is one vCPU
MB_PER_VCPU = 1_769
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
HANDLER_CHARS = 128
DESCRIPTION_CHARS = 256
FUNCTION_NAME_CHARS = 64
# Defaults of CreateFunction
DEFAULT_MEMORY_MB = 128
DEFAULT_TIMEOUT_S = 3
DEFAULT_EPHEMERAL_STORAGE_MB = 512


def check_range(what: str, value: object, allowed: range, unit: str) -> int:
    """`value` if `allowed` holds it, else an `InvalidParameter` that says what is allowed."""
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise InvalidParameter(f"{what} is {value!r}; it must be a whole number from {allowed[0]} to {allowed[-1]} {unit}")
    return value
