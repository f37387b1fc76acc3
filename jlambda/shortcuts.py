"""The module-level functions: `Session`'s methods, on the current session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from jlambda.handle import Function
from jlambda.session import current

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


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


def plot(kind: str = "durations", function: str | None = None) -> Axes:
    """A picture of the invocations of one function or all: "durations" or "environments"; returns matplotlib's Axes."""
    return current().plot(kind, function)


def client(service: str) -> Any:
    """A boto3 client of an AWS service, wired to the current session: ``client("lambda").invoke(FunctionName=...)``."""
    return current().client(service)
