"""What a function can see and do: tried from inside, in each tier of the sandbox."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jlambda.engine import syscalls
from jlambda.process import clean_environment
from tests.conftest import need, supervisors
from tests.engine.conftest import TIERS, MakeRig, Rig, tier

#: runs an expression of the test's choice inside the environment; an error is its answer
EVALUATE = """
import ctypes, glob, os, resource, signal, socket, subprocess, sys, time
def read(path): return open(path, errors="replace").read()
def write(path, text="x"): open(path, "w").write(text); return "written"
def handler(event, context):
    try:
        return eval(event)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
"""


def test_protection_says_what_is_there(make_rig: MakeRig) -> None:
    """What the supervisor found out is what it was asked for, or it says why not."""
    full, bare = make_rig().engine.protection(), make_rig(private_root=False, landlock=False).engine.protection()
    assert full.sandbox.has_private_root == (full.refusal == "")
    assert full.sandbox.landlock_version == syscalls.landlock_version()
    assert not bare.sandbox.has_private_root
    assert bare.sandbox.landlock_version == 0


def test_without_any_protection_functions_still_run(make_rig: MakeRig) -> None:
    """A machine that refuses everything runs functions, with TMPDIR in place of /tmp."""
    rig = make_rig(private_root=False, landlock=False)
    version = rig.version(EVALUATE)
    assert rig.value(version, "1 + 1") == 2
    tmp = rig.value(version, "os.environ['TMPDIR']")
    assert rig.value(version, "write(os.environ['TMPDIR'] + '/f')") == "written"
    rig.engine.close()
    assert isinstance(tmp, str)
    assert not Path(tmp).exists()


def test_the_kernels_environment_is_out_of_reach(any_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process's /proc/PID/environ shows the user's variables, nor does the function's own memory of them."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-users-own-key")
    passed_on = {f"{key}={value}" for key, value in clean_environment().items()}
    users = set(Path("/proc/self/environ").read_text().strip("\0").split("\0")) - passed_on
    assert users
    version = any_rig.version(EVALUATE)
    said = str(any_rig.value(version, f"read('/proc/{os.getpid()}/environ')"))
    assert said.startswith(("PermissionError", "FileNotFoundError"))
    for path in ("/proc/self/environ", "/proc/1/environ"):
        seen = str(any_rig.value(version, f"read({path!r})"))
        assert not users & set(seen.split("\0"))
        assert "the-users-own-key" not in seen
    assert any_rig.value(version, "os.environ.get('HOME')") is None


def test_no_other_process_can_be_seen_signalled_or_traced(rooted_rig: Rig) -> None:
    """An environment is alone with its first process."""
    version = rooted_rig.version(EVALUATE)
    assert rooted_rig.value(version, "sorted(int(p) for p in os.listdir('/proc') if p.isdigit())") == [1, 2]
    (supervisor,) = supervisors()
    for pid in (os.getpid(), supervisor):
        assert rooted_rig.value(version, f"os.kill({pid}, 0)") == "ProcessLookupError: [Errno 3] No such process"
    assert rooted_rig.value(version, "ctypes.CDLL(None).ptrace(16, 1, 0, 0)") == -1


def test_landlock_alone_hides_memory_and_stops_signals(make_rig: MakeRig) -> None:
    """Without a PID namespace the kernel's memory cannot be read, and it cannot be signalled where Landlock does that."""
    rig = tier(make_rig, "Landlock only")
    version = rig.version(EVALUATE)
    assert "PermissionError" in str(rig.value(version, f"read('/proc/{os.getpid()}/mem')"))
    assert rig.value(version, f"ctypes.CDLL(None).ptrace(16, {os.getpid()}, 0, 0)") == -1
    need(syscalls.landlock_version() >= 6, "Landlock 6")
    assert "PermissionError" in str(rig.value(version, f"os.kill({os.getpid()}, 0)"))


def test_files_of_others_cannot_be_read(any_rig: Rig, tmp_path: Path) -> None:
    """Neither the state folder, nor another function's code, nor the user's home."""
    secret = tmp_path / "state0" / "secrets"
    secret.write_text("very secret")
    other = any_rig.version("def handler(event, context): 'other code'")
    home = Path.home() / ".jlambda-test-home"
    home.write_text("home")
    try:
        version = any_rig.version(EVALUATE)
        for path in (secret, any_rig.code._path / other.code / "lambda_function.py", home):
            assert path.exists()
            assert str(any_rig.value(version, f"read({str(path)!r})")).startswith(("FileNotFoundError", "PermissionError"))
    finally:
        home.unlink()


