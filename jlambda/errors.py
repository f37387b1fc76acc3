"""Every error that jlambda raises.

LambdaError                  500  ServiceException
├── InvalidParameter         400  InvalidParameterValueException
├── InvalidRequestContent    400  InvalidRequestContentException
├── ValidationFailed         400  ValidationException
├── RequestTooLarge          413  RequestEntityTooLargeException
├── ResourceNotFound         404  ResourceNotFoundException
│   └── ProvisionedConcurrencyConfigNotFound
├── ResourceConflict         409  ResourceConflictException
├── PreconditionFailed       412  PreconditionFailedException
├── PolicyLengthExceeded     400  PolicyLengthExceededException
├── ResourceInUse            400  ResourceInUseException
├── InvalidEventPattern      400  InvalidEventPatternException
├── InvalidArgument          400  InvalidArgument
├── CodeSigningConfigNotFound  404  CodeSigningConfigNotFoundException
├── Throttled                429  TooManyRequestsException
├── RecursiveInvocation      400  RecursiveInvocationException
├── SnapStartFailed          400  SnapStartException
├── CodeError                     the cell or file cannot become a function
├── EngineError                   the supervisor or an environment could not be started
├── StateError                    the state folder cannot be read or written
└── FunctionError                 the function itself failed; raised by `fn(event)`

A function that fails is a value first, an `Outcome`; only a call that promised a bare result turns it into
`FunctionError`. In a notebook every error here is one line: what is wrong, where, and what to do next.
"""

from __future__ import annotations

import re

#: how stack traces name the file that a cell became, by language; a class of Java's without a package is a cell's
_CELL = re.compile(
    r'File "/var/task/lambda_function\.py"|/var/task/lambda_function\.rb|/var/task/index\.[mc]?[jt]s|/var/task/Function\.cs'
    r"|\btask/main\.go|^(?P<before>[\w$]+\.[\w$<>]+\()\w+\.java\b"
)
#: frames below those of the function: what called it
_CALLER = re.compile(r"/var/runtime/|\(node:|at new Promise \(<anonymous>\)|java\.base/(?:jdk\.internal|java\.lang)\.reflect\.")


class LambdaError(Exception):
    """Base class. The gateway reads `code`, `status` and `aws_message`, and nothing else.

    A message may have a `hint` behind it, for people: what to do next. Subclasses pass all their arguments to
    `Exception.__init__`, so that an error survives pickling.
    """

    code = "ServiceException"
    status = 500

    @property
    def aws_message(self) -> str:
        """What AWS would say; ``str`` may say more."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        return " ".join((self.aws_message, *(f"({hint})" for hint in self.args[1:] if hint)))

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback: our frames help nobody."""
        return [f"{type(self).__name__}: {self}"]


class InvalidParameter(LambdaError):
    """A value is outside what Lambda allows."""

    code, status = "InvalidParameterValueException", 400


class ValidationFailed(LambdaError):
    """Members of an API request break their constraints; the message lists them in AWS's words."""

    code, status = "ValidationException", 400


class InvalidRequestContent(LambdaError):
    """The event is not JSON."""

    code, status = "InvalidRequestContentException", 400


class RequestTooLarge(LambdaError):
    """The event or the code is over its size limit."""

    code, status = "RequestEntityTooLargeException", 413


class ResourceNotFound(LambdaError):
    """There is no such function, version or alias; `hint` says what there is, which the API does not tell."""

    code, status = "ResourceNotFoundException", 404


class ProvisionedConcurrencyConfigNotFound(ResourceNotFound):
    """Nothing was provisioned on this version or alias."""

    code = "ProvisionedConcurrencyConfigNotFoundException"


class ResourceConflict(LambdaError):
    """The function exists already, or is being changed by someone else."""

    code, status = "ResourceConflictException", 409


class PreconditionFailed(LambdaError):
    """A change was meant for another revision than the present one."""

    code, status = "PreconditionFailedException", 412


class PolicyLengthExceeded(LambdaError):
    """A resource-based policy would be longer than 20 KB."""

    code, status = "PolicyLengthExceededException", 400


