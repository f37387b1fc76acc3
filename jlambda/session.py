"""A session: one account and region, one state folder, and the parts that work on them, put together here.

Nothing is opened, started or imported before it is needed: a session that was only made costs nothing.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from math import inf
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from jlambda.errors import EngineError, InvalidParameter, LambdaError, ResourceNotFound
from jlambda.handle import NO_EVENT, Function
from jlambda.invocation import Invocation
from jlambda.model.arn import Account, parse_reference
from jlambda.model.limits import CONCURRENT_EXECUTIONS
from jlambda.model.role import role_arn
from jlambda.service.invoke import Finished
from jlambda.store.payloads import KEPT, PAYLOAD_BYTES, Payloads

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from jlambda.api.address import Address
    from jlambda.api.server import Gateway
    from jlambda.aws.services import Services
    from jlambda.engine.engine import Engine
    from jlambda.model.function import FunctionConfiguration
    from jlambda.model.invocation import InvocationRecord
    from jlambda.model.layer import LayerVersion
    from jlambda.model.machine import Machine
    from jlambda.parts import Parts
    from jlambda.service.activity import Activity
    from jlambda.service.cells import DeployedCells
    from jlambda.service.clock import Clock
    from jlambda.service.concurrency import Concurrency
    from jlambda.service.control import ControlPlane
    from jlambda.service.event_queue import EventQueue
    from jlambda.service.inventory import Inventory
    from jlambda.service.invoke import Invoker
    from jlambda.service.log_subscriptions import LogSubscriptions
    from jlambda.service.log_tail import LogTail, Tailed
    from jlambda.service.polling import Polling
    from jlambda.service.provisioned import Provisioned
    from jlambda.service.recursion import Recursion
    from jlambda.service.roles import Roles
    from jlambda.service.service import Service
    from jlambda.service.test_events import TestEvents
    from jlambda.service.triggers import Triggers
    from jlambda.telemetry.overview import Overview

#: how long an idle environment stays, in seconds; Lambda gives no number, minutes are what is seen
KEEP_ALIVE_S = 600.0


class Session:
    """AWS Lambda for one notebook.

    `state` is the folder for functions, records and logs; by default ``.jlambda/NOTEBOOK`` in the current folder. It
    is used by one live session at a time: `notice` says so where this one had to take another. `cpu_limit` holds
    functions to the CPU share of their memory size, `freezer` stops them between invocations, `concurrency` is the
    account's limit on invocations at one time, and `keep_alive_s` how long an idle environment stays; a session that is
    open keeps to what they were when it was opened. With `strict_runtimes` a runtime is refused where only another version
    of it is installed, which would otherwise stand in for it, with a warning. What is changed through the API takes
    `settle_s` to settle: until then, as on AWS, functions are Pending or their update InProgress, event source mappings
    Creating, Updating or Deleting, and neither can be used or changed yet; with 0 only the answer to a change says so.
    `aws_endpoint` is the URL of AWS-compatible services to use in place of the embedded ones, or ``"aws"`` for AWS itself,
    with your own credentials, which functions never see.
    """

    def __init__(
        self,
        state: Path | str | None = None,
        account: str = Account().id,
        region: str = Account().region,
        *,
        cpu_limit: bool = True,
        freezer: bool = True,
        concurrency: int = CONCURRENT_EXECUTIONS,
        keep_alive_s: float = KEEP_ALIVE_S,
        strict_runtimes: bool = False,
        settle_s: float = 0.0,
        aws_endpoint: str | None = None,
    ) -> None:
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 0:
            raise InvalidParameter(f"concurrency is {concurrency!r}; it must be a whole number, 0 or more")
        if isinstance(keep_alive_s, bool) or not isinstance(keep_alive_s, (int, float)) or not keep_alive_s >= 0:
            raise InvalidParameter(f"keep_alive_s is {keep_alive_s!r}; it must be a number of seconds, 0 or more")
        if isinstance(settle_s, bool) or not isinstance(settle_s, (int, float)) or not 0 <= settle_s < inf:
            raise InvalidParameter(f"settle_s is {settle_s!r}; it must be a number of seconds, 0 or more")
        self.concurrency, self.keep_alive_s, self.strict_runtimes = concurrency, keep_alive_s, strict_runtimes
        self.settle_s, self.aws_endpoint = settle_s, aws_endpoint
        self.account = Account(account, region).checked()
        self.cpu_limit, self.freezer = cpu_limit, freezer
        self._asked = Path(state) if state is not None else default_folder()
        self._lock = threading.RLock()
        self._parts: Parts | None = None
        self._outer: list[Session | None] = []
        self._is_forked = self._is_closing = False
        self._gateway_was_at: tuple[int, str, str] | None = None
        _SESSIONS.add(self)

    # -- parts, made when first needed -----------------------------------------------------------------------------

    def _open(self) -> Parts:
        parts = self._parts
        if parts is None:
            with self._lock:
                if self._is_forked:
                    raise EngineError("this session belongs to the process that this one was forked from: make a new Session")
                if self._is_closing:
                    raise EngineError("this session is being closed")
                if self._parts is None:
                    from jlambda.parts import Parts

                    self._parts = Parts(self._asked, self)
                    # later than the database's own, so earlier at the interpreter's end
                    atexit.register(self.close)
                    self._parts.polling.start()
                parts = self._parts
        return parts

    @property
    def is_open(self) -> bool:
        """Whether anything has been opened or started."""
        return self._parts is not None

    @property
    def folder(self) -> Path:
        """The state folder in use."""
        return self._open().folder.path

    @property
    def notice(self) -> str | None:
        """One line to show the user, or None: the state folder was taken by another live session."""
        folder = self._open().folder
        if folder.shared_with is None:
            return None
        return f"{folder.shared_with} is in use by another kernel; this one keeps its functions in {folder.path}"

    @property
    def control(self) -> ControlPlane:
        """The control plane."""
        return self._open().control

    @property
    def service(self) -> Service:
        """Everything else of the Lambda service: layers, policies, mappings, functions as the API has them."""
        return self._open().service

    @property
    def invoker(self) -> Invoker:
        """What runs invocations."""
        return self._open().invoker

    @property
    def queue(self) -> EventQueue:
        """Asynchronous invocations."""
        return self._open().queue

    @property
    def recursion(self) -> Recursion:
        """Recursive loops of functions, and how many invocations were stopped for them."""
        return self._open().recursion

    @property
    def log_subscriptions(self) -> LogSubscriptions:
        """Who is started with what functions log."""
        return self._open().log_subscriptions

    @property
    def reservations(self) -> Concurrency:
        """Reserved concurrency of the functions."""
        return self._open().reservations

    @property
    def provisioned(self) -> Provisioned:
        """Provisioned concurrency of versions and aliases."""
        return self._open().provisioned

    @property
    def test_events(self) -> TestEvents:
        """Events with names, to try functions with."""
        return self._open().test_events

    @property
    def cells(self) -> DeployedCells:
        """The cells that functions were deployed from."""
        return self._open().cells

    @property
    def triggers(self) -> Triggers:
        """What starts functions: queues, streams, buckets, schedules."""
        return self._open().triggers

    @property
    def clock(self) -> Clock:
        """The session's time, which can be moved on: retries, event ages, schedules and idle environments follow it."""
        return self._open().clock

    @property
    def engine(self) -> Engine:
        """The execution environments."""
        return self._open().engine

    @property
    def activity(self) -> Activity:
        """What goes on, for those who follow it."""
        return self._open().activity

    @property
    def polling(self) -> Polling:
        """What reads queues and streams for functions."""
        return self._open().polling

    @property
    def services(self) -> Services:
        """The AWS services other than Lambda, and who is told of what changes in them."""
        return self._open().services

    @property
    def inventory(self) -> Inventory:
        """Which buckets, queues, tables and the like there are."""
        return self._open().inventory

    @property
    def roles(self) -> Roles:
        """The credentials of functions."""
        return self._open().roles

    # -- the gateway ---------------------------------------------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """The URL of this session's AWS endpoint; its gateway starts when it is first asked for."""
        return self.gateway().url

    @property
    def address(self) -> Address:
        """The endpoint with the access key that it takes."""
        from jlambda.api.address import Address

        gateway = self.gateway()
        return Address(gateway.url, self.account.id, self.account.region, gateway.key.id, gateway.key.secret)

    def front_url(self, kind: str, identity: str) -> str:
        """The address of a function URL, an API or a load balancer: by host name where this machine resolves it, else by path.

        `kind` is AWS's word in the host name: ``lambda-url``, ``execute-api``, ``elb``.
        """
        from jlambda.api.address import resolves_names_below_localhost
        from jlambda.model.http.address import Fronts

        fronts = Fronts(self.account.region, self.gateway().port)
        return fronts.url(kind, identity) if resolves_names_below_localhost() else fronts.path_url(kind, identity)

    def client(self, service: str) -> Any:
        """A boto3 client of an AWS service, wired to this session: ``client("lambda").invoke(FunctionName=...)``."""
        return self._client(service)

    def _client(self, service: str, attempts: int | None = None) -> Any:
        made = self.address.client(service, attempts)
        kept = weakref.ref(made)

        def close() -> None:
            if (client := kept()) is not None:
                client.close()  # its connections; it can be used again

        self._open().before_close.append(close)
        return made

    def client_while_open(self, parts: Parts, service: str, attempts: int | None = None) -> Any:
        """A boto3 client for what works in the background of `parts`. Raises `EngineError` once they are being closed.

        `attempts` are those of each call, boto3's own number unless given.
        """
        while not self._lock.acquire(timeout=0.05):  # whoever closes the session holds it, and may wait for us
            if parts.is_closing:
                raise EngineError("this session is closed")
        try:
            if parts.is_closing or self._parts is not parts:
                raise EngineError("this session is closed")
            return self._client(service, attempts)
        finally:
            self._lock.release()

    def gateway(self, port: int = 0, access_key_id: str | None = None, secret_access_key: str | None = None) -> Gateway:
        """The gateway, started if it is not: on a free port and with a new access key unless they are given then."""
        parts = self._open()
        if parts.gateway is None:
            with self._lock:
                if parts.gateway is None:
                    at = self._gateway_was_at or (port, access_key_id, secret_access_key)
                    parts.gateway = self._started_gateway(parts, *at)
        return parts.gateway

    def _started_gateway(self, parts: Parts, port: int, key_id: str | None, secret: str | None) -> Gateway:
        from jlambda.api import address
        from jlambda.api.server import Gateway

        key, folder, account = address.new_key(key_id, secret), parts.folder.path, self.account
        parts.unwatch()
        gateway = Gateway(self, key, port, parts.reserved)
        parts.before_close.append(gateway.close)
        address.write(folder, address.Address(gateway.url, account.id, account.region, key.id, key.secret))
        parts.before_close.append(lambda: address.remove(folder))
        return gateway

    def reserve_port(self, parts: Parts) -> int:
        """The port that functions find the gateway at. It is taken now, and the gateway starts when the first of them calls.

        0 for an environment that begins while `parts` are being closed, and ends with them.
        """
        if parts.gateway is not None:
            return parts.gateway.port
        while not self._lock.acquire(timeout=0.05):  # whoever closes the session holds it, and may wait for us
            if parts.is_closing:
                return 0
        try:
            if parts.gateway is not None:
                return parts.gateway.port
            if parts.is_closing:
                return 0
            if parts.reserved is None:
                from jlambda.api.listening import listen

                parts.reserved = listen()
                parts.unwatch = parts.engine.when_readable(parts.reserved.fileno(), self._start_gateway)
            return int(parts.reserved.getsockname()[1])
        finally:
            self._lock.release()

    def _start_gateway(self) -> None:
        with suppress(LambdaError):  # closed meanwhile
            self.gateway()

    def machine(self, state: Path | None = None) -> Machine:
        """What this machine is and what it lets this session enforce; starts the supervisor to find out.

        `state` is a state folder to look at in place of this session's. Where functions cannot run, the answer says why.
        """
        from jlambda.service.machine import examine

        with suppress(LambdaError):  # `examine` meets it again, and tells it
            self._open()
        parts = self._parts
        chosen = parts or self
        folder = state or (parts.folder.path if parts else self._asked)
        return examine(lambda: self.engine.protection(), folder, chosen.cpu_limit, chosen.freezer)

    # -- functions ---------------------------------------------------------------------------------------------------

    def deploy(
        self,
        source: str | Path | Callable[..., object],
        name: str | None = None,
        *,
        handler: str | None = None,
        runtime: str | None = None,
        memory: int | None = None,
        timeout: int | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        description: str | None = None,
        ephemeral_storage: int | None = None,
        architecture: str | None = None,
        layers: Sequence[str | LayerVersion] | None = None,
        requirements: str | Path | Iterable[str | Path] | None = None,
        log_format: str | None = None,
        application_log_level: str | None = None,
        system_log_level: str | None = None,
        log_group: str | None = None,
        snap_start: bool | None = None,
        role: str | None = None,
        use: Mapping[str, object] | None = None,
        classpath: Sequence[str | Path] = (),
        triggers: Sequence[str] | None = None,
        origin: str = "",
    ) -> Function:
        """Create a function, or update the one of this name; options not given keep their values.

        `source` is the text of a module, a path (a source file, a folder or a zip) or a callable; `runtime` is an
        identifier of Lambda's (``"nodejs22.x"``) or the name of a language (``"go"``); `memory` and `ephemeral_storage`
        are in MB, `timeout` is in seconds, `secrets` are environment variables whose values are never shown,
        `layers` are layer versions, ``"NAME:VERSION"``, ARNs or what `layer` gave, `requirements` is what pip installs into
        one more on top of them (``["requests==2.*"]``; ``[]`` takes it away), `log_format` is ``"Text"`` or ``"JSON"``, only
        the latter having levels, `snap_start` has published versions restored from snapshots, `use` holds objects that become
        globals of the module, `classpath` libraries that Java and C# are compiled with, `triggers` are specifications of what
        starts it (``"sqs:jobs"``), in place of those of the last deployment, `origin` says where the source came from
        (``"Cell In[3]"``), for tracebacks. Raises `InvalidParameter` and `CodeError`, having changed nothing.
        """
        from jlambda.dependencies import requirement_layer
        from jlambda.model.trigger import parse_triggers
        from jlambda.service.settings import Settings

        wanted = None if triggers is None else parse_triggers(triggers)
        if wanted:
            self.triggers.check(wanted)
        packages = None
        if requirements is not None:
            packages = requirement_layer(self, requirements, name or getattr(source, "__name__", None), runtime)
        named = layers if layers is None or isinstance(layers, str) else [_layer_name(each) for each in layers]
        settings = Settings(
            handler=handler,
            runtime=runtime,
            memory_mb=memory,
            timeout_s=timeout,
            environment=env,
            secrets=secrets,
            description=description,
            ephemeral_storage_mb=ephemeral_storage,
            architecture=architecture,
            layers=named,
            requirements=None if requirements is None else str(packages or ""),
            log_format=log_format,
            application_log_level=application_log_level,
            system_log_level=system_log_level,
            log_group=log_group,
            snap_start=snap_start,
            role=None if role is None else role_arn(role, self.account),
            use=use,
            classpath=tuple(map(str, classpath)),
            is_strict=self.strict_runtimes,
            origin=origin,
        )
        configuration, changed = self.control.deploy(source, name, settings)
        with suppress(EngineError):  # it is deployed; the first invocation will say what is wrong
            self.engine.start()
        notes = [f"layer {packages} with {packages.description}"] if packages else []
        notes += [] if wanted is None else self.triggers.deploy(configuration.name, wanted)
        return Function(self, configuration.name, changed, notes=notes)

    def layer(self, name: str, source: str | Path | Iterable[str | Path], *, runtime: str | None = None) -> LayerVersion:
        """Publish a layer from a folder, a zip, or requirements that pip installs; for ``deploy(layers=[...])``.

        What a folder or zip holds is at ``/opt``, so modules of Python belong into a folder ``python`` in it. `source` may be
        ``["requests==2.*"]`` or the path of a requirements.txt; `runtime` is the Python that they are for, by default the
        notebook's own. The same content again is the same version. Raises `InvalidParameter` and `CodeError`.
        """
        from jlambda.dependencies import publish

        return publish(self, name, source, runtime)

    def watch(self, changed: Callable[[str], None]) -> Callable[[], None]:
        """Have `changed` called with the name of each function that is made, changed or deleted; from any thread.

        Its triggers, concurrency and settings of events are part of it. What is returned ends it.
        """
        watchers = self.control.watchers
        watchers.append(changed)
        return lambda: watchers.remove(changed) if changed in watchers else None

    def follow(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Have `changed` called, at most ten times a second, after anything that `overview` shows has changed.

        Functions, invocations that begin and end, the phases of environments, events; in a thread of the session's. What is
        returned ends it; so does closing the session.
        """
        return self.activity.follow(changed)

    def overview(self) -> Overview:
        """What there is to see now: functions with their counts, environments, the queue, what ran lately, what it cost.

        Cheap while somebody follows the session; otherwise it counts all records.
        """
        return self.activity.overview()

    def get(self, name: str) -> Function:
        """A function by name, NAME:QUALIFIER or ARN. Raises `ResourceNotFound`."""
        return Function(self, self.control.get(name).name, qualifier=parse_reference(name, self.account).qualifier)

    def functions(self) -> list[Function]:
        """All functions, by name."""
        return [Function(self, configuration.name) for configuration in self.control.list()]

    def delete(self, name: str) -> None:
        """Delete a function and the triggers that it was deployed with; its records stay. Raises `ResourceNotFound`."""
        name = self.control.get(name).name
        self.triggers.forget(name)
        self.control.delete(name)

    def reset(self, keep_functions: bool = False) -> None:
        """Delete all functions with their triggers, records and logs, and all that the embedded services hold.

        The clock shows real time again. With `keep_functions` only the services are emptied, and events that wait given up.
        """
        if keep_functions:
            self.queue.clear()
            self._empty_services()
            return
        for configuration in self.control.list():
            self.triggers.forget(configuration.name)
        self.service.mappings.clear()
        self.control.reset()
        self.queue.clear()
        parts = self._open()
        parts.log_subscriptions.forget()
        parts.records.clear()
        parts.activity.start_over()
        self.clock.start_over()
        self._empty_services()

    def _empty_services(self) -> None:
        if self.aws_endpoint is None:  # another endpoint's data is its own
            self.services.reset()
            self._open().emptied()

    # -- snapshots of all that a session has ---------------------------------------------------------------------------

    def save_snapshot(self, name: str) -> None:
        """Keep all there is under a name: functions, records, events, and what the embedded services hold.

        Environments end for it. A snapshot of that name is replaced. Raises `InvalidParameter`.
        """
        from jlambda.store import lessons

        lessons.check_name(name)
        with self._set_aside() as folder:
            lessons.save(folder, name)

    def load_snapshot(self, name: str) -> None:
        """Have all as it was when a snapshot was taken; what there is now is gone. Raises `ResourceNotFound`."""
        from jlambda.store import lessons

        lessons.find(self.folder, name)
        with self._set_aside() as folder:
            lessons.load(folder, name)

    def snapshots(self) -> list[str]:
        """The names of the snapshots that were taken."""
        from jlambda.store import lessons

        return lessons.names(self.folder)

    @contextmanager
    def _set_aside(self) -> Iterator[Path]:
        """Close the session for a moment, and open it again with the gateway where it was."""
        parts = self._open()
        folder, gateway = parts.folder.path, parts.gateway
        self.close()
        try:
            yield folder
        finally:
            # whatever is opened may want the gateway at once: it is where it was whoever starts it
            self._gateway_was_at = None if gateway is None else (gateway.port, gateway.key.id, gateway.key.secret)
            with self._lock:
                try:
                    self._open()
                    if gateway is not None:
                        self.gateway()
                finally:
                    self._gateway_was_at = None

    def invoke(
        self, reference: str, event: Any = NO_EVENT, written: Callable[[Sequence[Tailed]], object] | None = None
    ) -> Invocation:
        """Invoke a function by name, NAME:QUALIFIER or ARN, and wait for it.

        `written` is called, in this thread, with the log events of the invocation while it writes them.
        """
        __tracebackhide__ = True
        version, qualifier = self.control.resolve(reference)
        if written is None:
            finished = self.invoker.invoke(version, event, qualifier)
        else:
            from jlambda.service.log_tail import invoke_tailed

            finished = invoke_tailed(self.invoker, version, event, qualifier, self._tail, written)
        return Invocation(self, finished, version.configuration)

    def tail(self, function: str | None = None) -> LogTail:
        """The log of one function or all from now on, also of what still runs: ``poll`` it, and close it."""
        return self._tail(self._named(function)[0])

    def _tail(self, function: str | None = None, request_id: str | None = None) -> LogTail:
        from jlambda.service.log_tail import LogTail

        about = self.engine, self.invoker, self.control, self.account.region
        return LogTail(*about, function, request_id)

    def invocation(self, request_id: str) -> Invocation:
        """An earlier invocation by its request id, or the beginning of it; of several attempts the last.

        Raises `ResourceNotFound`, and `InvalidParameter` where several invocations' ids begin so.
        """
        record, log, payloads = self._found(request_id)
        configuration: FunctionConfiguration | None = None
        with suppress(ResourceNotFound):  # it may be deleted
            configuration = self.control.get(record.function)
        finished = Finished(record, payloads.response or b"", log)
        return Invocation(self, finished, configuration, is_whole=payloads.response is not None)

    def event(self, request_id: str) -> bytes:
        """The event of an invocation, as JSON. Raises what `invocation` does, and `InvalidParameter` if it was not kept."""
        record, _, payloads = self._found(request_id)
        if payloads.event is None:
            raise InvalidParameter(
                f"the event of {record.request_id} was not kept: it has {record.request_bytes} bytes, and events "
                f"are kept up to {PAYLOAD_BYTES} bytes, of the newest {KEPT} invocations"
            )
        return payloads.event

    def _found(self, request_id: str) -> tuple[InvocationRecord, bytes, Payloads]:
        found = self._open().records.find(request_id, 2) if request_id else []
        if not found:
            raise ResourceNotFound(f"there is no invocation whose request id begins with {request_id!r}: see invocations()")
        if len({record.request_id for record, _, _ in found}) > 1:
            raise InvalidParameter(f"several invocations' request ids begin with {request_id!r}: give more of it")
        return found[-1]

    def latest(self, function: str, newest: int) -> list[InvocationRecord]:
        """The records of a function's `newest` invocations, in order of start."""
        return self._open().records.rows(self._named(function)[0], newest=newest)

    # -- views of the records; a function, version or alias by name or ARN, deleted ones too ----------------------------

    def invocations(self, function: str | None = None) -> pd.DataFrame:
        """Invocations of one function or all, one a row, oldest first; durations in ms, memory in MB, cost in USD."""
        from jlambda.telemetry import frames

        return frames.invocations(self._records(function))

    def logs(self, function: str | None = None) -> pd.DataFrame:
        """Log events of one function or all, in the order of time."""
        from jlambda.telemetry import frames

        runtimes = {configuration.name: configuration.runtime for configuration in self.control.list()}
        name, qualifier = self._named(function)
        found = self._open().records.raw_logs(name)
        return frames.logs([each for each in found if each[0].is_of(qualifier)], runtimes)

    def cost(self, function: str | None = None) -> pd.DataFrame:
        """What the invocations would cost on AWS in US dollars, by function: AWS's prices for what ran here."""
        from jlambda.telemetry import frames

        return frames.cost(self._records(function))

    def metrics(self, function: str | None = None) -> pd.DataFrame:
        """Invocations, errors, throttles and durations by function and minute."""
        from jlambda.telemetry import frames

        return frames.metrics(self._records(function))

    def queued(self, function: str | None = None) -> pd.DataFrame:
        """Asynchronous events of one function or all that are not over, one a row, oldest first, and dead ones.

        Times are the session's clock's: `due_at`, `due_in_s` and `age_s` in seconds; `attempts` are those that have failed.
        """
        from jlambda.telemetry import frames

        name = self._named(function)[0]
        rows = [row for row in self.queue.rows() if name in (None, row.target.partition(":")[0])]
        return frames.queued(
            (
                (it.request_id, it.target, it.state, it.attempts, it.due_at, it.accepted_at, it.reason, it.trigger)
                for it in rows
            ),
            self.clock.now(),
        )

    def wait(self, timeout: float | str | timedelta | None = None) -> bool:
        """Wait until nothing is pending; False if `timeout` (real seconds, or "2 minutes") was over first.

        That is: no asynchronous event, and no record in a queue or stream that an enabled event source mapping reads;
        messages that are in flight count too, until they are deleted.
        A progress bar shows after 2 seconds. Where all that is left are retries that are due later, it says so, and by how
        much the clock would have to be moved on. Ctrl-C ends the wait, nothing else.
        """
        from jlambda.waiting import wait

        return wait(self, timeout)

    def plot(self, kind: str = "durations", function: str | None = None, ax: Axes | None = None) -> Axes:
        """A picture of the invocations of one function or all, drawn on `ax` if it is given; returns matplotlib's Axes.

        "durations" and "memory": of each invocation, cold starts and limits marked; "concurrency": how many ran at one time,
        and what was throttled; "environments": a lane for each; "cost": by function and day; "flame": init phases against
        invocations, added up; "versions": how traffic was split.
        """
        from jlambda.model.spelling import nearest
        from jlambda.telemetry import plots

        if kind not in plots.KINDS:
            hint = nearest(repr(kind), map(repr, plots.KINDS))
            raise InvalidParameter(f"there is no plot {kind!r}{hint} (there are {', '.join(plots.KINDS)})")
        frame = self.invocations(function)
        if kind == "concurrency" and function is not None:
            return plots.concurrency(frame, ax, self.reservations.reserved(parse_reference(function, self.account).name))
        return plots.KINDS[kind](frame, ax)

    def _named(self, function: str | None) -> tuple[str | None, str | None]:
        return (None, None) if function is None else parse_reference(function, self.account)

    def _records(self, function: str | None) -> list[InvocationRecord]:
        name, qualifier = self._named(function)
        return [record for record in self._open().records.rows(name) if record.is_of(qualifier)]

    # -- end -----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End all environments, write what is not written yet, and let go of the state folder. Used again, it reopens."""
        with self._lock:
            parts = self._parts
            if parts is None:
                return
            parts.leave()
            while parts.before_close:
                parts.before_close.pop()()
            # what still runs in the background is not to open it again meanwhile: the folder is not let go of yet
            self._parts, self._is_closing = None, True
            atexit.unregister(self.close)
        try:
            parts.close()
        finally:
            self._is_closing = False

    def before_close(self, act: Callable[[], None]) -> None:
        """Have `act` called when this session is closed, while everything of it still works."""
        self._open().before_close.append(act)

    def __enter__(self) -> Session:
        """Have `jlambda.*` work on this session within the block."""
        global _current
        with _current_lock:
            self._outer.append(_current)
            _current = self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        global _current
        with _current_lock:
            _current = self._outer.pop()
        self.close()

    def __repr__(self) -> str:
        parts = self._parts
        where = parts.folder.path if parts else self._asked
        return f"<Session {self.account.id} {self.account.region} in {where}>"


def _layer_name(layer: str | LayerVersion) -> str:
    """What a user calls a layer version; what is neither is refused where layers are checked."""
    return layer if isinstance(layer, str) else str(layer)


_SESSIONS: weakref.WeakSet[Session] = weakref.WeakSet()
#: parts that a fork has got from its parent: to be collected would be to be closed
_INHERITED: list[Parts] = []


def _after_fork() -> None:
    global _current_lock
    _current_lock = threading.Lock()
    for session in list(_SESSIONS):
        session._lock = threading.RLock()
        parts, session._parts = session._parts, None
        if parts is not None:
            session._is_forked = True
            atexit.unregister(session.close)
            _INHERITED.append(parts)
            parts.abandon()


os.register_at_fork(after_in_child=_after_fork)


def beside(notebook: Path) -> Path:
    """The state folder of a notebook: ``.jlambda/NOTEBOOK`` beside it."""
    return notebook.parent / ".jlambda" / notebook.stem


def default_folder() -> Path:
    """That of the notebook of this kernel, where Jupyter Server tells which one it is; else ``.jlambda/default`` here."""
    notebook = Path(os.environ.get("JPY_SESSION_NAME", ""))
    is_known = notebook.is_absolute() and notebook.parent.is_dir()
    return beside(notebook if is_known else Path.cwd() / (notebook.name or "default"))


_current: Session | None = None
_current_lock = threading.Lock()


def current() -> Session:
    """The session that `jlambda.*` works on, made on first use."""
    global _current
    with _current_lock:
        if _current is None:
            _current = Session()
        return _current


def served(state: Path | str | None = None) -> Address | None:
    """The address of the live gateway of a state folder that another process holds; None if there is none."""
    from jlambda.api import address
    from jlambda.store.folder import is_held

    folder = Path(state).expanduser().resolve() if state is not None else default_folder()
    return address.read(folder) if is_held(folder) else None


def use(session: Session) -> Session:
    """Have `jlambda.*` work on another session from now on; returns it."""
    global _current
    with _current_lock:
        _current = session
    return session
