"""Java in a real sandbox: what the JVM takes from its archive, and how much memory it needs."""

from __future__ import annotations

import warnings

import pytest

import jlambda
from jlambda.handle import Function
from jlambda.runtimes.language import on_path
from tests.conftest import need
from tests.runtimes.languages import java


@pytest.fixture(autouse=True)
def jdk() -> None:
    need(bool(on_path("javac")), "a JDK")


def deployed(session: jlambda.Session, **options: object) -> Function:
    """The function of the table of behaviours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # another version may stand in
        return session.deploy(java.SOURCES.handler, "f", runtime="java", timeout=60, **options)  # type: ignore[arg-type] # by name


def test_the_client_comes_from_the_archive(session: jlambda.Session) -> None:
    """Where code and runtime lie at AWS's places, no class of the client is loaded from its jar; elsewhere all work too."""
    function = deployed(session, memory=512, env={"JAVA_TOOL_OPTIONS": "-Xlog:class+load"})
    invocation = function.invoke({"do": "count"})
    assert invocation.result == 1
    places = [event.message.partition(" source: ")[2] for event in invocation.logs if " jlambda." in event.message]
    assert places
    assert set(places) == {"shared objects file (top)"} or not session.machine().has_private_root


def test_the_smallest_memory_is_enough(session: jlambda.Session) -> None:
    """128 MB hold the JVM and an event of 6 MB, there and back."""
    function = deployed(session, memory=128)
    text = "x" * 6_000_000
    invocation = function.invoke({"do": "echo", "value": text})
    assert invocation.error is None, invocation.error
    assert invocation.result == text
    assert invocation.record.max_memory_mb < 128
