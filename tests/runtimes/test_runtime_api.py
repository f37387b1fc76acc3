"""The Runtime API and the Extensions API as their clients see them, on a real engine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jlambda.engine.control import Template, wanted_sandbox
from jlambda.engine.engine import Engine
from jlambda.engine.scheduler import Scheduler
from jlambda.model.arn import Account
from jlambda.model.function import FunctionConfiguration
from jlambda.model.invocation import Outcome, Request
from jlambda.runtimes import languages, python
from jlambda.runtimes.code import CodeStore
from jlambda.runtimes.variables import environment_variables
from jlambda.service.invoke import new_request_id
from tests.conftest import eventually
from tests.engine.unseen import nobody_looks
from tests.runtimes.bootstraps import EXTENSION, RUNTIME

BASE, EXTENSIONS = "/2018-06-01/runtime", "/2020-01-01/extension"
JSON = {"Content-Type": "application/json"}


@dataclass
class BridgedVersion:
    """A version whose runtime is a program of the test's."""

    code: str
    layers: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=lambda: ["/var/task/bootstrap"])
    wrapper: bool = False
    key: str = "f:1"
    function: str = "f"
    memory_mb: int = 1769
    timeout_s: int = 5
    has_bridge: bool = True
    has_snapshot: bool = False

    def new_environment(self, initialization: str) -> tuple[str, bytes]:
        """As a deployed version has it."""
        runtime = "provided.al2023"
        configuration = FunctionConfiguration("f", runtime=runtime, environment=self.environment, memory_mb=self.memory_mb)
        start = {
            "code": self.code,
            "layers": self.layers,
            "ephemeral_storage_mb": 512,
            "variables": environment_variables(configuration, {}, Account(), "stream", {}),
            "entry": languages.BRIDGE,
            "start": {"command": self.command, "wrapper": self.wrapper, "function_arn": Account().function_arn("f")},
        }
        return "stream", json.dumps(start).encode()


@dataclass
class Rig:
    """An engine, one version, and all that it has logged."""

    engine: Engine
    store: Store
    logged: bytearray = field(default_factory=bytearray)
    made: int = 0

    def version(
        self, files: dict[str, bytes] | None = None, layers: dict[str, bytes] | None = None, **options: object
    ) -> BridgedVersion:
        """A version with these files beside its bootstrap."""
        self.made += 1
        code = self.store.put_folder_of({"bootstrap": RUNTIME.encode()} if files is None else files)
        shown = self.store.put_folder_of(layers) if layers else ""
        return BridgedVersion(code, shown, key=f"f:{self.made}", **options)  # type: ignore[arg-type]

    def run(self, version: BridgedVersion, event: object, **options: object) -> Outcome:
        """Invoke it."""
        request = Request(new_request_id(), json.dumps(event).encode(), **options)  # type: ignore[arg-type]
        outcome = self.engine.invoke(version, request, lambda _: None)
        self.logged += outcome.log
        self.engine.scheduler.validate()
        return outcome

    def ask(self, version: BridgedVersion, *requests: tuple[str, str, dict[str, str], str | None]) -> list[tuple[int, str]]:
        """What the runtime is answered when it makes these requests within an invocation."""
        outcome = self.run(version, requests)
        assert outcome.status == "success", outcome
        return [(status, body) for status, body in json.loads(outcome.payload)]


class Store(CodeStore):
    """A code store with programs in it."""

    def put_folder_of(self, files: dict[str, bytes]) -> str:
        """The folder with these files, as a START names it; scripts may be executed."""
        import tempfile

        from jlambda.runtimes.language import write_files

        with tempfile.TemporaryDirectory() as folder:
            write_files(files, Path(folder))
            return f"{self.put_folder(Path(folder)).key}/task"


@pytest.fixture(params=["private root", "Landlock only"])
def rig(request: pytest.FixtureRequest, tmp_path: Path, no_descriptor_left_behind: None) -> Iterator[Rig]:
    """An engine in each tier of the sandbox."""
    state = tmp_path / "state"
    (state / "code").mkdir(parents=True)
    sandbox = wanted_sandbox(str(state), str(state / "code"), private_root=request.param == "private root")
    entries = [entry.partition(":")[0] for entry in (python.ENTRY, languages.BRIDGE)]
    engine = Engine(Scheduler(1000, 600.0), sandbox, Template((*entries, *python.PRELOAD), python.REHEARSE), 1)
    made = Rig(engine, Store(state / "code"))
    yield made
    made.engine.close()
    made.engine.scheduler.validate()


