"""A session: its folder, its life, other processes and the next ones."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import jlambda
from jlambda.errors import EngineError, InvalidParameter, ResourceNotFound, StateError
from jlambda.session import Session, default_folder
from tests.conftest import children, descriptors, eventually, supervisors

ECHO = "def handler(event, context): return event\n"


def run_python(code: str, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A script of its own, as a user would run it."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=check, timeout=60)


def test_a_session_that_was_only_made_costs_nothing(tmp_path: Path) -> None:
    """No process, thread, folder or file before it is used."""
    before = children(), threading.active_count(), descriptors()
    session = Session(tmp_path / "state")
    assert not session.is_open
    assert (children(), threading.active_count(), descriptors()) == before
    assert list(tmp_path.iterdir()) == []
    assert repr(session) == f"<Session 123456789012 us-east-1 in {tmp_path / 'state'}>"
    session.close()


@pytest.mark.parametrize(("account", "region"), [("12", "us-east-1"), ("123456789012", "moon"), (5, "us-east-1")])
def test_a_bad_account_or_region(tmp_path: Path, account: str, region: str) -> None:
    """One line, at once."""
    with pytest.raises(InvalidParameter, match="use "):
        Session(tmp_path, account, region)


def test_account_and_region_are_in_arns_and_in_functions(tmp_path: Path) -> None:
    """What was chosen is what a function sees and what its logs name."""
    with Session(tmp_path / "state", account="000000000042", region="eu-west-3") as session:
        source = "import os\ndef handler(event, context): return os.environ['AWS_REGION'], context.invoked_function_arn\n"
        function = session.deploy(source, "f")
        assert function.arn == "arn:aws:lambda:eu-west-3:000000000042:function:f"
        invocation = function.invoke()
        assert invocation.result == ["eu-west-3", function.arn]
        assert "arn:aws:lambda:eu-west-3::runtime:" in invocation.logs[0].message


def test_the_current_session(session: Session, tmp_path: Path) -> None:
    """A with block changes it and gives it back, however deep; `use` changes it for good."""
    assert jlambda.current() is session
    with Session(tmp_path / "other") as other:
        assert jlambda.current() is other
        with session, other:
            assert jlambda.current() is other
        assert jlambda.current() is other
    assert jlambda.current() is session
    third = Session(tmp_path / "third")
    assert jlambda.use(third) is third
    assert jlambda.current() is third
    jlambda.use(session)


def test_there_is_always_a_current_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One, however often it is asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("jlambda.session._current", None)
    made = jlambda.current()
    assert jlambda.current() is made
    assert not made.is_open


def test_the_current_session_is_made_on_first_use(tmp_path: Path) -> None:
    """In the folder of the notebook, and by nothing but being asked for."""
    code = "import jlambda; print(jlambda.current().is_open); print(jlambda.deploy('def handler(e, c): return e', 'f')(3))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "JPY_SESSION_NAME": ""}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["False", "3"]
    assert (tmp_path / ".jlambda" / "default" / "state.db").is_file()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("", "HERE/.jlambda/default"),
        ("Untitled.ipynb", "HERE/.jlambda/Untitled"),
        ("lessons/First one.ipynb", "HERE/.jlambda/First one"),
        ("BESIDE/a.b.ipynb", "BESIDE/.jlambda/a.b"),
        ("/nowhere/at/all/x.ipynb", "HERE/.jlambda/x"),
    ],
)
def test_the_default_folder_is_beside_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, folder: str
) -> None:
    """Whatever folder the kernel has changed to; where the notebook is not known, in the current one."""
    here, beside = tmp_path / "here", tmp_path / "beside"
    here.mkdir()
    beside.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("JPY_SESSION_NAME", name.replace("BESIDE", str(beside)))
    assert default_folder() == Path(folder.replace("HERE", str(here)).replace("BESIDE", str(beside)))


FIRST_LIFE = """
import os, signal, sys, jlambda
SOURCE = '''
import os
def handler(event, context):
    print("said", event)
    return os.environ["STAGE"], len(os.environ["TOKEN"]), table
'''
with jlambda.Session(sys.argv[1]) as session:
    f = session.deploy(SOURCE, "f", memory=256, timeout=7, env={"STAGE": "dev"}, secrets={"TOKEN": "hunter22"},
                       use={"table": {"a": 2}}, origin="Cell In[4]")
    session.deploy("def handler(event, context): return event", "gone").delete()
    f(1)
    f(2)
    if sys.argv[2] == "killed":
        session.invocations()  # what has been shown is stored
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_everything_is_there_again_after_a_restart(tmp_path: Path, end: str) -> None:
    """Functions with their settings, secrets and shipped objects, records and logs; `get` gives what can be called."""
    ran = run_python(FIRST_LIFE, tmp_path / "state", end, check=False)
    assert ran.returncode == (0 if end == "closed" else -signal.SIGKILL), ran.stderr
    with Session(tmp_path / "state") as session:
        assert session.notice is None
        assert [function.name for function in session.functions()] == ["f"]
        function = jlambda.get("f")
        configuration = function.configuration
        assert (configuration.memory_mb, configuration.timeout_s, configuration.origin) == (256, 7, "Cell In[4]")
        assert (configuration.environment, configuration.secrets) == ({"STAGE": "dev"}, ("TOKEN",))
        before = function.invocations()
        assert list(before.status) == ["success", "success"]
        assert [line for line in function.logs().message if line.startswith("said")] == ["said 1", "said 2"]
        assert function(3) == ["dev", 8, {"a": 2}]
        assert len(function.invocations()) == 3
        assert list(function.invocations().request_id[:2]) == list(before.request_id)


