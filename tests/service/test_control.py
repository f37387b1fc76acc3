"""Functions: created, updated, found and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import jlambda
from jlambda.errors import CodeError, InvalidParameter, LambdaError, ResourceNotFound, StateError
from jlambda.service.settings import Settings
from jlambda.store.functions import Functions
from tests.conftest import eventually

ECHO = "def handler(event, context): return event\n"
PID = "import os\ndef handler(event, context): return os.getpid()\n"


def everything(session: jlambda.Session) -> object:
    """All that a deployment could change."""
    secrets = session.folder / "secrets"
    return [f.configuration for f in session.functions()], secrets.read_bytes() if secrets.exists() else b""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jlambda.Session]:
    """A session with one function, for tests that change nothing."""
    with jlambda.Session(tmp_path_factory.mktemp("shared") / "state") as made:
        made.deploy(ECHO, "f", memory=256, env={"STAGE": "dev"}, secrets={"OLD_TOKEN": "123456"})(1)
        yield made


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "a b"}, "use 1 to 64 letters, digits, - and _"),
        ({"name": ""}, "use 1 to 64 letters, digits, - and _"),
        ({"name": 5}, "use 1 to 64 letters, digits, - and _"),
        ({"name": None}, "a function needs a name"),
        ({"memory": 127}, "memory is 127; it must be a whole number from 128 to 10240 MB"),
        ({"memory": 10_241}, "memory is 10241; it must be a whole number from 128 to 10240 MB"),
        ({"timeout": 0}, "timeout is 0; it must be a whole number from 1 to 900 seconds"),
        ({"timeout": 901}, "timeout is 901; it must be a whole number from 1 to 900 seconds"),
        ({"ephemeral_storage": 511}, "from 512 to 10240 MB"),
        ({"architecture": "sparc"}, "use x86_64 or arm64"),
        ({"runtime": "perl5"}, "use python3"),
        ({"handler": "a b"}, "use MODULE.FUNCTION"),
        ({"description": "x" * 257}, "at most 256 characters"),
        ({"env": {"1X": "1"}}, "a name is a letter, then letters, digits and _"),
        ({"env": {"AWS_REGION": "mars"}}, "AWS_REGION is set by Lambda itself; choose another name"),
        ({"env": {"KEY": 1}}, "its value is int; use text"),
        ({"env": ["KEY"]}, "env is list: use a dict of names and values"),
        ({"env": {"KEY": "x" * 4_096}}, r"at most 4096 \(4 KB\) are allowed"),
        ({"env": {"KEY": "x" * 2_100}, "secrets": {"TOKEN": "y" * 2_100}}, r"at most 4096 \(4 KB\) are allowed"),
        ({"secrets": {"TOKEN": "y" * 4_096}}, r"at most 4096 \(4 KB\) are allowed"),
        ({"secrets": {"AWS_SECRET_ACCESS_KEY": "y"}}, "AWS_SECRET_ACCESS_KEY is set by Lambda itself"),
        ({"secrets": {"T": "y"}}, "a name is a letter, then letters, digits and _"),
        ({"secrets": {"TOKEN": b"y"}}, "TOKEN: its value is bytes; use text"),
        ({"secrets": {5: "y"}}, "a name is a letter, then letters, digits and _"),
        ({"secrets": "TOKEN"}, "secrets is str: use a dict of names and values"),
        ({"env": {"KEY": "1"}, "secrets": {"KEY": "2"}}, "KEY: give it as a variable or as a secret, not as both"),
        ({"source": "def handler(event, context:\n"}, "lambda_function.py, line 1: "),
        ({"source": "x = '\0'"}, "lambda_function.py: source code string cannot contain null bytes"),
        ({"source": "x = '\ud800'"}, "lambda_function.py: .*surrogates not allowed"),
        ({"source": "x = 1\n"}, "define `def handler"),
        ({"source": "def a(x, y): 1\ndef b(x, y): 1\n"}, "which one is the handler: a, b"),
        ({"source": 5}, "int is no source: use a function, source text, or a pathlib.Path"),
        ({"source": Path("/nowhere/app.py")}, "/nowhere/app.py: there is no such file or folder"),
        ({"source": Path("/etc/passwd")}, "use a .py file, a folder or a .zip"),
        ({"source": "/etc/passwd"}, "give a file or folder as pathlib.Path"),
        ({"use": {"lock": open}, "source": Path("/etc")}, "not with a folder or zip"),
        ({"use": {"fine": 1, "stream": (c for c in "")}}, r"stream cannot be shipped \(generator: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_changes_nothing(
    shared: jlambda.Session, options: dict[str, object], said: str
) -> None:
    """A deployment is refused as a whole: the function stays as it was, new ones do not come to be."""
    before = everything(shared)
    for name in ("f", "new"):
        wanted = {"source": ECHO, "name": name, **options}
        with pytest.raises((InvalidParameter, CodeError), match=said) as caught:
            shared.deploy(**wanted)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
        assert "yyyy" not in str(caught.value)
        assert everything(shared) == before


def test_a_new_function_has_lambdas_defaults(session: jlambda.Session) -> None:
    """What was not said is as CreateFunction leaves it, and the package is counted as its zip."""
    function = session.deploy(ECHO, "f")
    configuration = function.configuration
    assert function.changes is None
    assert (configuration.memory_mb, configuration.timeout_s, configuration.handler) == (128, 3, "lambda_function.handler")
    assert 100 < configuration.code_size < 1_000
    assert len(configuration.code_sha256) == 44
    assert configuration.last_modified > 1.7e9


def test_options_given_win_and_options_not_given_stay(session: jlambda.Session) -> None:
    """A redeployment changes what it names, and tells the old and the new value of that."""
    session.deploy(
        ECHO,
        "f",
        memory=256,
        timeout=9,
        env={"STAGE": "dev"},
        secrets={"TOKEN": "123456"},
        description="d",
        architecture="arm64",
    )
    again = session.deploy(ECHO, "f", memory=512)
    assert again.changes == {"memory_mb": (256, 512)}
    configuration = again.configuration
    assert (configuration.timeout_s, configuration.environment, configuration.secrets) == (9, {"STAGE": "dev"}, ("TOKEN",))
    assert (configuration.description, configuration.architecture) == ("d", "arm64")
    cleared = session.deploy(ECHO, "f", env={}, secrets={}, description="")
    assert set(cleared.changes or ()) == {"environment", "secrets", "description"}
    assert (cleared.configuration.environment, cleared.configuration.secrets) == ({}, ())


def test_nothing_changed_keeps_environments_warm(session: jlambda.Session) -> None:
    """Running the same cell again, from wherever, is no new deployment."""
    function = session.deploy(PID, "f", secrets={"TOKEN": "123456"}, origin="Cell In[1]")
    pid, revision = function(), function.configuration.revision_id
    again = session.deploy(PID, "f", memory=128, secrets={"TOKEN": "123456"}, origin="Cell In[7]")
    assert again.changes == {}
    assert again.configuration.revision_id == revision
    assert again.configuration.origin == "Cell In[7]"
    assert again() == pid


@pytest.mark.parametrize(
    "options",
    [
        {"source": PID + "#"},
        {"memory": 256},
        {"env": {"NEW": "1"}},
        {"secrets": {"TOKEN": "654321"}},
        {"use": {"helper": 1}},
    ],
)
def test_a_change_drains_the_old_environments(session: jlambda.Session, options: dict[str, object]) -> None:
    """The next invocation is cold, and the old process ends; a secret's new value is a change like any other."""
    function = session.deploy(PID, "f", secrets={"TOKEN": "123456"})
    function()
    (old,) = session.engine.scheduler.environments
    wanted = {"source": PID, "name": "f", **options}
    changed = session.deploy(**wanted).changes  # type: ignore[arg-type]
    assert changed
    assert "654321" not in str(changed)
    assert eventually(lambda: old not in session.engine.scheduler.environments)
    assert function.invoke().record.cold_start