def test_next_has_the_headers_of_the_invocation(rig: Rig) -> None:
    """Request id, deadline, ARN and trace always; client context and identity where the caller gave them."""
    version = rig.version()
    show = "call('POST', path + '/response', {'Content-Type': 'application/json'}, json.dumps({**headers, 'now': time.time()}))"
    plain = json.loads(rig.run(version, show).payload)
    assert plain["Lambda-Runtime-Invoked-Function-Arn"] == "arn:aws:lambda:us-east-1:123456789012:function:f"
    assert 0 < int(plain["Lambda-Runtime-Deadline-Ms"]) / 1000 - plain["now"] <= 5
    assert "Lambda-Runtime-Client-Context" not in plain
    assert plain["Lambda-Runtime-Trace-Id"].startswith("Root=1-")
    given = {"trace_id": "Root=1-2", "client_context": '{"custom": 1}', "cognito_identity": "{}", "qualifier": "prod"}
    full = json.loads(rig.run(version, show, **given).payload)
    assert full["Lambda-Runtime-Trace-Id"] == "Root=1-2"
    assert full["Lambda-Runtime-Client-Context"] == '{"custom": 1}'
    assert full["Lambda-Runtime-Cognito-Identity"] == "{}"
    assert full["Lambda-Runtime-Invoked-Function-Arn"].endswith(":function:f:prod")


def test_what_makes_no_sense_is_refused_as_aws_refuses_it(rig: Rig) -> None:
    """A wrong request id, a state that does not allow it, an unknown path: the invocation goes on."""
    answers = rig.ask(
        rig.version(),
        ("POST", f"{BASE}/invocation/other/response", JSON, "1"),
        ("POST", f"{BASE}/invocation/other/error", JSON, "{}"),
        ("GET", f"{BASE}/invocation/next", {}, None),
        ("POST", f"{BASE}/init/error", JSON, "{}"),
        ("GET", f"{BASE}/nothing", {}, None),
        ("PUT", "/2022-07-01/telemetry", {}, "{}"),
    )
    kinds = [(status, json.loads(body)["errorType"] if body.startswith("{") else body) for status, body in answers]
    assert kinds == [
        (400, "InvalidRequestID"),
        (400, "InvalidRequestID"),
        (403, "InvalidStateTransition"),
        (403, "InvalidStateTransition"),
        (404, "404 page not found\n"),
        (202, "Telemetry.NotSupported"),
    ]


def test_a_second_response_is_refused(rig: Rig) -> None:
    """The first one counts."""
    version = rig.version()
    twice = (
        "call('POST', path + '/response', {}, '1'); said = call('POST', path + '/response', {}, '2'); print(said, flush=True)"
    )
    assert rig.run(version, twice).payload == b"1"
    rig.run(version, [])
    assert b"State transition from ResponseSent to InvocationResponse failed for runtime" in rig.logged


def test_an_error_has_the_type_that_the_body_or_the_header_says(rig: Rig) -> None:
    """The body is passed on as it is where it names a type; the header, or nothing, makes up for one that does not."""
    version = rig.version()
    post = "call('POST', path + '/error', {!r}, {!r})"
    header = {"Lambda-Runtime-Function-Error-Type": "Mine.Header"}
    whole = '{"errorMessage":"m", "errorType": "Body"}'
    assert rig.run(version, post.format(header, whole)).payload == whole.encode()
    assert json.loads(rig.run(version, post.format(header, '{"errorMessage": "m"}')).payload) == {
        "errorMessage": "m",
        "errorType": "Mine.Header",
    }
    assert json.loads(rig.run(version, post.format({}, "no json")).payload) == {"errorType": "Function.Unknown"}
    assert rig.run(version, post.format(header, whole)).error_type == "Body"


