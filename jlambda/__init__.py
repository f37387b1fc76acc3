"""AWS Lambda inside a Jupyter notebook.

``%load_ext jlambda``, then a cell that begins with ``%%lambda NAME`` is a deployed function. The same from Python:
`deploy`, `function`, `get`, `invocations`, `logs`, `cost`, `metrics`, `Session`, `Executor`. `client` makes boto3 clients
and `endpoint` is the URL for other AWS tools; `clock` is the session's time, which can be moved on.

Everything here is loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

#: public name -> the module that has it
_HOMES = {
    "Executor": "jlambda.executor",
    "Function": "jlambda.handle",
    "Invocation": "jlambda.invocation",
    "Session": "jlambda.session",
    "client": "jlambda.shortcuts",
    "cost": "jlambda.shortcuts",
    "current": "jlambda.session",
    "dashboard": "jlambda.shortcuts",
    "deploy": "jlambda.shortcuts",
    "errors": "jlambda.errors",
    "function": "jlambda.shortcuts",
    "get": "jlambda.shortcuts",
    "http": "jlambda.http",
    "invocations": "jlambda.shortcuts",
    "layer": "jlambda.shortcuts",
    "logs": "jlambda.shortcuts",
    "matches": "jlambda.shortcuts",
    "metrics": "jlambda.shortcuts",
    "plot": "jlambda.shortcuts",
    "reset": "jlambda.shortcuts",
    "queued": "jlambda.shortcuts",
    "sample_event": "jlambda.shortcuts",
    "use": "jlambda.session",
    "wait": "jlambda.shortcuts",
    "CodeError": "jlambda.errors",
    "CodeSigningConfigNotFound": "jlambda.errors",
    "EngineError": "jlambda.errors",
    "FunctionError": "jlambda.errors",
    "InvalidParameter": "jlambda.errors",
    "InvalidRequestContent": "jlambda.errors",
    "LambdaError": "jlambda.errors",
    "PolicyLengthExceeded": "jlambda.errors",
    "PreconditionFailed": "jlambda.errors",
    "RequestTooLarge": "jlambda.errors",
    "ResourceConflict": "jlambda.errors",
    "ResourceInUse": "jlambda.errors",
    "ResourceNotFound": "jlambda.errors",
    "StateError": "jlambda.errors",
    "RecursiveInvocation": "jlambda.errors",
    "Throttled": "jlambda.errors",
    "ValidationFailed": "jlambda.errors",
}

__all__ = [*sorted(_HOMES), "__version__", "load_ipython_extension", "unload_ipython_extension"]

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jlambda import errors as errors
    from jlambda import http as http
    from jlambda.errors import CodeError as CodeError
    from jlambda.errors import CodeSigningConfigNotFound as CodeSigningConfigNotFound
    from jlambda.errors import EngineError as EngineError
    from jlambda.errors import FunctionError as FunctionError
    from jlambda.errors import InvalidParameter as InvalidParameter
    from jlambda.errors import InvalidRequestContent as InvalidRequestContent
    from jlambda.errors import LambdaError as LambdaError
    from jlambda.errors import PolicyLengthExceeded as PolicyLengthExceeded
    from jlambda.errors import PreconditionFailed as PreconditionFailed
    from jlambda.errors import RecursiveInvocation as RecursiveInvocation
    from jlambda.errors import RequestTooLarge as RequestTooLarge
    from jlambda.errors import ResourceConflict as ResourceConflict
    from jlambda.errors import ResourceInUse as ResourceInUse
    from jlambda.errors import ResourceNotFound as ResourceNotFound
    from jlambda.errors import StateError as StateError
    from jlambda.errors import Throttled as Throttled
    from jlambda.errors import ValidationFailed as ValidationFailed
    from jlambda.executor import Executor as Executor
    from jlambda.handle import Function as Function
    from jlambda.invocation import Invocation as Invocation
    from jlambda.service.clock import Clock
    from jlambda.session import Session as Session
    from jlambda.session import current as current
    from jlambda.session import use as use
    from jlambda.shortcuts import client as client
    from jlambda.shortcuts import cost as cost
    from jlambda.shortcuts import dashboard as dashboard
    from jlambda.shortcuts import deploy as deploy
    from jlambda.shortcuts import function as function
    from jlambda.shortcuts import get as get
    from jlambda.shortcuts import invocations as invocations
    from jlambda.shortcuts import layer as layer
    from jlambda.shortcuts import logs as logs
    from jlambda.shortcuts import matches as matches
    from jlambda.shortcuts import metrics as metrics
    from jlambda.shortcuts import plot as plot
    from jlambda.shortcuts import queued as queued
    from jlambda.shortcuts import reset as reset
    from jlambda.shortcuts import sample_event as sample_event
    from jlambda.shortcuts import wait as wait

    #: the URL of the current session's AWS endpoint; not in `__all__`, since asking for it starts a server
    endpoint: str
    #: the current session's clock; opens the session
    clock: Clock


def __getattr__(name: str) -> object:
    if name == "endpoint":  # that of whatever session is current, so it is not kept
        from jlambda.session import current

        return current().endpoint
    if name == "clock":
        from jlambda.session import current

        return current().clock
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'jlambda' has no attribute {name!r}")
    module = importlib.import_module(home)
    value: object = module if home.rpartition(".")[2] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext jlambda``."""
    from jlambda.notebook import load_ipython_extension as load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext jlambda``."""
    from jlambda.notebook import unload_ipython_extension as unload

    unload(shell)
