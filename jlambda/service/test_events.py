"""Test events: JSON that a user has given a name, to try a function with; kept with the function."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources

# https://docs.aws.amazon.com/lambda/latest/dg/testing-functions.html: letters, digits, -, _ and .; 100 at most here
_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TestEvent:
    """One event; `text` is its JSON as the user wrote it."""

    __test__ = False  # to pytest, every Test… is one

    function: str
    name: str
    text: str


class TestEvents:
    """The test events of one session."""

    __test__ = False

    def __init__(self, database: Database, targets: Targets) -> None:
        self._targets = targets
        self._events = Resources(database, "test-event", TestEvent)

    def save(self, function: str, name: str, text: str) -> TestEvent:
        """Keep an event under a name, in place of one that has it. Raises `InvalidParameter` and `ResourceNotFound`."""
        if not _NAME.fullmatch(name):
            raise InvalidParameter(f"test event {name!r}: use letters, digits, -, _ and .")
        try:
            json.loads(text)
        except ValueError as error:
            raise InvalidParameter(f"test event {name}: this is not JSON: {error}") from None
        self._targets.check(function)
        return self._events.put(TestEvent(function, name, text), f"function:{function}", name)

    def list(self, function: str) -> list[TestEvent]:
        """The events of a function, by name."""
        return self._events.values(f"function:{function}")

    def get(self, function: str, name: str) -> TestEvent:
        """One event. Raises `ResourceNotFound`."""
        found = self._events.get(f"function:{function}", name)
        if found is None:
            raise ResourceNotFound(f"{function} has no test event {name!r}")
        return found

    def delete(self, function: str, name: str) -> None:
        """Forget one. Raises `ResourceNotFound`."""
        if not self._events.delete(f"function:{function}", name):
            raise ResourceNotFound(f"{function} has no test event {name!r}")