def test_responses_in_chunks_and_streams(rig: Rig) -> None:
    """Chunks are joined; the trailers of a stream can still make an error of it; what is no JSON comes as it is."""
    version = rig.version()
    chunks = "call('POST', path + '/response', {}, iter([b'[1,', b'2]']), encode_chunked=True)".replace(
        "{}", "{'Transfer-Encoding': 'chunked'}"
    )
    assert rig.run(version, chunks).payload == b"[1,2]"
    raw = "call('POST', path + '/response', {'Content-Type': 'application/octet-stream'}, b'\\xff\\x00')"
    assert rig.run(version, raw).payload == b"\xff\x00"
    document = "eyJlcnJvclR5cGUiOiAiTGF0ZSJ9"  # {"errorType": "Late"}
    head = "HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\nLambda-Runtime-Function-Response-Mode: streaming\\r\\n\\r\\n"
    trailers = f"Lambda-Runtime-Function-Error-Type: Late\\r\\nLambda-Runtime-Function-Error-Body: {document}\\r\\n\\r\\n"
    stream = (
        "import socket; s = socket.create_connection(tuple(os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')));"
        f"s.sendall(('POST ' + path + '/response {head}3\\r\\nabc\\r\\n0\\r\\n{trailers}').encode()); s.recv(1000)"
    )
    late = rig.run(version, stream)
    assert (late.status, late.error_type, late.payload) == ("error", "Late", b'{"errorType": "Late"}')


def test_a_large_response_is_limited_and_a_stream_is_not(rig: Rig) -> None:
    """More than 6 MB is answered with 413, in whichever way it comes; a stream may be longer."""
    version = rig.version()
    large = "said = call('POST', path + '/response', {}, b'x' * 6_291_557); print(said[0], said[2], flush=True)"
    refused = rig.run(version, large)
    assert refused.error_type == "Function.ResponseSizeTooLarge"
    rig.run(version, [])
    assert (
        b'413 b\'{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}'
        in rig.logged
    )
    assert len(rig.run(version, large.replace("557", "556")).payload) == 6_291_556
    streamed = large.replace("{}", "{'Lambda-Runtime-Function-Response-Mode': 'streaming'}").replace("6_291_557", "9_000_000")
    assert len(rig.run(version, streamed).payload) == 9_000_000
    expecting = large.replace("{}", "{'Expect': '100-continue'}").replace("6_291_557", "5")
    assert rig.run(version, expecting).payload == b"xxxxx"


def test_an_init_error_is_told(rig: Rig) -> None:
    """The document goes to the caller, and the process may end as it likes."""
    fail = f"call('POST', '{BASE}/init/error', {{}}, '{{\"errorType\": \"My.Init\"}}'); sys.exit(7)"
    failed = rig.run(rig.version(environment={"BEFORE_INIT": fail}), [])
    assert (failed.status, failed.error_type) == ("error", "My.Init")


