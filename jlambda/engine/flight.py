"""An environment at work for a loop, and where its requests come from. What becomes of it is for `Loop`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from jlambda.engine.conversation import Conversation
from jlambda.engine.environment import Environment, Version
from jlambda.errors import LambdaError
from jlambda.model.invocation import Outcome, Request
from jlambda.model.streaming import Sink

Done = Callable[[Outcome], object]


class Source(Protocol):
    """Where the requests of a loop come from, and where their outcomes go."""

    def take(self) -> Request | None:
        """The next request for an environment that has answered; None to let the environment go."""

    def ended(self, request: Request, outcome: Outcome) -> None:
        """A request has its outcome."""

    def give_back(self, requests: list[Request]) -> None:
        """Requests that were taken, and that no environment has begun."""

    def refused(self, request: Request, error: LambdaError) -> None:
        """A request that was taken cannot be begun, now that its environment is lost."""


class Single:
    """A source of no more than the request that it was started with."""

    def __init__(self, done: Done) -> None:
        self._done = done

    def take(self) -> None:
        return None

    def ended(self, _: Request, outcome: Outcome) -> None:
        self._done(outcome)

    def give_back(self, requests: list[Request]) -> None:
        assert not requests, "nothing is ever taken"

    def refused(self, _: Request, error: LambdaError) -> None:
        raise error


class Flight:
    """An environment at work. `conversation` is None while its request takes the usual course.

    `ahead` are the requests after this one that the environment has already, `unsent` those that it could not be sent yet;
    `sink` takes the response while it comes, where its caller wants that.
    """

    __slots__ = (
        "ahead",
        "began",
        "conversation",
        "environment",
        "request",
        "sink",
        "source",
        "unsent",
        "version",
        "waits_to_send",
    )

    def __init__(self, environment: Environment, version: Version, request: Request, source: Source, began: float) -> None:
        self.environment, self.version, self.request, self.source, self.began = environment, version, request, source, began
        self.conversation: Conversation | None = None
        self.sink: Sink | None = None
        self.ahead: deque[Request] = deque()
        self.unsent: deque[Request] = deque()
        self.waits_to_send = False

    def deadline(self) -> float:
        """When the wait for the environment is over."""
        return self.conversation.deadline if self.conversation else self.began + self.version.timeout_s

    def converse(self) -> Conversation:
        """Leave the usual course: the conversation that goes on from here."""
        if self.conversation is None:
            self.conversation = Conversation(self.request, self.version.timeout_s, self.environment.start)
            self.conversation.resume_invoke(self.began)
            self.conversation.behind = len(self.ahead)
        return self.conversation


def single_flight(environment: Environment, version: Version, conversation: Conversation, done: Done) -> Flight:
    """An invocation of which another thread waited for the outcome, to be adopted."""
    assert conversation.request is not None
    flight = Flight(environment, version, conversation.request, Single(done), conversation.began)
    flight.conversation = conversation
    return flight
