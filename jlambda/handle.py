"""What a user holds of a deployed function: `Function`, a view on a session that keeps nothing but a name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn, overload

from jlambda.errors import InvalidParameter
from jlambda.invocation import Invocation, decode_payload, function_error, result_of
from jlambda.model.alias import Alias
from jlambda.model.arn import LATEST
from jlambda.model.chaos import Chaos
from jlambda.model.function import FunctionConfiguration
from jlambda.model.http.address import URL
from jlambda.model.limits import CONCURRENT_EXECUTIONS, check_range
from jlambda.model.log_settings import check_choice
from jlambda.progress import Progress
from jlambda.service.function_triggers import FunctionTriggers
from jlambda.service.invoke import Finished, encode_event
from jlambda.service.settings import Settings
from jlambda.service.tuning import INVOCATIONS, SIZES_MB, checked_sizes, measure
from jlambda.telemetry.tuning import Tuning

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from jlambda.notebook.configure import Configuration
    from jlambda.notebook.trying import Trial
    from jlambda.service.event_queue import EventHandle
    from jlambda.service.provisioned import ProvisionedConcurrency
    from jlambda.service.version import DeployedVersion
    from jlambda.session import Session
    from jlambda.telemetry.chaos import ChaosReport

_TYPES = ("RequestResponse", "Event")
#: what a function gets that is called without an event, as an invocation without a payload on AWS
NO_EVENT: dict[str, object] = {}


class Function:
    """A deployed function, or a version or alias of one. Call it with an event.

    `qualifier` is the version's number or the alias's name, None for what was deployed last. `changes` says what the
    last deployment through it changed: settings with ``(old, new)``; None where the function was new, or only looked up.
    `notes` are lines on what that made besides the function, such as a queue for a trigger.
    """

    def __init__(
        self,
        session: Session,
        name: str,
        changes: dict[str, tuple[object, object]] | None = None,
        qualifier: str | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self._session, self.name, self.changes, self.qualifier = session, name, changes, qualifier
        self.notes = tuple(notes)
        self.__name__ = name

    @property
    def reference(self) -> str:
        """NAME, or NAME:QUALIFIER."""
        return f"{self.name}:{self.qualifier}" if self.qualifier else self.name

    @property
    def configuration(self) -> FunctionConfiguration:
        """What it is now. Raises `ResourceNotFound` once it is deleted."""
        return self._session.control.get(self.reference)

    @property
    def arn(self) -> str:
        """Its Amazon Resource Name."""
        return self._session.account.function_arn(self.name, self.qualifier)

    def _version(self) -> DeployedVersion:
        """What the next invocation runs."""
        control = self._session.control
        return control.version(self.name) if self.qualifier is None else control.resolve(self.name, self.qualifier)[0]

    def __call__(self, event: Any = NO_EVENT, context: object = None) -> Any:  # noqa: ARG002 - see below
        """Invoke it with `event` (``{}`` if there is none) and return its result.

        Raises `FunctionError` if it failed, `Throttled`, `InvalidRequestContent` and `RequestTooLarge`. `context` is
        there so that the function can be called as it was written; Lambda makes its own.
        """
        __tracebackhide__ = True  # Ctrl-C in a cell shows the cell's frames, not these
        version = self._version()
        record, payload, _ = self._session.invoker.invoke(version, event, self.qualifier)
        if record.error_type is not None:
            raise function_error(record, payload, version.configuration.origin)
        return decode_payload(payload)

    @overload
    def invoke(self, event: Any = NO_EVENT) -> Invocation: ...

    @overload
    def invoke(self, event: Any = NO_EVENT, *, type: Literal["RequestResponse"]) -> Invocation: ...

    @overload
    def invoke(self, event: Any = NO_EVENT, *, type: Literal["Event"]) -> EventHandle: ...

    def invoke(self, event: Any = NO_EVENT, *, type: str = "RequestResponse") -> Invocation | EventHandle:
        """Invoke it with `event`; an error of the function is in the `Invocation`, not raised.

        With ``type="Event"`` it returns once the event is in the queue on the disk: from there it runs, and again if it
        fails, even if the kernel is killed. The handle's `result()` is the record of the last attempt.
        """
        __tracebackhide__ = True
        if type == "Event":
            return self._accepted(event)
        check_choice("type", type, _TYPES)
        version = self._version()
        finished = self._session.invoker.invoke(version, event, self.qualifier)
        return Invocation(self._session, finished, version.configuration)

    @overload
    def submit(self, event: Any = NO_EVENT) -> Future[Any]: ...

    @overload
    def submit(self, event: Any = NO_EVENT, *, type: Literal["RequestResponse"]) -> Future[Any]: ...

    @overload
    def submit(self, event: Any = NO_EVENT, *, type: Literal["Event"]) -> EventHandle: ...

    def submit(self, event: Any = NO_EVENT, *, type: str = "RequestResponse") -> Future[Any]:
        """Invoke it without waiting; the future gets its result, or a `FunctionError` or `Throttled`.

        It runs at once, so the future cannot be cancelled. With ``type="Event"`` the event goes through the queue, as with
        `invoke`, and the future gets the record of the last attempt.
        """
        if type == "Event":
            return self._accepted(event)
        check_choice("type", type, _TYPES)
        version = self._version()
        origin = version.configuration.origin
        return self._session.invoker.submit(version, event, lambda it: result_of(it, origin), self.qualifier)

    def _accepted(self, event: object) -> EventHandle:
        return self._session.queue.submit(self.reference, encode_event(event))

    def chaos(
        self, duplicates: float | None = None, kills: float | None = None, seed: int = 0, *, off: bool = False
    ) -> ChaosReport:
        """Have some of its asynchronous events delivered twice, and some of its environments killed as they answer.

        `duplicates` and `kills` are parts of the events, 0 to 1; which events are meant follows from `seed` and from their
        order. What a killed environment did stays done, its answer is lost, and the event is retried. ``off=True`` ends it.
        Returns what has come of it so far; so does a call without arguments. Raises `InvalidParameter`.
        """
        experiments = self._session.queue.chaos
        if duplicates is not None or kills is not None:
            experiments.start(self.configuration.name, Chaos(duplicates or 0.0, kills or 0.0, seed))
        if off:
            experiments.stop(self.name)
        return experiments.report(self.name)

    def queued(self) -> pd.DataFrame:
        """Its asynchronous events that are not over, and dead ones, one a row."""
        return self._session.queued(self.name)

    def map(self, events: Iterable[Any], max_concurrency: int | None = None, return_errors: bool = False) -> list[Any]:
        """Invoke it with each of `events`, in parallel, and return the results in their order.

        At most `max_concurrency` run at one time (default: twice the processors; raise it for functions that wait).
        The first `FunctionError` is raised as soon as it comes, unless `return_errors`, which puts errors in their
        places. A progress bar shows after 2 seconds. Ctrl-C ends the wait; what runs then goes on and is recorded.
        An alias of two versions is drawn for with each event, before any of them runs; those of one version run first.
        """
        __tracebackhide__ = True
        concurrency = concurrency_of(max_concurrency)
        results: list[Any] = []
        progress = Progress(self.name, len(events) if isinstance(events, Sized) else None)

        def finished(places: Sequence[int], origin: str, number: int, it: Finished) -> None:
            place = places[number]
            if place >= len(results):
                results.extend([None] * (place + 1 - len(results)))
            progress.one_more()
            if it.record.error_type is None:
                results[place] = decode_payload(it.payload)
                return
            error = function_error(it.record, it.payload, origin)
            if not return_errors:
                raise error
            results[place] = error

        try:
            for version, places, chosen in self._drawn(events):
                keep = partial(finished, places, version.configuration.origin)
                self._session.invoker.map(version, chosen, concurrency, keep, progress.show, self.qualifier)
        finally:
            progress.close()
        return results

    def _drawn(self, events: Iterable[Any]) -> Iterator[tuple[DeployedVersion, Sequence[int], Iterable[Any]]]:
        """The version that events go to, with their places among all; several where an alias has weights."""
        if not self._has_weights():
            yield self._version(), range(sys.maxsize), events
            return
        drawn: dict[str, tuple[DeployedVersion, list[int], list[Any]]] = {}
        for place, event in enumerate(events):
            version = self._version()
            _, places, chosen = drawn.setdefault(version.key, (version, [], []))
            places.append(place)
            chosen.append(event)
        yield from drawn.values()

    def _has_weights(self) -> bool:
        return any(each.name == self.qualifier and each.weights for each in self.aliases()) if self.qualifier else False

    def logs(self) -> pd.DataFrame:
        """Its log events; columns timestamp, function, version, request_id, log_stream, level, message."""
        return self._session.logs(self.reference)

    def invocations(self) -> pd.DataFrame:
        """Its invocations, one a row, oldest first; of a version what it served, of an alias what was asked of it."""
        return self._session.invocations(self.reference)

    def cost(self) -> pd.DataFrame:
        """What its invocations would cost on AWS, in US dollars."""
        return self._session.cost(self.reference)

    def metrics(self) -> pd.DataFrame:
        """Invocations, errors, throttles and durations by minute."""
        return self._session.metrics(self.reference)

    def plot(self, kind: str = "durations", ax: Axes | None = None) -> Axes:
        """A picture of its invocations, of the kinds that `Session.plot` has: "durations", "memory", "concurrency" …

        Draws on `ax` if it is given; returns matplotlib's Axes.
        """
        return self._session.plot(kind, self.reference, ax)

    def tune(self, event: Any = NO_EVENT, memory: Sequence[int] = SIZES_MB, invocations: int = INVOCATIONS) -> Tuning:
        """Run it `invocations` times with `event` at each of these memory sizes in MB, and say what each takes and costs.

        Each size has the CPU share that belongs to it. The function itself is not changed: to take a size over, deploy it with
        that `memory`. The calls are recorded with all others. Raises `Throttled`, and `InvalidParameter`.
        """
        __tracebackhide__ = True
        version, sizes = self._version(), checked_sizes(memory, invocations)
        session = self._session
        progress = Progress(f"{self.name}: tuning", len(sizes) * invocations)
        try:
            measured = measure(
                *(session.invoker, session.engine, version, sizes, event, invocations),
                *(progress.one_more, progress.show, self.qualifier),
            )
        finally:
            progress.close()
        return Tuning(self.reference, measured, session.cpu_limit)

    @property
    def reserved(self) -> int | None:
        """Its reserved concurrency; None if it has none of its own."""
        return self._session.reservations.reserved(self.name)

    def reserve(self, concurrency: int | None) -> None:
        """Let at most `concurrency` of its invocations run at one time, and keep as much free for it.

        0 throttles every invocation, None takes the reservation back. Raises `InvalidParameter` where less than 100 of
        the account's concurrency would be left to the other functions, and `ResourceNotFound`.
        """
        provisioned = self._session.provisioned.total(self.name)
        self._session.reservations.reserve(self.configuration.name, concurrency, provisioned)

    @property
    def provisioned(self) -> ProvisionedConcurrency | None:
        """How far this version's or alias's provisioned concurrency is; None if nothing was asked for."""
        found = self._session.provisioned.list(self.name)
        return next((each for each in found if each.qualifier == self.qualifier), None)

    def provision(self, concurrency: int | None) -> None:
        """Keep `concurrency` environments of this version or alias initialised ahead of need; None takes them back.

        Returns at once: `provisioned` tells how far they are. Raises `InvalidParameter` where it is neither a version nor
        an alias, or too much is asked for.
        """
        if concurrency is None:
            self._session.provisioned.delete(self.name, self.qualifier or LATEST)
        else:
            self._session.provisioned.put(self.name, self.qualifier, concurrency)

    @property
    def url(self) -> str | None:
        """The address of its function URL, None if it has none; ``--trigger url`` or ``fn.triggers.add("url")`` makes one."""
        found = self._session.service.urls.find(self.name, self.qualifier)
        return None if found is None else self._session.front_url(URL, found.id)

    @property
    def triggers(self) -> FunctionTriggers:
        """What starts it; ``fn.triggers.add("sqs:jobs")``, and `remove`, `enable`, `disable`."""
        return FunctionTriggers(self._session.triggers, self.reference)

    # -- versions and aliases ------------------------------------------------------------------------------------------

    def publish(self, description: str | None = None) -> Function:
        """Keep what is deployed now as a version that never changes, and return it; the last one if nothing has changed.

        With SnapStart its init phase runs now, once; raises the `FunctionError` of one that fails, and there is no version.
        """
        version = self._session.control.publish(self.name, description).version
        return Function(self._session, self.name, qualifier=version)

    def versions(self) -> Versions:
        """Its published versions, oldest first."""
        published = self._session.control.versions(self.name)[1:]
        return Versions(Function(self._session, self.name, qualifier=each.version) for each in published)

    def alias(self, name: str, version: int | str | Mapping[int | str, float] | None = None) -> Function:
        """The alias `name`, made or moved to `version` if one is given.

        ``{1: 0.9, 2: 0.1}`` sends a tenth of the invocations to version 2.
        """
        control = self._session.control
        if version is None:
            control.alias(self.name, name)
            return Function(self._session, self.name, qualifier=name)
        wanted = Alias(name, self.name, *_routing(version))
        if any(each.name == name for each in control.aliases(self.name)):
            control.update_alias(wanted)
        else:
            control.create_alias(wanted)
        return Function(self._session, self.name, qualifier=name)

    def aliases(self) -> Aliases:
        """Its aliases, by name."""
        return Aliases(self._session.control.aliases(self.name))

    def update(
        self,
        *,
        memory: int | None = None,
        timeout: int | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        description: str | None = None,
        ephemeral_storage: int | None = None,
    ) -> Function:
        """Change settings, in the words of `deploy`, and leave the code as it is; all of them or, if one is wrong, none.

        What is not given keeps its value; `env` and `secrets` take the place of all that there were. `changes` of what it
        returns says what has changed. Raises `InvalidParameter`, also for a version or an alias: what is published stays.
        """
        if self.qualifier is not None:
            raise InvalidParameter(f"{self.reference} does not change: update {self.name}, and publish that")
        settings = Settings(
            memory_mb=memory,
            timeout_s=timeout,
            environment=env,
            secrets=secrets,
            description=description,
            ephemeral_storage_mb=ephemeral_storage,
        )
        _, changed = self._session.control.configure(self.name, settings)
        return Function(self._session, self.name, changed)

    def configure(self) -> Configuration:
        """The widget that shows and changes its settings and triggers; `update` is the same in code."""
        from jlambda.notebook.configure import Configuration

        return Configuration(self)

    def test(self) -> Trial:
        """The widget that runs it with events: saved ones, those of earlier invocations, samples of every source."""
        from jlambda.notebook.trying import Trial

        return Trial(self)

    def delete(self) -> None:
        """Delete the function with its versions and aliases, or this version or alias alone; the records stay."""
        if self.qualifier is None:
            self._session.delete(self.name)
        elif self.qualifier.isdigit():
            self._session.control.delete_version(self.name, self.qualifier)
        else:
            self._session.control.delete_alias(self.name, self.qualifier)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a deployed function lives in its session; call it from the notebook")

    def __repr__(self) -> str:
        return f"<Function {self.reference}>"


class Versions(list[Function]):
    """Versions of a function; a notebook shows them as a table."""


class Aliases(list[Alias]):
    """Aliases of a function, with where they point; a notebook shows them as a table."""


def _routing(version: int | str | Mapping[int | str, float]) -> tuple[str, str, dict[str, float]]:
    """The version that an alias points to, no description, and the weight of a second version."""
    if not isinstance(version, Mapping):
        return str(version), "", {}
    shares = sorted(version.items(), key=lambda each: -each[1])
    if not 1 <= len(shares) <= 2 or abs(sum(version.values()) - 1) > 1e-9:
        raise InvalidParameter(f"alias to {dict(version)}: give one version, or two with weights that add up to 1")
    return str(shares[0][0]), "", {str(number): weight for number, weight in shares[1:]}


def concurrency_of(given: int | None) -> int:
    """How many invocations may run at one time: `given`, or twice the processors. Raises `InvalidParameter`."""
    if given is None:
        return 2 * (os.cpu_count() or 1)
    return check_range("max_concurrency", given, range(1, CONCURRENT_EXECUTIONS + 1), "invocations")
