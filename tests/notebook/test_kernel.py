"""The magics in a real kernel, with a front end that can be asked, and one that interrupts and kills."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.conftest import eventually

ROOT = Path(__file__).parents[2]


class Kernel:
    """A running kernel and a client of it."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / ".ipython")}
        environment.pop("JPY_SESSION_NAME", None)
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), env=environment)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, answer: str | None = None, when_running: Callable[[], None] | None = None) -> list[dict[str, Any]]:
        """Run a cell; `answer` is typed when it asks for input. Returns the contents of its messages, in order."""
        contents: list[dict[str, Any]] = []

        def see(message: dict[str, Any]) -> None:
            contents.append(message["content"])
            if message["msg_type"] == "stream" and when_running is not None:
                when_running()

        def type_in(message: dict[str, Any]) -> None:
            assert message["content"]["password"]
            assert answer is not None
            self.client.input(answer)

        self.client.execute_interactive(
            code, allow_stdin=answer is not None, stdin_hook=type_in, output_hook=see, timeout=60, stop_on_error=False
        )
        return contents

    def text(self, code: str, answer: str | None = None) -> str:
        """All the text of a cell's output."""
        found = []
        for content in self.run(code, answer):
            found.append(content.get("text") or content.get("data", {}).get("text/plain", ""))
            found += content.get("traceback", ())
        return "".join(found)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    """A kernel in an empty folder, with the extension loaded."""
    kernel = Kernel(tmp_path)
    assert kernel.text("%load_ext jlambda") == ""
    yield kernel
    kernel.close()


SECRET = "%%lambda f -q --secret API_KEY\nimport os\ndef handler(event, context):\n    return len(os.environ['API_KEY'])"


def test_a_secret_is_asked_for_and_not_shown(kernel: Kernel) -> None:
    """The front end shows a password field; what is typed reaches the function and nothing else."""
    assert "sesame open" not in kernel.text(SECRET, answer="sesame open")
    assert kernel.text("f(0)") == "11"
    assert kernel.text(SECRET) == ""  # asked once a kernel
    assert "sesame" not in kernel.text("In, f, f.configuration, get_ipython().user_ns['_i1']")


def test_without_a_front_end_a_secret_is_one_line(kernel: Kernel) -> None:
    """Nobody can be asked under nbclient; the message says what to do instead."""
    assert kernel.text(SECRET) == (
        "LambdaError: --secret API_KEY: nobody can be asked here; set API_KEY in the environment of the kernel"
    )


def test_an_interrupt_stops_the_waiting_not_the_invocation(kernel: Kernel) -> None:
    """The cell ends at once; the invocation goes on and its record appears."""
    kernel.run(
        "%%lambda slow -q --timeout 30\nimport time\ndef handler(event, context):\n    time.sleep(event)\n    return 'done'"
    )
    kernel.run("slow(0)")
    call = "import threading\nthreading.Timer(0.5, print, ['waiting']).start()\nslow(4)"
    messages = kernel.run(call, when_running=kernel.manager.interrupt_kernel)
    assert any(content.get("ename") == "KeyboardInterrupt" for content in messages)
    assert kernel.text("len(slow.invocations())") == "1"
    wait = "import time\nwhile len(slow.invocations()) < 2: time.sleep(0.05)\nslow.invocations()['status'].to_list()"
    assert kernel.text(wait) == "['success', 'success']"


def test_a_killed_kernel_leaves_no_process(kernel: Kernel) -> None:
    """kill -9, and the supervisor and every environment are gone."""
    kernel.run("%%lambda f -q\ndef handler(event, context):\n    return event")
    assert kernel.text("f.map(range(4))") == "[0, 1, 2, 3]"
    pid = int(kernel.text("import os; os.getpid()"))
    family = descendants(pid)
    assert len(family) >= 2
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not any(is_alive(child) for child in family)), "processes are left"


def test_a_restarted_kernel_finds_its_functions(kernel: Kernel) -> None:
    """Functions, records and logs are there again, and the function can be called."""
    kernel.run("%%lambda my-fn -q\ndef handler(event, context):\n    print('seen', event)\n    return event")
    kernel.run("my_fn('before')")
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    kernel.run("import jlambda\nf = jlambda.get('my-fn')")
    assert kernel.text("f('after')") == "'after'"
    assert kernel.text("len(f.invocations()), f.logs()['message'].str.contains('seen').sum().item()") == "(2, 2)"


def descendants(pid: int) -> list[int]:
    """The processes below a process, by their ids as this machine sees them."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


GATED = """%%lambda gated -q --timeout 60
import socket
def handler(event, context):
    print("before")
    with socket.create_connection(("127.0.0.1", event)) as gate:
        gate.recv(1)
    print("after")
"""


def test_logs_stream_into_the_cell_that_waits(kernel: Kernel) -> None:
    """With --tail, and with logs -f until it is interrupted, which stops the following and nothing else."""
    kernel.text(GATED)
    with socket.create_server(("127.0.0.1", 0)) as gate:
        port = gate.getsockname()[1]
        steps: list[str] = []

        def see(message: dict[str, Any]) -> None:
            if message["msg_type"] == "error":
                steps.append(message["content"]["ename"])
            text = message["content"].get("text", "")
            if "before" in text:
                steps.append("before")
                gate.accept()[0].close()
            if "after" in text:
                steps.append("after")
            if "REPORT" in text and "after" in steps and "following" in steps:
                kernel.manager.interrupt_kernel()
            if "following the log of gated" in text:
                steps.append("following")

        def run(code: str) -> None:
            kernel.client.execute_interactive(code, output_hook=see, timeout=60)

        run(f"%lambda invoke gated {port} --tail")
        assert steps == ["before", "after"]
        run(f"{GATED.replace('-q', f'-q --invoke {port} --tail')}")
        assert steps == ["before", "after"] * 2
        steps.clear()
        kernel.text(f"future = gated.submit({port})")
        run("%lambda logs gated -f")
        assert steps == ["following", "before", "after"]
        assert kernel.text("future.done(), len(gated.invocations())") == "(True, 3)"