def test_an_environment_of_a_version_that_was_loaded_anew_is_drained_too(session: jlambda.Session) -> None:
    """Same code from another cell, then other code, with no invocation in between: the old environment still goes."""
    function = session.deploy(PID, "f", origin="Cell In[1]")
    function()
    session.deploy(PID, "f", origin="Cell In[2]")
    session.deploy(PID + "#", "f", origin="Cell In[3]")
    assert eventually(lambda: not session.engine.scheduler.environments)


def test_an_invocation_under_way_finishes_on_the_old_code(session: jlambda.Session) -> None:
    """A redeployment stops no invocation, and each one after it runs the new code."""
    function = session.deploy("import time\ndef handler(event, context): time.sleep(event); return 'old'\n", "f")
    function(0)
    running = function.submit(0.5)
    assert eventually(lambda: session.engine.scheduler.running == {"f": 1})
    session.deploy("def handler(event, context): return 'new'\n", "f")
    assert function() == "new"
    assert running.result(30) == "old"
    assert eventually(lambda: len(session.engine.scheduler.environments) == 1)


def test_a_name_is_a_variables_or_a_secrets(session: jlambda.Session) -> None:
    """What is given now takes the name from the other: a variable that became a secret is shown no more."""
    source = "import os\ndef handler(event, context): return len(os.environ['KEY'])\n"
    function = session.deploy(source, "f", env={"KEY": "plain", "STAGE": "dev"})
    function = session.deploy(source, "f", secrets={"KEY": "secret"})
    assert (function.configuration.environment, function.configuration.secrets) == ({"STAGE": "dev"}, ("KEY",))
    assert function() == 6
    function = session.deploy(source, "f", env={"KEY": "public!"})
    assert (function.configuration.environment, function.configuration.secrets) == ({"KEY": "public!"}, ())
    assert function() == 7


def test_what_was_given_can_be_changed_afterwards(session: jlambda.Session) -> None:
    """A deployment keeps copies: later changes of the caller's dicts are not its own."""
    variables = {"KEY": "1"}
    function = session.deploy("import os\ndef handler(event, context): return os.environ['KEY']\n", "f", env=variables)
    variables["KEY"] = "2"
    assert function() == "1"


