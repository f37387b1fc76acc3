"""A session with functions that say what they got, and its clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jlambda
from tests.conftest import eventually

ECHO = "import json\ndef handler(event, context):\n    print('GOT ' + json.dumps(event))\n    return event\n"


class Heard:
    """What the functions of a session have been called with."""

    def __init__(self, session: jlambda.Session) -> None:
        self.session = session

    def events(self, function: str, count: int = 1) -> list[Any]:
        """The events that a function got, in order, once there are as many as `count`."""

        def found() -> list[Any]:
            logs = self.session.logs(function)
            lines = [message for message in logs["message"] if message.startswith("GOT ")]
            return [json.loads(line.removeprefix("GOT ")) for line in lines]

        assert eventually(lambda: len(found()) >= count), found()
        return found()


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    """A session with a function `echo`, all its processes running."""
    with jlambda.Session(tmp_path / "state") as session:
        session.deploy(ECHO, "echo")
        session.client("events").list_rules()
        yield Heard(session)


def echo_target(session: jlambda.Session, **members: object) -> dict[str, Any]:
    """The function `echo` as a target."""
    return {"Id": "1", "Arn": session.account.function_arn("echo"), **members}
