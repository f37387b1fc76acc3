"""Names of Lambda runtimes, and which of them this interpreter serves."""

from __future__ import annotations

import sys

from jlambda.errors import InvalidParameter

#: the runtime identifier of the interpreter that runs the notebook
THIS_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
PYTHON_RUNTIMES = tuple(f"python3.{minor}" for minor in range(8, 16))


def check_runtime(name: str) -> str:
    """`name` if functions can be deployed on it here, else an `InvalidParameter` that lists what can."""
    if name != THIS_PYTHON:
        raise InvalidParameter(f"runtime {name!r} is not available here: use {THIS_PYTHON}, the notebook's own interpreter")
    return name


def execution_env(runtime: str) -> str:
    """The value of ``AWS_EXECUTION_ENV`` that code on `runtime` sees."""
    return f"AWS_Lambda_{runtime}"
