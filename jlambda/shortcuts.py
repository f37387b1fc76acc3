"""The module-level functions: `Session`'s methods, on the current session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from jlambda.handle import Function
from jlambda.model import filters, matching
from jlambda.model.samples import catalog
from jlambda.session import current

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from jlambda.model.layer import LayerVersion
    from jlambda.notebook.dashboard import Dashboard


def deploy(source: str | Path | Callable[..., object], name: str | None = None, **options: Any) -> Function:
    """Create or update a function; the options are those of `Session.deploy`."""
    return current().deploy(source, name, **options)


@overload
def function(source: Callable[..., object]) -> Function: ...


@overload
def function(**options: Any) -> Callable[[Callable[..., object]], Function]: ...


def function(source: Callable[..., object] | None = None, **options: Any) -> object:
    """Deploy the decorated function under its own name: ``@jlambda.function`` or ``@jlambda.function(memory=512)``.

    The options are those of `Session.deploy`.
    """
    if source is not None:
        return deploy(source, **options)
    return lambda decorated: deploy(decorated, **options)


def layer(name: str, source: str | Path | Iterable[str | Path], *, runtime: str | None = None) -> LayerVersion:
    """Publish a layer from a folder, a zip or requirements, as `Session.layer` does; for ``deploy(layers=[...])``."""
    return current().layer(name, source, runtime=runtime)


def get(name: str) -> Function:
    """A function by name or ARN. Raises `ResourceNotFound`."""
    return current().get(name)


def invocations(function: str | None = None) -> pd.DataFrame:
    """Invocations of one function or all, one a row, oldest first."""
    return current().invocations(function)


def logs(function: str | None = None) -> pd.DataFrame:
    """Log events of one function or all."""
    return current().logs(function)


def cost(function: str | None = None) -> pd.DataFrame:
    """What the invocations would cost on AWS, in US dollars."""
    return current().cost(function)


def metrics(function: str | None = None) -> pd.DataFrame:
    """Invocations, errors, throttles and durations by function and minute."""
    return current().metrics(function)


def queued(function: str | None = None) -> pd.DataFrame:
    """Asynchronous events of one function or all that are not over, and dead ones: when they are due, attempts, age, reason."""
    return current().queued(function)


def wait(timeout: float | str | timedelta | None = None) -> bool:
    """Wait until no asynchronous event is pending, and no record of a queue or stream that is read for a function.

    False if `timeout` (real seconds, or "2 minutes") was over first.
    """
    return current().wait(timeout)


def plot(kind: str = "durations", function: str | None = None, ax: Axes | None = None) -> Axes:
    """A picture of the invocations of one function or all: "durations", "memory", "concurrency", "environments", "cost",
    "flame" or "versions", drawn on `ax` if it is given; returns matplotlib's Axes.
    """
    return current().plot(kind, function, ax)


def sample_event(name: str, /, *, time: str | float | datetime | None = None, **parameters: object) -> Any:
    """An event as AWS sends it, with sensible values: ``sample_event("s3:put", bucket="uploads", key="in/a.csv")``.

    ``%lambda events`` lists the names and what each takes. `time` is a datetime, its ISO form or seconds since the epoch;
    the same call always gives the same event. Raises `InvalidParameter` for a name or parameter that there is not.
    """
    return catalog.sample_event(name, parameters, current().account, time)


def matches(pattern: str | Mapping[str, Any], event: object) -> bool:
    """Whether an event matches a pattern of EventBridge, both given as JSON or as what that stands for.

    A record of SQS, Kinesis or DynamoDB streams is compared as a filter of an event source mapping would: what its producer
    wrote counts as JSON. Raises `InvalidParameter` that says what is wrong with a pattern, and where.
    """
    wants = filters.parsed(pattern)
    if isinstance(event, str):
        event = json.loads(event)
    is_record = isinstance(event, Mapping) and isinstance(event.get("eventSource"), str)
    return filters.wanted(event, [wants]) if is_record else matching.matches(wants, event)  # type: ignore[arg-type]  # a mapping


def dashboard() -> Dashboard:
    """A widget that shows what goes on, live: invocations, errors, durations, environments, the queue, money per hour."""
    from jlambda.notebook.dashboard import Dashboard

    return Dashboard(current())


def reset(keep_functions: bool = False) -> None:
    """Delete all functions, records and logs and empty the embedded AWS services; the services only with `keep_functions`."""
    current().reset(keep_functions)


def client(service: str) -> Any:
    """A boto3 client of an AWS service, wired to the current session: ``client("lambda").invoke(FunctionName=...)``."""
    return current().client(service)