def test_code_is_at_var_task_and_read_only(rooted_rig: Rig) -> None:
    """The function's code lies where Lambda has it, and nothing but /tmp can be written."""
    version = rooted_rig.version(EVALUATE)
    assert rooted_rig.value(version, "os.getcwd(), os.listdir('.'), __file__") == [
        "/var/task",
        ["lambda_function.py"],
        "/var/task/lambda_function.py",
    ]
    for path in ("/var/task/f", "/opt/f", "/f", "/etc/f", "/usr/f", "/var/f", "/dev/f", "/proc/sys/kernel/hostname"):
        said = str(rooted_rig.value(version, f"write({path!r})"))
        assert said.startswith(("OSError: [Errno 30]", "PermissionError")), (path, said)
    assert rooted_rig.value(version, "write('/tmp/f')") == "written"
    assert rooted_rig.value(version, "write('/dev/null')") == "written"


def test_a_runtime_and_layers_are_shown_beside_the_code(any_rig: Rig) -> None:
    """Both are where AWS has them, or where the variables say, read-only; without them the places are empty."""
    layers = any_rig.folder({"python/layered.py": b"value = 7", "bin/tool": b"#!/bin/sh"})
    version = any_rig.version(EVALUATE, runtime=any_rig.folder({"client.js": b"1"}), layers=layers)
    assert any_rig.value(version, "os.listdir(os.environ['LAMBDA_RUNTIME_DIR'])") == ["client.js"]
    assert any_rig.value(version, "__import__('layered').value") == 7
    tools = any_rig.value(version, "next(p for p in os.environ['PATH'].split(':') if os.path.exists(p + '/tool'))")
    libraries = str(any_rig.value(version, "os.environ['LD_LIBRARY_PATH']")).split(":")
    for place in (tools, any_rig.value(version, "os.environ['LAMBDA_RUNTIME_DIR']")):
        assert str(any_rig.value(version, f"write({place!r} + '/f')")).startswith(("OSError: [Errno 30]", "PermissionError"))
    if any_rig.engine.protection().sandbox.has_private_root:
        assert tools == "/opt/bin"
        bare = any_rig.version(EVALUATE)
        assert any_rig.value(bare, "os.listdir('/opt') + os.listdir('/var/runtime')") == []
    assert str(tools).replace("/bin", "/lib") in libraries


@pytest.fixture
def below_opt() -> Iterator[Path]:
    """A folder of a tool below /opt, as some machines keep their interpreters."""
    if not os.access("/opt", os.W_OK):
        pytest.skip("an ordinary user cannot make a folder below /opt")
    folder = Path("/opt/jlambda-test-tool")
    folder.mkdir()
    (folder / "run").write_text("the machine's")
    yield folder
    shutil.rmtree(folder)


def test_layers_lie_beside_an_interpreter_below_opt(make_rig: MakeRig, below_opt: Path) -> None:
    """Where the machine has an interpreter or compiler below /opt, it stays in sight, and comes before a layer's files."""
    rig = tier(make_rig, "private root", tools=(str(below_opt),))
    layers = rig.folder({"python/layered.py": b"value = 7", "file": b"text", f"{below_opt.name}/run": b"a layer's"})
    version = rig.version(EVALUATE, layers=layers)
    assert rig.value(version, f"read('{below_opt}/run')") == "the machine's"
    assert rig.value(version, "read('/opt/file'), __import__('layered').value") == ["text", 7]
    assert str(rig.value(version, "write('/opt/f')")).startswith(("OSError: [Errno 30]", "PermissionError"))


def test_nothing_is_written_outside_with_landlock_alone(make_rig: MakeRig, tmp_path: Path) -> None:
    """Without a private root the code, the machine's /tmp and everything else are still read-only."""
    rig = tier(make_rig, "Landlock only")
    version = rig.version(EVALUATE)
    for path in (tmp_path / "f", Path("/tmp/jlambda-test"), rig.code._path / version.code / "f", Path.home() / "f"):
        assert "PermissionError" in str(rig.value(version, f"write({str(path)!r})"))
        assert not path.exists()
    assert rig.value(version, "write(os.environ['TMPDIR'] + '/f')") == "written"


