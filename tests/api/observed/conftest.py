"""A session with a function that has been invoked, and what boto3 sees of it."""

from __future__ import annotations

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
