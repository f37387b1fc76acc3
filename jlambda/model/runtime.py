"""Names of Lambda runtimes: all identifiers that Lambda knows, and short names for them."""

from __future__ import annotations

import sys

from jlambda.errors import InvalidParameter
from jlambda.model.spelling import nearest

#: the runtime identifier of the interpreter that runs the notebook
THIS_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"

# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html, Runtime; oldest first
NODE_RUNTIMES = (
    *("nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10"),
    *(f"nodejs{major}.x" for major in range(10, 27, 2)),
)
JAVA_RUNTIMES = (
    *("java8", "java8.al2", "java8.al2023", "java11", "java11.al2023", "java17", "java17.al2023"),
    *("java21", "java25"),
)
PYTHON_RUNTIMES = ("python2.7", *(f"python3.{minor}" for minor in range(6, 16)))
DOTNET_RUNTIMES = ("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet6", "dotnet8", "dotnet10")
RUBY_RUNTIMES = ("ruby2.5", "ruby2.7", "ruby3.2", "ruby3.3", "ruby3.4", "ruby4.0")
GO_RUNTIMES = ("go1.x",)
CUSTOM_RUNTIMES = ("provided", "provided.al2", "provided.al2023")
RUNTIMES = (
    *(*PYTHON_RUNTIMES, *NODE_RUNTIMES, *JAVA_RUNTIMES, *DOTNET_RUNTIMES, *RUBY_RUNTIMES, *GO_RUNTIMES, *CUSTOM_RUNTIMES),
)

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated: functions can no longer be created
NO_LONGER_SUPPORTED = frozenset(
    {
        *("python2.7", "python3.6", "python3.7", "ruby2.5", "ruby2.7", "go1.x", "java8", "provided"),
        *("nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x"),
        *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1"),
    }
)

#: names that are no identifiers on AWS: of a language, for its newest version here
LANGUAGE_NAMES = ("python", "nodejs", "java", "dotnet", "ruby", "go", "bash")


def check_runtime(name: str) -> str:
    """`name` if functions can be created on it, else an `InvalidParameter` that lists the newest of each language."""
    if name in NO_LONGER_SUPPORTED:
        raise InvalidParameter(
            f"The runtime parameter of {name} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )
    if name not in RUNTIMES:
        newest = (PYTHON_RUNTIMES, NODE_RUNTIMES, JAVA_RUNTIMES, DOTNET_RUNTIMES, RUBY_RUNTIMES, CUSTOM_RUNTIMES)
        examples = ", ".join(names[-1] for names in newest)
        raise InvalidParameter(
            f"runtime {name!r} is not known{nearest(str(name), (*RUNTIMES, *LANGUAGE_NAMES))} "
            f"(use {THIS_PYTHON}, the notebook's own Python, or one like {examples})"
        )
    return name


def is_python(name: str) -> bool:
    """Whether an identifier, or a language's name, is one of Python's."""
    return name.startswith("python")


def execution_env(runtime: str) -> str | None:
    """The value of ``AWS_EXECUTION_ENV`` that code on `runtime` sees; None for custom runtimes, which have none.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    return None if runtime in CUSTOM_RUNTIMES else f"AWS_Lambda_{runtime}"