def test_a_second_session_on_a_folder_gets_one_of_its_own(tmp_path: Path) -> None:
    """And says so in one line; when the first is closed its folder is free again."""
    with Session(tmp_path / "state") as first:
        first.deploy(ECHO, "f")
        assert first.notice is None
        with Session(tmp_path / "state") as second:
            assert second.folder == tmp_path / "state-2"
            assert second.notice == (
                f"{tmp_path / 'state'} is in use by another kernel; this one keeps its functions in {tmp_path / 'state-2'}"
            )
            assert second.functions() == []
        other = run_python("import sys, jlambda; print(jlambda.Session(sys.argv[1]).notice)", tmp_path / "state")
        assert "state is in use by another kernel" in other.stdout
    with Session(tmp_path / "state") as third:
        assert third.notice is None
        assert third.get("f")(1) == 1


def test_what_cannot_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    """A damaged file is a `StateError` in one line, and the folder is free for whoever repairs it."""
    state = tmp_path / "state"
    with Session(state) as session:
        session.deploy(ECHO, "f", secrets={"TOKEN": "123456"})
    for name in ("secrets", "state.db"):
        good = (state / name).read_bytes()
        (state / name).write_bytes(b"nonsense, and much of it" * 100)
        for _ in range(2):
            with pytest.raises(StateError, match=f"{name} is damaged") as caught:
                Session(state).functions()
            assert "\n" not in str(caught.value)
        (state / name).write_bytes(good)
    with Session(state) as session:
        assert session.notice is None
        assert session.get("f")(1) == 1


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    """One line that says what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match=r"choose another one with Session\(state=...\)"):
        Session(tmp_path / "file" / "state").functions()


def test_a_closed_session_opens_again_when_it_is_used(session: Session) -> None:
    """As after a restart; closing twice does nothing."""
    function = session.deploy(ECHO, "f")
    function(1)
    session.close()
    session.close()
    assert not session.is_open
    assert function(2) == 2
    assert len(session.invocations()) == 2


def test_records_are_found_by_name_and_arn(session: Session) -> None:
    """Of one function or all; a name that cannot be one is refused."""
    f, g = session.deploy(ECHO, "f"), session.deploy("def handler(event, context): print(event)\n", "g")
    f(1)
    g("hello")
    assert len(session.invocations()) == len(session.invocations("f")) + len(session.invocations(g.arn)) == 2
    assert "hello" in list(session.logs("g:$LATEST").message)
    assert list(session.cost("f").function) == ["f"]
    assert list(session.metrics(f.arn).function) == ["f"]
    assert session.logs("never-there").empty
    with pytest.raises(InvalidParameter):
        session.logs("no such")
    with pytest.raises(ResourceNotFound, match="not reachable in this region"):
        session.invocations("arn:aws:lambda:eu-west-1:123456789012:function:f")


# -- forks ---------------------------------------------------------------------------------------------------------------


def test_a_fork_neither_ends_nor_shares_the_session(session: Session) -> None:
    """A child process that ends as any program does leaves the parent's environments alone, and cannot use them."""
    function = session.deploy("import os\ndef handler(event, context): return os.getpid()\n", "f")
    pid = function()
    received, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException as error:
            os.write(send, repr(error).encode())
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        session.close()
        try:
            atexit._run_exitfuncs()
        finally:
            os._exit(0)
    os.close(send)
    os.waitpid(child, 0)
    with os.fdopen(received) as told:
        assert told.read() == repr(
            EngineError("this session belongs to the process that this one was forked from: make a new Session")
        )
    assert function() == pid
    assert len(session.invocations()) == 2


