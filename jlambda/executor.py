"""A `concurrent.futures.Executor` whose calls run in execution environments.

Code that takes an executor runs on Lambda's terms: each call is an invocation, with a record, a memory size and a
timeout. Functions, arguments and results travel pickled with dill, within the 6 MB of an event and of a response.
"""

from __future__ import annotations

import base64
import tempfile
import threading
import uuid
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor as _Executor
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from jlambda import session as sessions
from jlambda.errors import LambdaError, ResourceConflict, ResourceNotFound
from jlambda.handle import concurrency_of
from jlambda.invocation import error_document, function_error
from jlambda.model.limits import MB_PER_VCPU, TIMEOUT_S
from jlambda.service import shipping
from jlambda.service.invoke import Finished, fulfil
from jlambda.service.version import DeployedVersion
from jlambda.session import Session

T = TypeVar("T")

_DESCRIPTION = "jlambda.Executor"


class Executor(_Executor):
    """Runs calls as invocations of one function, which is deleted at shutdown; its records stay.

    `memory` is in MB (default: one vCPU), `timeout` in seconds (default: the most that Lambda gives), and at most
    `max_concurrency` calls run at one time (default: twice the processors); the others wait, and can be cancelled.
    A call that raises gives its future the same exception, whose cause is a `FunctionError` with the frames; one that
    times out, or whose process ends, gives it that `FunctionError`.
    """

    def __init__(
        self,
        *,
        memory: int = MB_PER_VCPU,
        timeout: int = TIMEOUT_S[-1],
        max_concurrency: int | None = None,
        name: str | None = None,
        session: Session | None = None,
    ) -> None:
        self._concurrency = concurrency_of(max_concurrency)
        self._session = session or sessions.current()
        self._name = name or f"executor-{uuid.uuid4().hex[:8]}"
        self._memory, self._timeout = memory, timeout
        self._check_name_is_free()
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Future[Any], dict[str, str]]] = deque()
        self._running: set[Future[Any]] = set()
        self._is_shut_down = False
        self._modules: frozenset[str] = frozenset()
        self._files = shipping.call_files()
        self._version = self._deploy()
        self._invoker = self._session.invoker
        self._end = weakref.finalize(self, _delete, self._session, self._name)
        self._end.atexit = False
        itself = weakref.ref(self)
        self._session.before_close(lambda: _close(itself))

    @property
    def name(self) -> str:
        """The name of the function that runs the calls."""
        return self._name

    def _check_name_is_free(self) -> None:
        with suppress(ResourceNotFound):
            if self._session.get(self._name).configuration.description != _DESCRIPTION:
                raise ResourceConflict(f"there is a function {self._name} already: choose another name for the executor")

    def _deploy(self) -> DeployedVersion:
        """Deploy the function, with the modules of the user's own that calls have needed so far."""
        with tempfile.TemporaryDirectory() as folder:
            for path, content in self._files.items():
                place = Path(folder, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            settings: dict[str, Any] = {"memory": self._memory, "timeout": self._timeout, "description": _DESCRIPTION}
            self._session.deploy(Path(folder), self._name, handler=shipping.CALL_HANDLER, **settings)
        return self._session.control.version(self._name)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run ``fn(*args, **kwargs)`` in an execution environment."""
        future: Future[Any] = Future()
        call: shipping.Pickled | Exception
        try:
            call = shipping.pickled((fn, args, kwargs))
        except Exception as error:
            call = error
        with self._lock:
            if self._is_shut_down:
                raise RuntimeError("cannot schedule new futures after shutdown")
            if isinstance(call, shipping.Pickled):
                self._provide(call.modules)
                self._waiting.append((future, {"call": base64.b64encode(call.data).decode()}))
        if isinstance(call, Exception):
            future.set_running_or_notify_cancel()
            future.set_exception(call)
        self._start()
        return future

    def _provide(self, modules: frozenset[str]) -> None:
        """See to it that environments can import what a call refers to."""
        if modules <= self._modules:
            return
        self._modules |= modules
        files = self._files | shipping.own_files(self._modules)
        if files != self._files:
            self._files = files
            self._version = self._deploy()

    def _start(self) -> None:
        """Begin as many of the calls that wait as may run now."""
        while True:
            with self._lock:
                if not self._waiting or len(self._running) >= self._concurrency:
                    break
                future, event = self._waiting.popleft()
                if not future.set_running_or_notify_cancel():
                    continue
                self._running.add(future)
            try:
                self._invoker.begin(self._version, event, partial(self._done, future))
            except LambdaError as error:
                with self._lock:
                    self._running.discard(future)
                future.set_exception(error)
        with self._lock:
            is_over = self._is_shut_down and not self._waiting and not self._running
        if is_over:
            self._finish()

    def _finish(self) -> None:
        if self._end.detach():  # called, it would do nothing at the interpreter's end
            _delete(self._session, self._name)

    def _done(self, future: Future[Any], ended: Finished | Exception) -> None:
        with self._lock:
            self._running.discard(future)
        self._start()
        fulfil(future, ended, _result)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; wait for those that were taken, unless told not to. Their function goes with the last."""
        with self._lock:
            self._is_shut_down = True
            cancelled = [future for future, _ in self._waiting] if cancel_futures else []
            if cancel_futures:
                self._waiting.clear()
            left = [*(future for future, _ in self._waiting), *self._running]
        for future in cancelled:
            future.cancel()
            future.set_running_or_notify_cancel()
        if wait:
            wait_for(left)
        self._start()


def _delete(session: Session, name: str) -> None:
    with suppress(LambdaError):
        session.delete(name)


def _close(executor: weakref.ref[Executor]) -> None:
    """Before its session is closed: nothing waits, nothing more is taken, the function goes."""
    it = executor()
    if it is not None:
        it.shutdown(wait=False, cancel_futures=True)
        it._finish()


def _result(finished: Finished) -> Any:
    """What a call returned. Raises what it raised."""
    import dill

    if finished.record.error_type is None:
        return dill.loads(finished.payload)
    failure = function_error(finished.record, finished.payload, "")
    frames = [frame for frame in failure.stack if shipping.CALL_FILE not in frame]
    failure.add_note("".join(["Traceback (most recent call last):\n", *frames]))
    error = _carried(finished.payload)
    if error is None:
        raise failure
    raise error from failure


def _carried(payload: bytes) -> Exception | None:
    """The exception that an error document carries; None where there is none, or it cannot be made again here."""
    import dill

    try:
        error = dill.loads(base64.b64decode(error_document(payload)["exception"]))
    except Exception:
        return None
    return error if isinstance(error, Exception) else None
