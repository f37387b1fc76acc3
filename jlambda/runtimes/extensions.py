"""The Extensions API (2020-01-01): who is registered, who waits for its next event, what each answer is.

Runs within an execution environment. Decides only: requests come in as values, answers go out as values, and `parked`
connections are handed back when there is an event for them. Starts no process.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping

from jlambda.runtimes.http import Answer, Connection, Request

EXTENSIONS = "/2020-01-01/extension"
INVOKE, SHUTDOWN = "INVOKE", "SHUTDOWN"
_ACCEPTED = b'{"status":"OK"}\n'


class Extension:
    """One extension. `is_external` if it is a process of its own; `parked` is the connection that waits for an event,
    `due` the last event there will be, for one that was busy when it came."""

    __slots__ = ("due", "events", "failure", "id", "is_external", "name", "parked")

    def __init__(self, name: str, is_external: bool) -> None:
        self.name, self.is_external, self.id = name, is_external, str(uuid.uuid4())
        self.events: frozenset[str] = frozenset()
        self.parked: Connection | None = None
        self.due: Answer | None = None
        self.failure = ""


def refused(error_type: str, message: str, status: int = 403) -> Answer:
    """An answer that says no, in the form of AWS's own."""
    document = {"errorMessage": message, "errorType": error_type}
    return Answer(status, json.dumps(document, separators=(",", ":")).encode() + b"\n")


class Extensions:
    """All extensions of one environment. `external` are the names of those that are started with it."""

    def __init__(self, external: list[str], about: Mapping[str, str]) -> None:
        self._about = about
        self._external = dict.fromkeys(external, False)
        self._known: dict[str, Extension] = {}
        self.is_closed = False

    def __iter__(self) -> Iterator[Extension]:
        return iter(self._known.values())

    def __bool__(self) -> bool:
        return bool(self._known or self._external)

    @property
    def has_external(self) -> bool:
        """Whether any is a process of its own."""
        return bool(self._external)

    def are_registered(self) -> bool:
        """Whether every external one has registered."""
        return all(self._external.values())

    def are_waiting(self, event: str | None = None) -> bool:
        """Whether all, or all that asked for an event, have nothing to do: init or an invocation is over for them."""
        waited_for = (each for each in self if event is None or event in each.events)
        return self.are_registered() and all(each.parked for each in waited_for)

    def failed(self) -> Extension | None:
        """One that has said that it cannot go on."""
        return next((each for each in self if each.failure), None)

    def ask(self, connection: Connection, request: Request) -> Answer | None:
        """The answer to a request below `EXTENSIONS`; None for one that waits for an event."""
        call = (request.method, request.path.removeprefix(EXTENSIONS))
        if call == ("POST", "/register"):
            return self._register(request)
        if call not in (("GET", "/event/next"), ("POST", "/init/error"), ("POST", "/exit/error")):
            return Answer(404, b"404 page not found\n")
        identifier = request.headers.get("lambda-extension-identifier")
        if not identifier:
            return refused("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
        extension = self._known.get(identifier)
        if extension is None:
            return refused("Extension.UnknownExtensionIdentifier", f"Unknown extension {identifier}")
        if call[0] == "POST":
            error_type = request.headers.get("lambda-extension-function-error-type")
            if not error_type:
                return refused("Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found")
            extension.failure = error_type
            return Answer(202, _ACCEPTED)
        if extension.due is None:
            extension.parked = connection
        return extension.due

    def dropped(self, connection: Connection) -> None:
        """A connection has ended: nobody waits on it any more."""
        for extension in self:
            if extension.parked is connection:
                extension.parked = None

    def _register(self, request: Request) -> Answer:
        name = request.headers.get("lambda-extension-name")
        if not name:
            return refused("Extension.InvalidExtensionName", "Empty extension name")
        if self.is_closed:
            return refused("Extension.RegistrationClosed", "Extension registration closed already")
        if any(each.name == name for each in self):
            return refused("Extension.AlreadyRegistered", f"Extension with this name already registered: {name}")
        try:
            events = frozenset(map(str, json.loads(request.body or b"{}").get("events", [])))
        except (ValueError, AttributeError, TypeError):
            return refused("InvalidRequestFormat", "Request body is not a JSON object with a list of events", 400)
        extension = Extension(name, name in self._external)
        allowed = {INVOKE, SHUTDOWN} if extension.is_external else {INVOKE}
        if not events <= allowed:
            return refused("Extension.InvalidEventType", f"{sorted(events - allowed)[0]}: an event that cannot be asked for")
        extension.events = events
        if extension.is_external:
            self._external[name] = True
        self._known[extension.id] = extension
        about = dict(self._about)
        if "accountId" not in request.headers.get("lambda-extension-accept-feature", ""):
            about.pop("accountId", None)
        return Answer(200, json.dumps(about).encode(), b"Lambda-Extension-Identifier: %b\r\n" % extension.id.encode())

    def tell(self, event: str, document: Mapping[str, object]) -> list[tuple[Connection, Answer]]:
        """What to answer those that asked for an event and wait: they wait no more. Those that are busy still get the last."""
        body = json.dumps({"eventType": event, **document}).encode()
        told = []
        for extension in self:
            if event in extension.events:
                header = b"Lambda-Extension-Event-Identifier: %b\r\n" % str(uuid.uuid4()).encode()
                answer = Answer(200, body, header)
                if extension.parked is not None:
                    told.append((extension.parked, answer))
                    extension.parked = None
                elif event == SHUTDOWN:
                    extension.due = answer
        return told
