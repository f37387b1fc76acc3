"""The `context` that a Python handler is given, member for member that of AWS's runtime.

Class names, `repr` and the order of members are AWS's too: code in the wild looks at all three. What does not change
while an environment lives is read from its environment variables once.
"""

from __future__ import annotations

import os
import sys
import time

from jlambda.runtimes.payload import ReportedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# the members of a W3C trace context that a caller may pass within its client context
_TRACE_FIELDS = ("traceparent", "tracestate", "baggage")


class Invocation:
    """What log records and error documents tell of the invocation that they belong to; empty during the init phase."""

    def __init__(self) -> None:
        self.request_id = ""
        self.tenant_id: object = None


class _Members:
    """An object whose members are named by its class, None where nothing was given."""

    names: tuple[str, ...] = ()
    __slots__: tuple[str, ...] = ()

    def __init__(self, values: Mapping[str, object]) -> None:
        for name in self.names:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{','.join(f'{name}={getattr(self, name)}' for name in self.names)}])"


class CognitoIdentity(_Members):
    """Who called, where a Cognito identity pool signed the call."""

    names = __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")
    cognito_identity_id: object
    cognito_identity_pool_id: object


# what its constructor does takes as long as all else that is in a context
_new_identity = CognitoIdentity.__new__


class Client(_Members):
    """The mobile app that called."""

    names = __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(_Members):
    """What the caller sent in ``X-Amz-Client-Context``."""

    names = __slots__ = ("custom", "env", "client")


class LambdaContext:
    """One invocation as its handler sees it.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html; `memory_limit_in_mb` is text, as on AWS.
    """

    def __init__(
        self,
        request_id: str,
        deadline_ms: int,
        function_arn: str,
        constants: tuple[str | None, ...],
        extra: Mapping[str, object],
    ) -> None:
        self.aws_request_id = request_id
        self.log_group_name = constants[0]
        self.log_stream_name = constants[1]
        self.function_name = constants[2]
        self.memory_limit_in_mb = constants[3]
        self.function_version = constants[4]
        self.invoked_function_arn = function_arn
        self.tenant_id: object = None
        self._w3c_fields: dict[str, str] = {}
        self.client_context: ClientContext | None = None
        self.identity = identity = _new_identity(CognitoIdentity)
        identity.cognito_identity_id = identity.cognito_identity_pool_id = None
        self._epoch_deadline_time_in_ms = deadline_ms
        if extra:
            self._take(extra)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation times out, never negative."""
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def w3c(self) -> dict[str, str]:
        """The W3C trace context that the caller passed."""
        return dict(self._w3c_fields)

    def log(self, msg: object) -> None:
        """Write `msg` to the log as one event."""
        import logging

        for handler in logging.getLogger().handlers:
            if hasattr(handler, "log_sink"):
                handler.log_sink.log(str(msg))
                return
        sys.stdout.write(str(msg))

    def __repr__(self) -> str:
        hidden = ("_w3c_fields", "_epoch_deadline_time_in_ms", "tenant_id")
        members = [f"{name}={value}" for name, value in vars(self).items() if name not in hidden]
        return f"{type(self).__name__}([{','.join([*members, f'tenant_id={self.tenant_id}'])}])"

    def _take(self, extra: Mapping[str, object]) -> None:
        self.tenant_id = extra.get("tenant_id")
        if extra.get("qualifier"):
            self.invoked_function_arn += f":{extra['qualifier']}"
        client = _parsed(extra.get("client_context"), "Client Context")
        if client is not None:
            trace = client.pop("w3c", None)
            if isinstance(trace, dict):
                self._w3c_fields = {name: trace[name] for name in _TRACE_FIELDS if isinstance(trace.get(name), str)}
            app = client.get("client")
            self.client_context = ClientContext({**client, "client": Client(app) if isinstance(app, dict) else app})
        identity = _parsed(extra.get("cognito_identity"), "Cognito Identity")
        if identity is not None:
            values = (identity.get("cognitoIdentityId"), identity.get("cognitoIdentityPoolId"))
            self.identity = CognitoIdentity(dict(zip(CognitoIdentity.names, values)))  # noqa: B905 Pythons before 3.10


def context_maker(function_arn: str) -> Callable[[str, int, Mapping[str, object]], LambdaContext]:
    """A function that makes the context of each invocation in this environment.

    It takes the request id, the deadline in ms since the epoch, and the optional members of the invocation:
    ``qualifier``, ``tenant_id``, ``client_context`` and ``cognito_identity`` (these two JSON, as text).
    """
    read = os.environ.get
    # what is the same for every invocation
    constants = (
        read("AWS_LAMBDA_LOG_GROUP_NAME"),
        read("AWS_LAMBDA_LOG_STREAM_NAME"),
        read("AWS_LAMBDA_FUNCTION_NAME"),
        read("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        read("AWS_LAMBDA_FUNCTION_VERSION"),
    )

    def make_context(request_id: str, deadline_ms: int, extra: Mapping[str, object]) -> LambdaContext:
        return LambdaContext(request_id, deadline_ms, function_arn, constants, extra)

    return make_context


def _parsed(text: object, name: str) -> dict[str, object] | None:
    if not text:
        return None
    import json

    try:
        value: dict[str, object] | None = json.loads(str(text))
    except Exception as error:
        raise ReportedError("Runtime.LambdaContextUnmarshalError", f"Unable to parse {name} JSON: {error}") from None
    return value
