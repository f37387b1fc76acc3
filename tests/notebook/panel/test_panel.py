"""The panel's protocol on a real kernel, spoken as a page speaks it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from jlambda.notebook.panel.messages import TARGET, VERSION
from tests.notebook.test_kernel import Kernel

_PATIENCE_S = 30.0
HELLO = "%%lambda hello -q\ndef handler(event, context):\n    print('seen')\n    return {'got': event}"


class Page:
    """A page with the panel open: its comm, and the board as it was told."""

    def __init__(self, kernel: Kernel, subshell: str | None = None) -> None:
        self.client, self.id, self._subshell = kernel.client, uuid.uuid4().hex, subshell
        self.board: dict[str, dict[str, dict[str, Any]]] = {}
        self.boards = self.changes = self._number = 0
        self.answers: dict[int, dict[str, Any]] = {}
        self.is_closed = False
        self.send("comm_open", comm_id=self.id, target_name=TARGET, data={"version": VERSION})

    def send(self, kind: str, **content: Any) -> None:
        """Send a message to the kernel."""
        message = self.client.session.msg(kind, content)
        if self._subshell is not None:
            message["header"]["subshell_id"] = self._subshell
        self.client.shell_channel.send(message)

    def see(self) -> None:
        """Take in one message of the kernel's."""
        message = self.client.get_iopub_msg(timeout=_PATIENCE_S)
        content = message["content"]
        if content.get("comm_id") != self.id:
            return
        self.is_closed = message["msg_type"] == "comm_close"
        data = content["data"]
        match data.get("type"):
            case "board":
                assert data["version"] == VERSION
                self.board, self.boards = data["board"], self.boards + 1
            case "changes":
                self.changes += 1
                for name, documents in data["set"].items():
                    self.board.setdefault(name, {}).update(documents)
                for name, keys in data["gone"].items():
                    for key in keys:
                        del self.board[name][key]
            case "answer":
                self.answers[data["number"]] = data

    def until(self, is_so: Any) -> None:
        """Take messages in until something is so."""
        deadline = time.monotonic() + _PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, (self.board, self.answers)
            self.see()

    def ask(self, act: str, **arguments: Any) -> dict[str, Any]:
        """What the kernel answers."""
        self._number += 1
        number = self._number
        self.send("comm_msg", comm_id=self.id, data={"type": "request", "number": number, "act": act, **arguments})
        self.until(lambda: number in self.answers)
        return self.answers[number]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with the extension loaded, and a function deployed; for all tests here."""
    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    assert kernel.text("%load_ext jlambda\nimport jlambda") == ""
    assert kernel.text(HELLO) == ""
    yield kernel
    kernel.close()


@pytest.fixture
def page(kernel: Kernel) -> Page:
    """A page whose panel has the board."""
    page = Page(kernel)
    page.until(lambda: page.boards)
    return page


def test_a_panel_sees_what_is_there(page: Page) -> None:
    """Functions with their cells, and the session."""
    assert page.board["functions"]["hello"]["state"] == "Active"
    assert page.board["cells"]["hello"] == {"id": "", "text": HELLO, "is_current": True}
    assert page.board["session"][""]["queue"]["dead"] == 0


def test_what_happens_is_told_without_being_asked(kernel: Kernel, page: Page) -> None:
    """Functions come and go, invocations are counted and listed."""
    kernel.client.execute(f"import jlambda\njlambda.deploy({'def handler(event, context): return 1'!r}, name='other')(0)")
    page.until(lambda: page.board["functions"].get("other", {}).get("invocations") == 1)
    page.until(lambda: any(it["function"] == "other" for it in page.board["environments"].values()))
    assert [it["function"] for it in page.board["invocations"].values()].count("other") == 1
    assert "other" not in page.board["cells"]
    kernel.client.execute("jlambda.get('other').delete()")
    page.until(lambda: "other" not in page.board["functions"])
    assert page.boards == 1


def test_a_function_is_invoked_and_its_invocation_looked_at(page: Page) -> None:
    """The answer names the invocation; its page has the event, the result and the logs; it is replayed."""
    request_id = page.ask("invoke", name="hello", event='{"name": "Ada"}')["value"]
    shown = page.ask("invocation", request_id=request_id)["value"]
    assert (shown["status"], shown["error"]) == ("success", None)
    assert '"name": "Ada"' in shown["event"] and '"got"' in shown["result"]
    assert "seen" in [line["message"] for line in shown["logs"]]
    again = page.ask("replay", request_id=request_id)["value"]
    listed = page.ask("function", name="hello")["value"]["invocations"]
    assert [it["request_id"] for it in listed][:2] == [again, request_id]


def test_a_function_can_be_looked_at_while_a_cell_runs(kernel: Kernel) -> None:
    """A page's messages go to a subshell of its own, also after the kernel has told of changes in between."""
    kernel.client.control_channel.send(kernel.client.session.msg("create_subshell_request", {}))
    subshell = kernel.client.get_control_msg(timeout=_PATIENCE_S)["content"].get("subshell_id")
    if subshell is None:
        pytest.skip("this ipykernel has no subshells")
    page = Page(kernel, subshell)
    page.until(lambda: page.boards)
    kernel.client.execute("hello(1); import threading; waits = threading.Event(); waits.wait(60)")
    page.until(lambda: page.changes)
    assert page.ask("function", name="hello")["value"]["name"] == "hello"
    assert "s3:put" in page.ask("events", name="hello")["value"]["samples"]
    page.send("execute_request", code="waits.set()", silent=True)


