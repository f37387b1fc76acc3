"""Many at one time: what fifty threads do to the same names is what some order of it would have done."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from tests.api.packages import ROLE, RUNTIME, zipped

THREADS, STEPS, NAMES = 50, 8, ("a", "b", "c")


def code(number: int) -> bytes:
    """A package that no other step has."""
    return zipped({"app.py": f"def handler(event, context): return {number}\n"})


class History:
    """What was done and what came of it, one entry an operation that succeeded."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str, Any]] = []
        self.refused: Counter[str] = Counter()
        self._lock = threading.Lock()

    def carry_out(self, kind: str, name: str, act: Any) -> None:
        """Do it, and write down what came of it; whatever is refused must be refused for a reason."""
        try:
            answer = act()
        except ClientError as error:
            with self._lock:
                self.refused[error.response["Error"]["Code"]] += 1
        else:
            with self._lock:
                self.done.append((kind, name, answer))


def work(client: Any, history: History, seed: int, start: threading.Barrier) -> None:
    """One thread: create, update, publish, delete, in an order of its own."""
    pick = random.Random(seed)
    start.wait()
    for step in range(STEPS):
        name, number = pick.choice(NAMES), seed * STEPS + step
        kind = pick.choice(("create", "create", "code", "configuration", "publish", "alias", "delete"))
        acts = {
            "create": lambda: client.create_function(
                FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="app.handler", Code={"ZipFile": code(number)}
            ),
            "code": lambda: client.update_function_code(FunctionName=name, ZipFile=code(number)),
            "configuration": lambda: client.update_function_configuration(FunctionName=name, Timeout=1 + number % 900),
            "publish": lambda: client.publish_version(FunctionName=name),
            "alias": lambda: client.create_alias(FunctionName=name, Name=f"alias-{number}", FunctionVersion="$LATEST"),
            "delete": lambda: client.delete_function(FunctionName=name),
        }
        history.carry_out(kind, name, acts[kind])


@pytest.mark.parametrize("seed", range(2))
def test_fifty_threads_leave_a_consistent_store(session: jlambda.Session, seed: int) -> None:
    """Creations and deletions alternate, versions count from 1 without a gap, and all that is left was made by someone."""
    client = session.client("lambda")
    history, start = History(), threading.Barrier(THREADS)
    threads = [
        threading.Thread(target=work, args=(client, history, seed * 1_000 + number, start), daemon=True)
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(history.refused) <= {"ResourceConflictException", "ResourceNotFoundException"}, history.refused
    left = {each["FunctionName"]: each for each in client.list_functions()["Functions"]}
    for name in NAMES:
        kinds = Counter(kind for kind, who, _ in history.done if who == name)
        assert kinds["create"] - kinds["delete"] == (name in left), f"{name}: {kinds}"
        if name in left:
            check(client, name, [entry for entry in history.done if entry[1] == name])
    session.close()  # and the next one to open it finds the same
    again = session.client("lambda")
    assert {each["FunctionName"]: each for each in again.list_functions()["Functions"]} == left


def check(client: Any, name: str, done: list[tuple[str, str, Any]]) -> None:
    """Hold a function that is left to the model: its code, versions and aliases are those of steps that were done."""
    now = client.get_function_configuration(FunctionName=name)
    digests = {answer["CodeSha256"] for kind, _, answer in done if kind in ("create", "code")}
    assert now["CodeSha256"] in digests
    timeouts = {answer["Timeout"] for kind, _, answer in done if kind in ("create", "configuration")}
    assert now["Timeout"] in timeouts
    versions = client.list_versions_by_function(FunctionName=name)["Versions"]
    numbers = [each["Version"] for each in versions]
    assert numbers == ["$LATEST", *map(str, range(1, len(versions)))]
    made = {(answer["Version"], answer["CodeSha256"], answer["Timeout"]) for kind, _, answer in done if kind == "publish"}
    assert {(each["Version"], each["CodeSha256"], each["Timeout"]) for each in versions[1:]} <= made
    asked = {answer["Name"] for kind, _, answer in done if kind == "alias"}
    assert {each["Name"] for each in client.list_aliases(FunctionName=name)["Aliases"]} <= asked
    assert client.invoke(FunctionName=name)["StatusCode"] == 200