class ResourceInUse(LambdaError):
    """An event source mapping cannot be changed while it is being created, changed or deleted."""

    code, status = "ResourceInUseException", 400


class InvalidArgument(LambdaError):
    """S3's: what was asked for cannot be meant."""

    code, status = "InvalidArgument", 400


class InvalidEventPattern(LambdaError):
    """The pattern of a rule of EventBridge is none; the message says what is wrong, and where."""

    code, status = "InvalidEventPatternException", 400


class CodeSigningConfigNotFound(LambdaError):
    """There is no such code signing configuration, or the function has none."""

    code, status = "CodeSigningConfigNotFoundException", 404


class Throttled(LambdaError):
    """No concurrency was free, so nothing ran and nothing is billed."""

    code, status = "TooManyRequestsException", 429

    def __init__(self, function: str, reason: str) -> None:
        super().__init__(function, reason)
        self.function, self.reason = function, reason

    @property
    def aws_message(self) -> str:
        """What AWS would say: nothing of the function."""
        return "Rate Exceeded."

    def __str__(self) -> str:
        return f"Rate Exceeded: {self.function} ({self.reason})"


class RecursiveInvocation(LambdaError):
    """The function was invoked too often in one chain of events, so it was not invoked again."""

    code, status = "RecursiveInvocationException", 400

    def __init__(self, function: str, limit: int) -> None:
        super().__init__(function, limit)
        self.function, self.limit = function, limit

    @property
    def aws_message(self) -> str:
        """What AWS says: nothing of the function."""
        return (
            "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources "
            "and stopped your function's invocation."
        )

    def __str__(self) -> str:
        return (
            f"{self.function} was invoked {self.limit} times in one chain of events, and is stopped: end the loop, or allow it "
            f'with client.put_function_recursion_config(FunctionName="{self.function}", RecursiveLoop="Allow")'
        )


class SnapStartFailed(LambdaError):
    """The snapshot of a version could not be made: its init phase, or a hook before the snapshot, failed.

    `payload` is the error document, of which the message shows no more than `error_type`: it may hold secrets.
    """

    code, status = "SnapStartException", 400

    def __init__(self, function: str, error_type: str, payload: bytes) -> None:
        super().__init__(function, error_type, payload)
        self.function, self.error_type, self.payload = function, error_type, payload

    def __str__(self) -> str:
        return f"{self.function}: the snapshot of this version could not be made ({self.error_type}): publish another one"


class CodeError(LambdaError):
    """A cell, file or callable cannot become a function."""

    code, status = "InvalidParameterValueException", 400


class EngineError(LambdaError):
    """An execution environment could not be started or has been lost through no fault of the function."""


class StateError(LambdaError):
    """The state folder cannot be opened, read or written."""


class FunctionError(LambdaError):
    """The function ran and failed: it raised, timed out, or its process ended.

    `error_type`, `message` and `stack` (formatted frames, as `traceback.format_list` gives them) are those of the
    function's error payload; `origin` names where the code came from (``"Cell In[3]"``), so that the frames shown
    point at the cell; `request_id` finds the invocation's record and logs.
    """

    def __init__(
        self,
        function: str,
        error_type: str,
        message: str,
        stack: tuple[str, ...] = (),
        request_id: str = "",
        origin: str = "",
    ) -> None:
        super().__init__(function, error_type, message, stack, request_id, origin)
        self.function, self.error_type, self.message = function, error_type, message
        self.stack, self.request_id, self.origin = stack, request_id, origin

    @property
    def aws_message(self) -> str:
        """What the function itself said: AWS has no error for it."""
        return self.message

    def __str__(self) -> str:
        kind = "" if self.message.startswith("RequestId: ") else f"{self.error_type}: "
        return f"{self.function} failed: {kind}{self.message}"

    def _render_traceback_(self) -> list[str]:
        frames = [frame.rstrip("\n") for frame in self.stack]
        while frames and _CALLER.search(frames[-1]):
            frames.pop()
        if self.origin:
            frames = [_CELL.sub(lambda found: (found["before"] or "") + self.origin, frame) for frame in frames]
        head = ["Traceback (most recent call last):"] if frames else []
        return [*head, *frames, f"FunctionError: {self}"]
