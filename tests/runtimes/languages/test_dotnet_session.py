"""C# in a real sandbox: how much memory it needs."""

from __future__ import annotations

import warnings

import pytest

import jlambda
from jlambda.runtimes.languages import language_of
from tests.conftest import need
from tests.runtimes.languages import dotnet


@pytest.fixture(autouse=True)
def installed() -> None:
    need(bool(language_of("dotnet").tools()), ".NET")
    warnings.simplefilter("ignore", RuntimeWarning)  # another version may stand in


def test_the_smallest_memory_is_enough(session: jlambda.Session) -> None:
    """128 MB hold the CLR and an event of 6 MB, there and back."""
    function = session.deploy(dotnet.SOURCES.handler, "f", runtime="dotnet8", memory=128, timeout=60)
    text = "x" * 6_000_000
    invocation = function.invoke({"do": "echo", "value": text})
    assert invocation.error is None, invocation.error
    assert invocation.result == text
    assert invocation.record.max_memory_mb < 128
