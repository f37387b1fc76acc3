"""Runtimes that Lambda does not take any more. Pure."""

from __future__ import annotations

from jlambda.errors import InvalidParameter

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated
UNSUPPORTED = frozenset(
    {
        *("python2.7", "python2.7-greengrass", "python3.4", "python3.6", "python3.7"),
        *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.x", "nodejs8.9", "nodejs8.10"),
        *("nodejs10.x", "nodejs12.x", "nodejs14.x", "java8", "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1"),
        *("dotnetcore3.1", "ruby2.5", "ruby2.6", "ruby2.7", "go1.x", "go1.9", "provided", "byol", "nasa"),
    }
)


def check_supported(runtime: str) -> None:
    """Raise `InvalidParameter`, in AWS's words, for a runtime that functions can be neither created nor updated on."""
    if runtime in UNSUPPORTED:
        raise InvalidParameter(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )
