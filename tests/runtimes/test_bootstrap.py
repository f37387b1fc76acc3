"""The runtime's conversation with the engine. That its answers are AWS's is held in tests/conformance."""

from __future__ import annotations

import atexit
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from zlib import crc32

import dill
import pytest

from jlambda.model import frames
from jlambda.model.limits import RESPONSE_BYTES
from jlambda.runtimes import bootstrap
from jlambda.runtimes.handler import SHIPPED_GLOBALS
from tests.runtimes.conftest import Start
from tests.runtimes.running import FUNCTION_ARN, REQUEST_ID, RunningRuntime

ECHO = "def handler(event, context):\n    return event\n"


def test_ready_follows_the_import(start: Start) -> None:
    """READY says how long the init phase took, what was written in it, and how large the process is."""
    runtime = start("import time\nprint('importing')\ntime.sleep(0.05)\n" + ECHO)
    assert runtime.first is not None
    assert (runtime.first.kind, runtime.first.body) == (frames.READY, b"")
    assert 0.05 <= runtime.first.seconds < 5
    assert runtime.first.log_end == len(runtime.output()) > 0
    assert runtime.first.peak_kib > 1_000


def test_result_has_its_figures(start: Start) -> None:
    """A result says how long it took, where the output ends by now, and the peak of memory so far."""
    runtime = start(
        "import time\ndef handler(event, context):\n    x = bytearray(event)\n    time.sleep(0.02)\n    print('done')\n"
    )
    small, large = runtime.invoke(1), runtime.invoke(50_000_000)
    assert small is not None and large is not None
    assert small.body == large.body == b"null"
    assert 0.02 <= small.seconds < 5
    assert large.log_end == len(runtime.output()) == 2 * small.log_end
    assert large.peak_kib - small.peak_kib > 40_000


def test_messages_of_any_size(start: Start) -> None:
    """Events and responses of many packets arrive whole, at every length near that of a packet."""
    runtime = start(ECHO)
    around = [frames.PACKET + step * (frames.PACKET - 1) + shift for step in (0, 1) for shift in range(-90, 3, 7)]
    for length in [*around, RESPONSE_BYTES - 2]:
        reply = runtime.invoke("x" * length)
        assert reply is not None and reply.kind == frames.RESULT
        assert reply.value == "x" * length