def test_a_secret_is_a_variable_that_only_the_function_sees(session: jlambda.Session) -> None:
    """The function has its value; no view of the configuration has it."""
    function = session.deploy(
        "import os\ndef handler(event, context): return os.environ['TOKEN'] == 'correct horse'\n",
        "f",
        secrets={"TOKEN": "correct horse"},
    )
    assert function() is True
    assert "correct horse" not in repr(function.configuration)
    assert "correct horse" not in repr(Settings(secrets={"TOKEN": "correct horse"}))


def test_nothing_is_half_written_when_the_database_refuses(session: jlambda.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets and configuration change together or not at all."""
    session.deploy(ECHO, "f", secrets={"TOKEN": "123456"})
    before = everything(session)

    def full(_self: Functions, _configuration: object) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(Functions, "put", full)
    with pytest.raises(StateError, match="full"):
        session.deploy(ECHO, "f", memory=256, secrets={"TOKEN": "654321"})
    assert everything(session) == before


def test_a_function_is_found_by_name_and_by_arn(session: jlambda.Session) -> None:
    """With $LATEST or without."""
    arn = session.deploy(ECHO, "f").arn
    for reference in ("f", "f:$LATEST", arn, f"{arn}:$LATEST", "123456789012:function:f"):
        assert session.get(reference).name == "f"
        assert session.invoke(reference, 5).result == 5


@pytest.mark.parametrize("call", ["get", "invoke", "delete"])
def test_an_unknown_function(session: jlambda.Session, call: str) -> None:
    """Not found, by its ARN; the message lists those that there are."""
    with pytest.raises(ResourceNotFound, match=r"function:nope \(deployed: none\)"):
        session.get("nope")
    for number in range(12):
        session.deploy(ECHO, f"f{number:02}")
    with pytest.raises(ResourceNotFound) as caught:
        getattr(session, call)("nope:5" if call == "invoke" else "nope")
    listed = ", ".join(f"f{number:02}" for number in range(10))
    assert f"(deployed: {listed} …)" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert session.invocations().empty


def test_a_version_that_is_not_there(session: jlambda.Session) -> None:
    """There are no versions and aliases yet."""
    session.deploy(ECHO, "f")
    for reference in ("f:1", "f:prod"):
        with pytest.raises(ResourceNotFound, match=f"function:{reference} "):
            session.invoke(reference)
        with pytest.raises(ResourceNotFound, match=r"f has no version yet: publish makes one\)$"):
            session.get(reference)
    session.get("f").publish()
    session.get("f").alias("live", 1)
    with pytest.raises(ResourceNotFound, match=r"function:f:2 \(f has 1, live\)$"):
        session.get("f").alias("live", {1: 0.9, 2: 0.1})


def test_a_deleted_function_is_gone_and_its_records_stay(session: jlambda.Session) -> None:
    """Its environments end, its secrets go, and its handle says what happened; a new one of the name begins anew."""
    function = session.deploy(ECHO, "f", memory=512, secrets={"TOKEN": "123456"})
    function(1)
    function.delete()
    assert eventually(lambda: not session.engine.scheduler.environments)
    assert b"123456" not in (session.folder / "secrets").read_bytes()
    for use in (function, function.delete, lambda: function.configuration):
        with pytest.raises(ResourceNotFound, match="function:f"):
            use()
    assert len(function.invocations()) == 1
    anew = session.deploy(ECHO, "f")
    assert anew.changes is None
    assert anew.configuration.memory_mb == 128
    assert anew.configuration.secrets == ()


def test_reset_deletes_functions_code_records_and_logs(session: jlambda.Session) -> None:
    """Everything of the folder that a user made."""
    for name in ("f", "g"):
        session.deploy(ECHO, name, secrets={"TOKEN": "123456"})(1)
    session.reset()
    assert session.functions() == []
    assert session.invocations().empty
    assert session.logs().empty
    assert list((session.folder / "code").iterdir()) == []
    assert b"123456" not in (session.folder / "secrets").read_bytes()
    assert session.deploy(ECHO, "f")(2) == 2


def test_packages_that_nothing_uses_go_when_the_session_opens(tmp_path: Path) -> None:
    """While it is open an invocation may still run the old code; afterwards nothing can."""
    with jlambda.Session(tmp_path / "state") as session:
        session.deploy(ECHO, "f")
        session.deploy(ECHO + "#", "f")
        assert len(list((tmp_path / "state" / "code").iterdir())) == 2
    with jlambda.Session(tmp_path / "state") as session:
        assert session.get("f")(1) == 1
        assert len(list((tmp_path / "state" / "code").iterdir())) == 1


def test_every_error_is_ours(session: jlambda.Session) -> None:
    """In a notebook each of them is one line."""
    with pytest.raises(LambdaError) as caught:
        session.deploy(ECHO, "f", memory=1)
    assert caught.value._render_traceback_() == [
        "InvalidParameter: memory is 1; it must be a whole number from 128 to 10240 MB"
    ]
