"""`jlambda serve`, the AWS CLI, and other processes that talk to a live session."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jlambda
from jlambda.api import address
from jlambda.session import served
from tests.api.packages import ROLE, RUNTIME, zipped
from tests.conftest import need

ROOT = Path(__file__).parents[2]
AWS = Path(sys.executable).parent / "aws"
KEY = ("--access-key-id", "AKIDEXAMPLE", "--secret-access-key", "a-secret-of-mine")


def environment(**more: str) -> dict[str, str]:
    """A user with this checkout's jlambda and nothing of AWS's."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent", **more}


class Server:
    """A `jlambda serve`, and what it has printed."""

    def __init__(self, state: Path, *options: str) -> None:
        command = [sys.executable, "-m", "jlambda", "serve", "--port", "0", "--state", str(state), *options]
        self.process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.lines = [self.process.stdout.readline().rstrip("\n") for _ in range(7)]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Its exit status, and what else it had to say."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out + err


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the functions are."""
    return tmp_path / "state"


@pytest.fixture
def server(state: Path) -> Iterator[Server]:
    """A server that is ended after the test."""
    made = Server(state, *KEY)
    yield made
    made.end()


class Shell:
    """A shell into which the lines that `jlambda serve` prints were pasted."""

    def __init__(self, server: Server, folder: Path) -> None:
        need(AWS.exists(), "the AWS CLI (pip install awscli)")
        self._lines, self._folder = "\n".join(server.lines), folder

    def aws(self, *words: str) -> Any:
        """`aws lambda WORDS`; its JSON."""
        command = f'{self._lines}\n"$@"'
        run = ["sh", "-c", command, "sh", str(AWS), "lambda", *words]
        done = subprocess.run(
            run, cwd=self._folder, env=environment(AWS_PAGER="", AWS_PROFILE="mine"), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


def test_the_aws_cli_drives_a_whole_life(server: Server, state: Path, tmp_path: Path) -> None:
    """Created, invoked with its log, updated, published, given an alias, deleted; a notebook finds what is left."""
    shell, named = Shell(server, tmp_path), ("--function-name", "hello")
    (tmp_path / "one.zip").write_bytes(zipped({"app.py": "def handler(event, context):\n    print('hi')\n    return event\n"}))
    (tmp_path / "two.zip").write_bytes(zipped({"app.py": "def handler(event, context): return 2\n"}))
    options = ("--runtime", RUNTIME, "--role", ROLE, "--handler", "app.handler", "--zip-file", "fileb://one.zip")
    made = shell.aws("create-function", *named, *options, "--environment", "Variables={STAGE=dev}", "--timeout", "10")
    assert (made["State"], made["Environment"]["Variables"]) == ("Pending", {"STAGE": "dev"})
    shell.aws("wait", "function-active-v2", *named)
    (tmp_path / "event.json").write_text('{"name": "Ada"}')
    answer = shell.aws("invoke", *named, "--log-type", "Tail", "--payload", "file://event.json", "out.json")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads((tmp_path / "out.json").read_text()) == {"name": "Ada"}
    log = base64.b64decode(answer["LogResult"]).decode()
    assert log.startswith("START RequestId: ")
    assert "\nhi\n" in log
    assert shell.aws("publish-version", *named)["Version"] == "1"
    changed = shell.aws("update-function-code", *named, "--zip-file", "fileb://two.zip")
    assert changed["LastUpdateStatus"] == "InProgress"
    shell.aws("wait", "function-updated", *named)
    assert shell.aws("publish-version", *named)["Version"] == "2"
    alias = shell.aws("create-alias", *named, "--name", "live", "--function-version", "1")
    assert alias["AliasArn"].endswith(":function:hello:live")
    assert shell.aws("update-alias", *named, "--name", "live", "--function-version", "2")["FunctionVersion"] == "2"
    assert shell.aws("invoke", *named, "--qualifier", "live", "out.json")["ExecutedVersion"] == "2"
    assert (tmp_path / "out.json").read_text() == "2"
    assert len(shell.aws("list-versions-by-function", *named)["Versions"]) == 3
    shell.aws("delete-alias", *named, "--name", "live")
    assert server.end(signal.SIGINT) == (0, "")
    with jlambda.Session(state) as session:
        assert session.get("hello")({}) == 2


def test_what_it_prints_is_what_a_shell_needs(server: Server, state: Path) -> None:
    """Where it is, the key that was given, and a region; nothing on stderr; SIGTERM ends it with status 0."""
    assert server.lines[0].startswith(f"# jlambda serves {state} at http://127.0.0.1:")
    where = address.read(state)
    assert where is not None
    assert server.lines[1:] == where.shell().splitlines()
    assert (where.access_key_id, where.secret_access_key) == ("AKIDEXAMPLE", "a-secret-of-mine")
    assert where.client("lambda").list_functions()["Functions"] == []
    assert server.end() == (0, "")
    assert address.read(state) is None


def test_changes_take_as_long_as_it_is_told(state: Path) -> None:
    """--settle; what is no number is refused in one line."""
    assert Server(state, "--settle", "soon").end() == (2, "'soon' is not a number of seconds: use 2 or 0.5\n")
    server = Server(state, *KEY, "--settle", "60")
    try:
        where = address.read(state)
        assert where is not None
        client = where.client("lambda")
        code = {"ZipFile": zipped({"app.py": "def handler(event, context): return event\n"})}
        client.create_function(FunctionName="f", Runtime=RUNTIME, Role=ROLE, Handler="app.handler", Code=code)
        assert client.get_function_configuration(FunctionName="f")["State"] == "Pending"
        client.close()
    finally:
        assert server.end() == (0, "")


def test_a_second_process_talks_to_the_first(server: Server, state: Path) -> None:
    """Asked to serve the same folder, it says where that is served, and ends."""
    second = Server(state)
    assert second.lines[0] == f"# {state} is served already, at {server.lines[1].partition('=')[2]}"
    assert second.lines[1:] == server.lines[1:]
    assert second.process.wait(timeout=30) == 0
    assert second.end() == (0, "")
    where = served(state)
    assert where is not None
    assert where.url == server.lines[1].partition("=")[2]


def test_boto3_in_another_process_and_the_notebook_share_functions(session: jlambda.Session) -> None:
    """What one makes the other sees."""
    where = session.address
    script = (
        "import boto3, sys\n"
        "client = boto3.client('lambda')\n"
        f"client.create_function(FunctionName='far', Runtime={RUNTIME!r}, Role={ROLE!r}, Handler='app.handler',\n"
        f"    Code={{'ZipFile': {zipped({'app.py': 'def handler(event, context): return [event]'})!r}}})\n"
        "client.get_waiter('function_active').wait(FunctionName='far')\n"
        "sys.stdout.write(client.invoke(FunctionName='far', Payload=b'1')['Payload'].read().decode())\n"
    )
    variables = {
        "AWS_ENDPOINT_URL": where.url,
        "AWS_ACCESS_KEY_ID": where.access_key_id,
        "AWS_SECRET_ACCESS_KEY": where.secret_access_key,
        "AWS_DEFAULT_REGION": where.region,
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(**variables), capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("[1]", "")
    assert session.get("far")(2) == [2]
    assert [function.name for function in session.functions()] == ["far"]


def test_a_server_that_was_killed_leaves_nothing_that_misleads(state: Path) -> None:
    """Its address is still there, but nobody holds the folder: the next one serves it."""
    first = Server(state)
    first.end(signal.SIGKILL)
    assert address.read(state) is not None
    assert served(state) is None
    second = Server(state)
    assert second.lines[0].startswith("# jlambda serves ")
    assert second.lines[1:] != first.lines[1:]
    assert second.end() == (0, "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--account", "12"), "account '12': use 12 digits"),
        (("--region", "moon"), "region 'moon'"),
        (("--access-key-id", "AKID"), "an access key has two parts"),
        (("--port", "70000"), "port is 70000"),
    ],
)
def test_options_that_cannot_be(state: Path, options: tuple[str, ...], said: str) -> None:
    """One line on stderr, and a status that is not 0."""
    command = [sys.executable, "-m", "jlambda", "serve", "--port", "0", "--state", str(state), *options]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken(state: Path) -> None:
    """One line that says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "jlambda", "serve", "--state", str(state), "--port", port]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    expected = f"jlambda serve: the gateway cannot listen on 127.0.0.1:{port} (Address already in use): choose another port\n"
    assert done.stderr == expected