def test_a_runtime_that_is_not_there(rig: Rig) -> None:
    """AWS's own words for a missing bootstrap; a missing wrapper is what a shell says of it."""
    missing = rig.run(rig.version({"other": b"1"}), [])
    assert missing.error_type == "Runtime.InvalidEntrypoint"
    assert b"Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]" in missing.payload
    in_layer = rig.version({"other": b"1"}, layers={"bootstrap": RUNTIME.encode()})
    assert rig.ask(in_layer) == []
    wrapped = rig.version(wrapper=True, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/nothing"})
    assert rig.run(wrapped, []).payload.endswith(b'Runtime exited with error: exit status 127"}')


def test_a_wrapper_runs_in_place_of_the_runtime(rig: Rig) -> None:
    """It gets the runtime's command as its arguments, and may set variables for it."""
    wrapper = b'#!/bin/sh\nexport WRAPPED="$1"\nexec "$@"\n'
    version = rig.version(wrapper=True, layers={"wrap": wrapper}, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"})
    told = rig.run(version, "call('POST', path + '/response', {}, json.dumps(os.environ['WRAPPED']))")
    assert str(json.loads(told.payload)).endswith("/bootstrap")


def test_a_runtime_that_is_killed_ends_its_environment_as_it_ended(rig: Rig) -> None:
    """Signal and exit status are told as AWS tells them, and the next invocation has a new process."""
    version = rig.version()
    for act, told in (
        ("os.kill(os.getpid(), 9)", b"Runtime exited with error: signal: killed"),
        ("os.kill(os.getpid(), 11)", b"Runtime exited with error: signal: segmentation fault"),
        ("os._exit(4)", b"Runtime exited with error: exit status 4"),
        ("os._exit(0)", b"Runtime exited without providing a reason"),
    ):
        assert told in rig.run(version, act).payload
        assert rig.ask(version) == []


def test_restore_is_the_end_of_init(rig: Rig) -> None:
    """A runtime that waits to be restored goes on with the first event; an error after that is the invocation's."""
    hooks = f"said = call('GET', '{BASE}/restore/next'); print('restored', said[0], flush=True)"
    version = rig.version(environment={"BEFORE_INIT": hooks})
    assert rig.ask(version) == []
    assert b"restored 200" in rig.logged


def test_a_failure_after_a_restore_is_that_of_the_first_invocation(rig: Rig) -> None:
    """What a runtime posts to restore/error goes to the caller; before a restore it may not."""
    hooks = (
        f"early = call('POST', '{BASE}/restore/error', {{}}, '{{}}')[0]\n"
        f"call('GET', '{BASE}/restore/next')\n"
        "error = json.dumps({'errorType': 'Runtime.AfterRestoreError', 'errorMessage': f'too early: {early}'})\n"
        f"call('POST', '{BASE}/restore/error', {{}}, error)\n"
        "sys.exit(1)"
    )
    outcome = rig.run(rig.version(environment={"BEFORE_INIT": hooks}), [])
    assert (outcome.status, outcome.error_type) == ("error", "Runtime.AfterRestoreError")
    assert json.loads(outcome.payload)["errorMessage"] == "too early: 403"


def test_an_extension_is_told_of_invocations_and_of_the_end(rig: Rig, tmp_path: Path) -> None:
    """It is started before the runtime, sees each event, and has time to finish when the environment ends."""
    version = rig.version(layers={"extensions/watcher": EXTENSION.encode()})
    outcome = rig.run(version, [], trace_id="Root=1")
    rig.run(version, [])
    told = [
        line.removeprefix("extension got ") for line in rig.logged.decode().splitlines() if line.startswith("extension got")
    ]
    events = [json.loads(line) for line in told]
    assert [event["eventType"] for event in events] == ["INVOKE", "INVOKE"]
    assert events[0]["invokedFunctionArn"].endswith(":function:f")
    assert events[0]["tracing"] == {"type": "X-Amzn-Trace-Id", "value": "Root=1"}
    assert b'registered {"functionName": "f", "functionVersion": "$LATEST", "handler"' in rig.logged
    (environment,) = rig.engine.processes.environments.values()

    output = os.dup(environment.output)
    rig.engine.retire(version.key)
    assert eventually(lambda: not rig.engine.processes.stopping)
    assert b'"eventType": "SHUTDOWN", "shutdownReason": "spindown"' in os.pread(output, 65_536, 0)
    os.close(output)
    assert outcome.status == "success"


@pytest.mark.parametrize(
    ("does", "status", "reason", "on_event"),
    [
        ("time.sleep(9)", "timeout", "timeout", ""),
        ("time.sleep(9)", "timeout", "timeout", "import time; time.sleep(1.1 if event['eventType'] == 'INVOKE' else 0)"),
        ("os._exit(3)", "error", "failure", ""),
        ("eaten = []\nwhile True: eaten.append(b'x' * (1 << 24))", "out_of_memory", "failure", ""),
        ("len(bytearray(400 << 20)); call('POST', path + '/response', {}, '1')", "out_of_memory", "failure", ""),
    ],
    ids=["timeout", "timeout while it is busy", "crash", "out of memory", "out of memory for a moment"],
)
def test_extensions_are_told_why_an_environment_ends(rig: Rig, does: str, status: str, reason: str, on_event: str) -> None:
    """After a timeout or a crash they get their SHUTDOWN event; the next invocation finds all new."""
    watcher = {"extensions/watcher": EXTENSION.encode()}
    version = rig.version(layers=watcher, environment={"ON_EVENT": on_event}, memory_mb=256)
    version.timeout_s = 1 if status == "timeout" else 20
    outcome = rig.run(version, does)
    assert outcome.status == status
    assert f'"eventType": "SHUTDOWN", "shutdownReason": "{reason}"'.encode() in outcome.log
    assert rig.run(version, []).status == ("timeout" if on_event else "success")
    assert rig.logged.count(b"registered {") == 2


@pytest.mark.parametrize("when", ["BEFORE_INIT", ""])
def test_a_burst_that_nobody_sees_ends_the_invocation(rig: Rig, when: str) -> None:
    """A runtime whose peak was past the limit when it answers is ended as if that had been seen at once, init included."""
    burst = "len(bytearray(150 << 20))"
    version = rig.version(environment={when: burst} if when else {}, memory_mb=128, timeout_s=60)
    rig.run(rig.version(), [])
    with nobody_looks(rig.engine):
        outcome = rig.run(version, f"{burst}; call('POST', path + '/response', {{}}, '1')")
    assert (outcome.status, outcome.error_type, outcome.max_memory_mb) == ("out_of_memory", "Runtime.ExitError", 128)
    assert outcome.payload.endswith(b'Error: Runtime exited with error: signal: killed"}')
    assert len(outcome.failed_inits) == (2 if when else 0)


def test_an_extension_that_does_not_end_is_killed(rig: Rig) -> None:
    """It has two seconds after a timeout."""
    hung = {"ON_EVENT": "if event['eventType'] == 'SHUTDOWN': import time; time.sleep(60)"}
    version = rig.version(layers={"extensions/hung": EXTENSION.encode()}, environment=hung, timeout_s=1)
    assert rig.run(version, "time.sleep(9)").status == "timeout"


def test_an_answer_waits_for_the_extensions(rig: Rig) -> None:
    """An invocation is over when all that asked for it are done; its duration says so."""
    slow = {"ON_EVENT": "import time; time.sleep(0.3)", "EVENTS": '["INVOKE"]'}
    version = rig.version(layers={"extensions/slow": EXTENSION.encode()}, environment=slow)
    rig.run(version, [])
    assert rig.run(version, []).duration_ms >= 300


@pytest.mark.parametrize(
    ("when", "error_type"),
    [
        ("sys.exit(5)", "Extension.Crash"),
        (
            "call('POST', '/init/error', {**identifier, 'Lambda-Extension-Function-Error-Type': 'No.Luck'})",
            "Extension.InitError",
        ),
    ],
)
def test_an_extension_that_fails_fails_the_environment(rig: Rig, when: str, error_type: str) -> None:
    """Whether it says so or just ends."""
    version = rig.version(layers={"extensions/bad": EXTENSION.encode()}, environment={"AFTER_REGISTRATION": when})
    assert rig.run(version, []).error_type == error_type


def test_what_extensions_ask_wrongly_is_refused(rig: Rig) -> None:
    """A missing name, an unknown identifier, an event that internal extensions cannot have, a registration that is late."""
    invoke = '{"events": ["INVOKE"]}'
    early = (
        "for given, body in (({}, ''), ({'Lambda-Extension-Name': 'own'}, '{\"events\": [\"SHUTDOWN\"]}')):\n"
        f"    print(call('POST', '{EXTENSIONS}/register', given, body)[::2], flush=True)\n"
    )
    version = rig.version(environment={"BEFORE_INIT": early})
    answers = rig.ask(
        version,
        ("POST", f"{EXTENSIONS}/register", {"Lambda-Extension-Name": "late"}, invoke),
        ("GET", f"{EXTENSIONS}/event/next", {}, None),
        ("GET", f"{EXTENSIONS}/event/next", {"Lambda-Extension-Identifier": "x"}, None),
    )
    assert [json.loads(body)["errorType"] for _, body in answers] == [
        "Extension.RegistrationClosed",
        "Extension.MissingExtensionIdentifier",
        "Extension.UnknownExtensionIdentifier",
    ]
    assert {status for status, _ in answers} == {403}
    assert b"Empty extension name" in rig.logged
    assert b"Extension.InvalidEventType" in rig.logged