FORKING = """
import os, sys, jlambda
session = jlambda.Session(sys.argv[1])
f = session.deploy("def handler(event, context): return event", "f")
f(1)
if os.fork() == 0:
    with jlambda.Session(sys.argv[1]) as own:
        print("child", own.notice is not None, own.deploy("def handler(event, context): return event", "f")(5))
    sys.exit(0)
os.wait()
print("parent", f(2), len(session.invocations()))
"""


def test_a_fork_may_have_a_session_of_its_own(tmp_path: Path) -> None:
    """In another folder, while the parent lives; both end as programs do, and say nothing on stderr."""
    ran = run_python(FORKING, tmp_path / "state")
    assert ran.stdout.splitlines() == ["child True 5", "parent 2 2"]
    assert ran.stderr == ""


def test_a_child_that_outlives_its_parent_does_not_hold_the_folder(tmp_path: Path) -> None:
    """The lock is the parent's alone."""
    code = (
        "import os, sys, time, jlambda\n"
        "session = jlambda.Session(sys.argv[1]); session.functions()\n"
        "child = os.fork()\n"
        "if child == 0:\n    os.closerange(0, 3); time.sleep(30); os._exit(0)\n"
        "print(child, flush=True); os._exit(0)\n"
    )
    child = int(run_python(code, tmp_path / "state").stdout)
    try:
        with Session(tmp_path / "state") as session:
            assert session.notice is None
    finally:
        os.kill(child, signal.SIGKILL)


# -- the end -------------------------------------------------------------------------------------------------------------


def test_a_script_need_not_close_its_session(tmp_path: Path) -> None:
    """At the interpreter's end all is stored, every process is gone, and stderr is silent."""
    code = (
        "import sys, jlambda\n"
        "f = jlambda.use(jlambda.Session(sys.argv[1])).deploy('def handler(event, context): return event', 'f')\n"
        "f.map(range(300)); f.submit(1)\n"
    )
    ran = run_python(code, tmp_path / "state")
    assert ran.stderr == ""
    with Session(tmp_path / "state") as session:
        assert len(session.invocations()) >= 300
    found = subprocess.run(["pgrep", "-f", str(tmp_path / "state")], capture_output=True, text=True)
    assert found.stdout == ""


def test_closing_leaves_no_process_thread_or_descriptor(tmp_path: Path) -> None:
    """Whatever was under way."""
    before = supervisors(), threading.active_count(), len(descriptors())
    session = Session(tmp_path / "state")
    function = session.deploy("import time\ndef handler(event, context): time.sleep(event)\n", "f", timeout=60)
    function(0)
    futures = [function.submit(30) for _ in range(3)]
    assert eventually(lambda: session.engine.scheduler.running == {"f": 3})
    session.close()
    assert all(future.done() for future in futures)
    assert (supervisors(), threading.active_count(), len(descriptors())) == before


JSON_LOGGER = """
import logging, os
def handler(event, context):
    logging.info("info"); logging.debug("debug"); print("printed")
    names = ("AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL", "AWS_LAMBDA_LOG_GROUP_NAME")
    return [*map(os.environ.get, names), context.log_group_name]
"""


def test_a_function_logs_in_the_format_and_at_the_levels_that_are_asked_for(session: Session) -> None:
    """Each invocation's log is told as the version logged that ran it, whatever the function is now."""
    logger = session.deploy(JSON_LOGGER, "logger", log_format="JSON", log_group="/shared")
    assert logger({}) == ["JSON", "INFO", "/shared", "/shared"]
    session.deploy(JSON_LOGGER, "logger", application_log_level="DEBUG", system_log_level="WARN")
    assert logger({}) == ["JSON", "DEBUG", "/shared", "/shared"]
    session.deploy(JSON_LOGGER, "logger", log_format="Text", log_group="/aws/lambda/logger")
    assert logger({}) == [None, None, "/aws/lambda/logger", "/aws/lambda/logger"]
    assert (logger.configuration.application_log_level, logger.configuration.system_log_level) == (None, None)
    found = logger.logs().groupby("request_id", sort=False)["message"].apply(list)
    kinds = [[json.loads(line)["type"] if '"type"' in line else line for line in lines] for lines in found]
    assert kinds[0][0] == "platform.initStart"
    assert kinds[0][1] == "platform.start"
    assert json.loads(kinds[0][2])["message"] == "info"
    assert kinds[0][3:] == ["printed", "platform.report"]
    assert [json.loads(line)["message"] for line in kinds[1][:2]] == ["info", "debug"]
    assert kinds[1][2:] == ["printed"]
    assert [line.split(" ")[0] for line in kinds[2]] == ["INIT_START", "START", "printed", "END", "REPORT"]