def test_each_environment_has_its_own_tmp_of_the_size_asked_for(rooted_rig: Rig) -> None:
    """Two environments never see each other's files, and a full /tmp is ENOSPC."""
    one, two = rooted_rig.version(EVALUATE), rooted_rig.version(EVALUATE)
    assert rooted_rig.value(one, "write('/tmp/f')") == "written"
    assert rooted_rig.value(two, "os.listdir('/tmp')") == rooted_rig.value(one, "[f for f in os.listdir('/tmp') if f != 'f']")
    size = rooted_rig.value(one, "os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize")
    assert size == 512 << 20
    full = "write('/tmp/big', 'x' * (1 << 24)) and [write(f'/tmp/big{i}', 'x' * (1 << 24)) for i in range(40)]"
    assert rooted_rig.value(one, full) == "OSError: [Errno 28] No space left on device"
    assert not list(Path("/tmp").glob("big*"))


def test_no_capabilities_and_no_way_to_get_them(any_rig: Rig) -> None:
    """The process has no capability it could use, and set-uid programs give it none."""
    version = any_rig.version(EVALUATE)
    status = "dict(line.split(':', 1) for line in read('/proc/self/status').splitlines())"
    if any_rig.engine.protection().sandbox.has_private_root:
        assert int(str(any_rig.value(version, f"{status}['CapEff']")), 16) == 0
        assert int(str(any_rig.value(version, f"{status}['CapBnd']")), 16) == 0
        assert any_rig.value(version, "os.getuid()") == 1051
    assert str(any_rig.value(version, f"{status}['NoNewPrivs']")).strip() == "1"


def test_descriptors_processes_and_core_files_are_limited(rooted_rig: Rig) -> None:
    """1,024 descriptors and processes, no core files; a fork bomb fails, and the next call works."""
    version = rooted_rig.version(EVALUATE, timeout_s=20)
    limits = "[resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[0] for name in ('NOFILE', 'CORE', 'NPROC')]"
    assert rooted_rig.value(version, limits) == [1024, 0, 1024]
    assert "Too many open files" in str(rooted_rig.value(version, "[os.open('/dev/null', 0) for _ in range(2000)]"))
    bomb = "[os.fork() or time.sleep(60) for _ in range(5000)]"
    said = str(rooted_rig.value(version, bomb))
    assert "BlockingIOError" in said or "MemoryError" in said
    assert rooted_rig.value(rooted_rig.version(EVALUATE), "'fine'") == "fine"


def test_a_function_has_only_its_own_descriptors(any_rig: Rig) -> None:
    """Nothing of the supervisor is inherited: /dev/null, the output (1, 2, and the runtime's own), the channel."""
    version = any_rig.version(EVALUATE)
    links = "[p for p in glob.glob('/proc/self/fd/*') if os.path.lexists(p)]"
    found = any_rig.value(version, f"sorted(os.readlink(p).partition(':')[0] for p in {links})")
    assert found == ["/dev/null", "/memfd", "/memfd", "/memfd", "socket"]


def test_randomness_differs_between_environments(any_rig: Rig) -> None:
    """Two forks of one template do not draw the same random numbers."""
    source = "import random, uuid\ndef handler(event, context): return [random.random(), str(uuid.uuid4())]"
    drawn = [any_rig.value(any_rig.version(source)) for _ in range(3)]
    assert len({str(value) for value in drawn}) == 3
    assert len({value[0] for value in drawn if isinstance(value, list)}) == 3


def test_a_state_folder_that_lies_among_modules_is_hidden(
    make_rig: MakeRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules beside the state folder can be imported, with and without a private root; the state cannot be read."""
    tmp_path.chmod(0o755)  # for root, functions are somebody else
    (tmp_path / "beside.py").write_text("value = 7")
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for number, name in enumerate(TIERS):
        rig = tier(make_rig, name)
        secret = tmp_path / f"state{number}" / "secrets"
        secret.write_text("very secret")
        version = rig.version(f"import sys\nsys.path.append({str(tmp_path)!r})\nimport beside\n{EVALUATE}")
        assert rig.value(version, "beside.value") == 7
        assert str(rig.value(version, f"read({str(secret)!r})")).startswith(("FileNotFoundError", "PermissionError"))