def test_response_over_the_limit(start: Start) -> None:
    """A response over 6 MB is AWS's error, and the environment goes on."""
    runtime = start("def handler(event, context):\n    return event[0] * event[1]\n")
    for raw in (["x", RESPONSE_BYTES - 1], ["é", RESPONSE_BYTES // 2]):
        reply = runtime.invoke(raw)
        assert reply is not None and reply.kind == frames.ERROR
        assert reply.body == (
            b'{"errorType":"Function.ResponseSizeTooLarge",'
            b'"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}'
        )
    last = runtime.invoke(["x", RESPONSE_BYTES - 2])
    assert last is not None and last.kind == frames.RESULT


def test_process_ends_with_its_channel(start: Start) -> None:
    """When the engine closes the channel, the process ends at once, whatever its threads do."""
    runtime = start(
        "import threading, time\n"
        "def handler(event, context):\n    threading.Thread(target=time.sleep, args=(60,)).start()\n    return 1\n"
    )
    assert runtime.invoke() is not None
    assert runtime.close() == 0


def test_failed_init_ends_the_process(start: Start) -> None:
    """After FAILED the process ends with status 1."""
    runtime = start("1 / 0")
    assert runtime.first is not None and runtime.first.kind == frames.FAILED
    assert runtime.first.log_end == len(runtime.output())
    assert runtime.receive() is None
    assert runtime.close() == 1


def test_exit_status_is_a_byte(start: Start) -> None:
    """A negative status wraps round, as it does for every process."""
    runtime = start("import sys\ndef handler(event, context):\n    sys.exit(-1)\n")
    assert runtime.invoke() is None
    assert runtime.close() == 255


def test_exit_waits_for_threads(start: Start) -> None:
    """Like an interpreter that ends, the process waits for threads that are no daemons."""
    runtime = start(
        "import sys, threading, time\n"
        "def late():\n    time.sleep(0.05)\n    print('late')\n"
        "def handler(event, context):\n    threading.Thread(target=late).start()\n    sys.exit(4)\n"
    )
    assert runtime.invoke() is None
    assert (runtime.close(), runtime.events()) == (4, ["late"])


def test_line_left_open_is_finished(start: Start) -> None:
    """What one invocation leaves without a newline is a line of its own."""
    runtime = start("def handler(event, context):\n    print('no end', event, end='')\n")
    first, _ = runtime.invoke(1), runtime.invoke(2)
    assert first is not None
    assert runtime.output()[: first.log_end].endswith(b"no end 1\n")
    assert runtime.events() == ["no end 1", "no end 2"]


def test_partial_line_is_in_the_output_at_once(start: Start) -> None:
    """What a function printed before it was killed is there, with or without a newline."""
    runtime = start("import os\ndef handler(event, context):\n    print('working ', end='')\n    os.kill(os.getpid(), 9)\n")
    assert runtime.invoke() is None
    assert runtime.output().endswith(b"working ")


def test_lines_are_stamped_with_the_time(start: Start) -> None:
    """Each line begins with the time at which it was written, in ms since the epoch."""
    runtime = start("import logging\ndef handler(event, context):\n    print('a\\nb')\n    logging.error('c\\nd')\n")
    before = int(time.time() * 1000)
    runtime.invoke()
    after = int(time.time() * 1000)
    found = re.findall(rb"(?m)^\x00(\d{13})", runtime.output())
    assert len(found) == 3
    assert all(before <= int(stamp) <= after for stamp in found)


def test_streams_are_files_in_every_respect(start: Start) -> None:
    """What code does with `sys.stdout` besides printing works: bytes, another encoding, wrapping it again."""
    runtime = start(
        "import io, sys\n"
        "def handler(event, context):\n"
        "    out = sys.stdout\n"
        "    out.buffer.write(b'bytes\\n')\n"
        "    out.buffer.write(memoryview(b'view\\n'))\n"
        "    out.write('')\n"
        "    out.reconfigure(encoding='latin-1')\n"
        "    out.write('\\xe9\\n')\n"
        "    again = io.TextIOWrapper(out.buffer, 'utf-8', write_through=True)\n"
        "    again.write('\\xe9\\n')\n"
        "    return [out.readable(), out.isatty(), out.name, sys.stderr.fileno(), sys.stderr.errors]\n"
    )
    reply = runtime.invoke()
    assert reply is not None and reply.value == [False, False, "<stdout>", 2, "backslashreplace"]
    assert runtime.events() == ["bytes", "view", "\udce9", "é"]


def test_function_may_close_its_standard_streams(start: Start) -> None:
    """Closing fd 1, or `sys.stdout`, is the function's own business: results and later logs still arrive."""
    runtime = start(
        "import logging, os, sys\n"
        "def handler(event, context):\n"
        "    os.close(1) if event == 'fd' else sys.stdout.close()\n"
        "    logging.error('still here')\n"
        "    print('not here')\n"
    )
    closed_fd, closed_file = runtime.invoke("fd"), runtime.invoke("file")
    assert closed_fd is not None and closed_file is not None
    assert [json.loads(reply.body)["errorType"] for reply in (closed_fd, closed_file)] == ["OSError", "ValueError"]
    assert sum("still here" in event for event in runtime.events()) == 2


def test_function_may_fork(start: Start) -> None:
    """A process that the function starts with multiprocessing writes to the same log, and its result comes back."""
    runtime = start(
        "import multiprocessing\n"
        "def work(pipe):\n    print('in the child')\n    pipe.send(7)\n"
        "def handler(event, context):\n"
        "    ours, theirs = multiprocessing.Pipe()\n"
        "    child = multiprocessing.get_context('fork').Process(target=work, args=(theirs,))\n"
        "    child.start()\n    child.join()\n    return ours.recv()\n"
    )
    reply = runtime.invoke()
    assert reply is not None and reply.value == 7
    assert runtime.events() == ["in the child"]


def test_qualifier_and_tenant(start: Start) -> None:
    """The ARN is qualified for an invocation that named a version or alias, and for that one only."""
    runtime = start("def handler(event, context):\n    return [context.invoked_function_arn, context.tenant_id]\n")
    replies = [runtime.invoke(extra=extra) for extra in (None, {"qualifier": "live", "tenant_id": "blue"}, None)]
    values = [reply.value for reply in replies if reply]
    assert values == [[FUNCTION_ARN, None], [f"{FUNCTION_ARN}:live", "blue"], [FUNCTION_ARN, None]]


def test_every_invocation_has_its_trace_id(start: Start) -> None:
    """`_X_AMZN_TRACE_ID` is what came with the invocation, or the beginning of a chain."""
    runtime = start("import os\ndef handler(event, context):\n    return os.environ.get('_X_AMZN_TRACE_ID')\n")
    replies = [runtime.invoke(extra=extra) for extra in (None, {"trace_id": "Root=1"}, {"trace_id": "Root=2"}, None)]
    first, *given, last = [reply.value for reply in replies if reply]
    assert given == ["Root=1", "Root=2"]
    root = (
        rf"Root=1-[0-9a-f]{{8}}-[0-9a-f]{{24}};Parent=[0-9a-f]{{16}};Sampled=0;Lineage=1:{crc32(FUNCTION_ARN.encode()):08x}:0"
    )
    assert re.fullmatch(root, str(first))
    assert re.fullmatch(root, str(last))


def test_module_path_is_that_of_aws(start: Start, tmp_path: Path) -> None:
    """Code comes first, then layers, the standard library, installed packages, and last what comes with the runtime."""
    runtime = start(
        "import sys\ndef handler(event, context):\n    return sys.path\n",
        layers_root="/opt",
        site_packages=("/some/site-packages",),
    )
    reply = runtime.invoke()
    assert reply is not None
    path = reply.value
    assert isinstance(path, list)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert path[:3] == [str(tmp_path / "task"), f"/opt/python/lib/{version}/site-packages", "/opt/python"]
    assert path[-2:] == ["/some/site-packages", str(Path(bootstrap.__file__).with_name("bundled"))]
    assert str(Path(os.__file__).parent) in path[3:-2]
    assert not [entry for entry in path[:-2] if "-packages" in Path(entry).name and not entry.startswith("/opt")]


@pytest.mark.parametrize(("where", "expected"), [("opt", "layer"), ("site", "site"), ("both", "layer")])
def test_layers_come_before_installed_packages(start: Start, tmp_path: Path, where: str, expected: str) -> None:
    """A module is found in a layer, else among the installed packages."""
    for kind, folder in (("layer", tmp_path / "opt" / "python"), ("site", tmp_path / "site-packages")):
        folder.mkdir(parents=True)
        if where in (kind, "both") or (where, kind) == ("opt", "layer"):
            (folder / "extra.py").write_text(f"name = {kind!r}")
    runtime = start(
        "import extra\ndef handler(event, context):\n    return extra.name\n",
        layers_root=str(tmp_path / "opt"),
        site_packages=(str(tmp_path / "site-packages"),),
    )
    reply = runtime.invoke()
    assert reply is not None and reply.value == expected


def test_shipped_globals_are_there_before_the_module_runs(start: Start, tmp_path: Path) -> None:
    """Objects shipped with a cell are globals of the handler's module from its first line on."""
    factor = 3

    def times(value: int) -> int:
        return value * factor

    (tmp_path / "task").mkdir()
    (tmp_path / "task" / SHIPPED_GLOBALS).write_bytes(dill.dumps({"times": times, "rows": [1, 2]}, recurse=True))
    runtime = start(
        "import colorsys\ntable = [times(row) for row in rows]\n"
        "def handler(event, context):\n    return [table, __name__, 1 / event]\n",
        site_packages=(str(Path(dill.__file__).parent.parent),),
    )
    reply, failed = runtime.invoke(1), runtime.invoke(0)
    assert reply is not None and failed is not None
    assert reply.value == [[3, 6], "lambda_function", 1.0]
    assert json.loads(failed.body)["stackTrace"][0].startswith('  File "/var/task/lambda_function.py", line 4, in handler\n')


def test_init_error_with_shipped_globals_shows_the_usual_frames(start: Start, tmp_path: Path) -> None:
    """Shipping objects adds no frame to the stack trace of an init error."""
    plain = start("1 / 0").first
    (tmp_path / "task" / SHIPPED_GLOBALS).write_bytes(dill.dumps({"x": 1}))
    shipped = start("1 / 0", site_packages=(str(Path(dill.__file__).parent.parent),)).first
    assert plain is not None and shipped is not None
    assert shipped.value == plain.value


def test_globals_that_cannot_be_read_are_an_init_error(start: Start, tmp_path: Path) -> None:
    """A shipped object whose module is not there is reported as any import error."""
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / SHIPPED_GLOBALS).write_bytes(b"cnosuchmodule\nx\n.")
    first = start(ECHO, site_packages=(str(Path(dill.__file__).parent.parent),)).first
    assert first is not None
    document = json.loads(first.body)
    assert document["errorType"] == "Runtime.ImportModuleError"
    assert document["errorMessage"] == "Unable to import module 'lambda_function': No module named 'nosuchmodule'"


def test_process_looks_like_the_runtime(start: Start) -> None:
    """Code finds no trace of the engine where it may look: arguments, `__main__`, byte code beside the module."""
    runtime = start(
        "import __main__, os, sys\n"
        "def handler(event, context):\n"
        "    return [sys.argv, sorted(n for n in vars(__main__) if n[0] != '_'), os.listdir(), sys.stdin.read()]\n"
    )
    reply = runtime.invoke()
    assert reply is not None
    assert reply.value == [["/var/runtime/bootstrap.py"], [], ["lambda_function.py"], ""]


def test_nothing_is_remembered_of_the_process_before(start: Start, tmp_path: Path) -> None:
    """Temporary files go where the function's own TMPDIR says, and what the template registered for its end is forgotten."""
    tempfile.gettempdir()
    atexit.register(print, "not mine")
    try:
        runtime = start(
            "import tempfile, sys\ndef handler(event, context):\n    print(tempfile.gettempdir())\n    sys.exit()\n",
            variables={"TMPDIR": str(tmp_path)},
        )
        runtime.invoke()
    finally:
        atexit.unregister(print)
    assert (runtime.close(), runtime.events()) == (0, [str(tmp_path)])


def test_request_id_is_that_of_the_invocation(start: Start) -> None:
    """Log records carry the invocation's id, those of the init phase none."""
    runtime = start("import logging\nlogging.error('a')\ndef handler(event, context):\n    logging.error('b')\n")
    runtime.invoke()
    assert [event.split("\t")[2:] for event in runtime.events()] == [["", "a"], [REQUEST_ID, "b"]]


def test_memory_is_flat_over_many_invocations(start: Start) -> None:
    """Ten thousand invocations later the process is as large as before."""
    runtime = start(ECHO)
    for _ in range(1_000):
        runtime.invoke({"a": 1})
    before = _resident_kib(runtime)
    for _ in range(10_000):
        runtime.invoke({"a": 1})
    assert _resident_kib(runtime) - before < 512


def test_channel_closed_within_a_message(start: Start) -> None:
    """An event that never comes whole ends the process; it does not hang."""
    runtime = start(ECHO)
    header = frames.TO_ENVIRONMENT.pack(frames.INVOKE, 1_000_000, 0, 0, REQUEST_ID.encode())
    runtime.send_packet(header + b"[")
    assert runtime.close() == 1


def _resident_kib(runtime: RunningRuntime) -> int:
    status = Path(f"/proc/{runtime.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
