"""A session with a function that has been invoked, and what boto3 sees of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

import jlambda
from tests.api.conftest import start_all

SOURCE = """
import json, time
def handler(event, context):
    print(json.dumps({"level": event.get("level", "INFO"), "n": event.get("n", 0)}))
    print("two words", event.get("n"))
    if event.get("level") == "ERROR":
        raise ValueError("went wrong")
    return event
"""
#: prints, waits until the test lets it go on, prints again; some of it past Python, in lines without a time
GATED = """
import os, socket

def handler(event, context):
    print("before", os.environ["API_KEY"])
    os.write(1, b"plain before\\n")
    with socket.create_connection(("127.0.0.1", event)) as gate:
        gate.recv(1)
    os.write(1, b"plain after\\n")
    print("after")
"""


@pytest.fixture(scope="package")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jlambda.Session]:
    """Function ``f``: five invocations, one of which fails; of its version 1, by the alias ``live``, two more."""
    with jlambda.Session(tmp_path_factory.mktemp("seen") / "state") as session:
        start_all(session)
        function = session.deploy(SOURCE, "f")
        for n in range(5):
            function.invoke({"n": n, "level": "ERROR" if n == 3 else "INFO"})
        live = function.alias("live", function.publish().qualifier or "")
        for n in (10, 11):
            live.invoke({"n": n})
        session.deploy("def handler(event, context): print('of g')", "g", log_group="/shared").invoke({})
        session.client("logs").describe_log_groups()  # starts what is started once
        session.client("cloudwatch").list_metrics()
        yield session


@pytest.fixture
def gate() -> Iterator[socket.socket]:
    """What functions wait at."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made
