"""A `concurrent.futures.Executor` whose workers are execution environments.

Code that takes an executor runs on Lambda's terms: each call is an invocation, with a record, a memory size and a
timeout. Functions, arguments and results travel pickled with dill, within the 6 MB of an event.
"""

from __future__ import annotations

import base64
import builtins
import uuid
from collections.abc import Callable
from concurrent.futures import Executor as _Executor
from concurrent.futures import Future
from typing import Any, TypeVar

from jlambda import session as sessions
from jlambda.errors import FunctionError
from jlambda.handle import result_of
from jlambda.service.invoke import Finished
from jlambda.session import Session

T = TypeVar("T")

_SOURCE = '''\
import base64

import dill


def handler(event, context):
    call, arguments, options = dill.loads(base64.b64decode(event["call"]))
    return base64.b64encode(dill.dumps(call(*arguments, **options), recurse=True)).decode()
'''


class Executor(_Executor):
    """Runs calls as invocations of one function, which is deleted at shutdown; its records stay.

    `memory` is in MB, `timeout` in seconds. A call that raises gives its future the same exception where that is
    one of Python's own, else a `FunctionError` with its type, message and stack.
    """

    def __init__(
        self, *, memory: int | None = None, timeout: int | None = None, name: str | None = None, session: Session | None = None
    ) -> None:
        self._session = session or sessions.current()
        name = name or f"executor-{uuid.uuid4().hex[:8]}"
        self._function = self._session.deploy(_SOURCE, name, memory=memory, timeout=timeout, description="jlambda.Executor")
        self._version = self._session.control.version(name)
        self._under_way: set[Future[Any]] = set()
        self._is_shut_down = False

    @property
    def name(self) -> str:
        """The name of the function that runs the calls."""
        return self._function.name

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run ``fn(*args, **kwargs)`` in an execution environment."""
        if self._is_shut_down:
            raise RuntimeError("cannot schedule new futures after shutdown")
        import dill

        call = base64.b64encode(dill.dumps((fn, args, kwargs), recurse=True)).decode()
        future: Future[Any] = self._session.invoker.submit(self._version, {"call": call}, self._result)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    def _result(self, finished: Finished) -> Any:
        import dill

        try:
            return dill.loads(base64.b64decode(result_of(finished, "")))
        except FunctionError as error:
            kind = getattr(builtins, error.error_type, None)
            if isinstance(kind, type) and issubclass(kind, Exception):
                raise kind(error.message) from error
            raise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - they run already
        """Take no more calls; wait for those under way unless told not to. Their function is deleted then."""
        from concurrent.futures import wait as wait_for

        is_first, self._is_shut_down = not self._is_shut_down, True
        if wait:
            wait_for(list(self._under_way))
        if is_first:
            self._session.delete(self.name)