def test_what_cannot_be_done_is_refused_in_a_line(page: Page) -> None:
    """No such function, no JSON, no such act."""
    assert "not found" in page.ask("function", name="nobody")["refusal"]
    assert "not JSON" in page.ask("invoke", name="hello", event="{")["refusal"]
    assert "reload the page" in page.ask("fly")["refusal"]
    assert "has to be text" in page.ask("delete", name=1)["refusal"]


def test_test_events_are_kept_and_triggers_switched(kernel: Kernel, page: Page) -> None:
    """What a page saves is there for every other; a switch changes the trigger's state."""
    assert page.ask("save-event", name="hello", event_name="one", event="1")["value"] == "one"
    assert page.ask("events", name="hello")["value"]["saved"] == [{"name": "one", "text": "1"}]
    kernel.text("jlambda.get('hello').triggers.add('rate(5 minutes)')")
    (trigger,) = page.ask("triggers", name="hello")["value"]
    about = {"reference": trigger["reference"], "id": trigger["id"]}
    assert page.ask("switch", **about, enabled=False)["value"] == "Disabled"
    assert page.ask("switch", **about, enabled=True)["value"] == "Enabled"


QUEUE = (
    "sqs = jlambda.client('sqs'); url = sqs.create_queue(QueueName='jobs')['QueueUrl']\n"
    "queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']"
)


def test_a_panel_learns_of_triggers_that_come_and_go_elsewhere(kernel: Kernel, page: Page) -> None:
    """The function's document is another one then, which has its page ask for the triggers again."""
    kernel.text(QUEUE)
    is_there = {each["trigger"] for each in page.ask("triggers", name="hello")["value"]}
    for change, come, gone in (
        ("jlambda.get('hello').triggers.add('rate(7 minutes)')", {"rate(7 minutes)"}, set()),
        ("jlambda.get('hello').triggers.remove('rate(7 minutes)')", set(), {"rate(7 minutes)"}),
        (
            "jlambda.client('lambda').create_event_source_mapping(FunctionName='hello', EventSourceArn=queue)",
            {"sqs:jobs"},
            set(),
        ),
        (
            "events = jlambda.client('events'); events.put_rule(Name='r', ScheduleExpression='rate(9 minutes)')\n"
            "events.put_targets(Rule='r', Targets=[{'Id': '1', 'Arn': jlambda.get('hello').arn}])",
            {"rate(9 minutes)"},
            set(),
        ),
        ("events.remove_targets(Rule='r', Ids=['1'])", set(), {"rate(9 minutes)"}),
    ):
        kernel.client.execute(change)
        is_there = (is_there | come) - gone
        listed: set[str] | None = None
        while listed != is_there:
            revision = page.board["functions"]["hello"]["revision"]
            page.until(lambda before=revision: page.board["functions"]["hello"]["revision"] > before)
            listed = {each["trigger"] for each in page.ask("triggers", name="hello")["value"]}


def test_a_panel_follows_to_another_session(kernel: Kernel, page: Page) -> None:
    """What a cell makes current is shown after it, and the one before again."""
    kernel.client.execute("before, other = jlambda.current(), jlambda.use(jlambda.Session('other'))")
    page.until(lambda: page.boards == 2)
    assert page.board["functions"] == {}
    kernel.client.execute("jlambda.current().close()\njlambda.use(before)")
    page.until(lambda: page.boards == 3)
    assert "hello" in page.board["functions"]


def test_unloading_ends_the_panels(kernel: Kernel, page: Page) -> None:
    """The page is told; after a load it can connect again."""
    kernel.client.execute("%unload_ext jlambda")
    page.until(lambda: page.is_closed)
    kernel.client.execute("%load_ext jlambda")
    page = Page(kernel)
    page.until(lambda: page.boards)
