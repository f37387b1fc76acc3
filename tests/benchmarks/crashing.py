"""A session that sends itself asynchronous events from eight threads, in a process that is killed; and the count of what ran.

Run as a program it is that process. Every function tells by datagram that it runs, so that no log or store of the killed
process is believed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[2]
THREADS = 8

FUNCTION = """
import socket
told = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def handler(event, context):
    told.sendto(str(event["id"]).encode(), ("127.0.0.1", event["port"]))
    return event["id"]
"""


class Crashes:
    """One state folder whose processes are killed, one after the other; what they promised, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.accepted: set[int] = set()
        self.refused: set[int] = set()
        self.ran: Counter[int] = Counter()
        self.kills = 0
        self._first = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while message := self._socket.recv(64):
            if number := int(message):  # 0 is no event, but a call to warm up
                self.ran[number] += 1

    def run(
        self, kill_after: int, delay_s: float = 0.0, *, events: int = 400, stop_at: str = "", without: str = "", room: int = 0
    ) -> None:
        """Have a process accept up to `events`, and kill it `delay_s` after its line number `kill_after`.

        `stop_at` names a place where it stops, says so and waits to be killed there; `without` a protection that is taken out
        of it; `room` how many pages its database may have more than it has.
        """
        self._first += 1_000_000
        child = self._start(self._first, events, stop_at, without, room)
        assert child.stdout is not None
        line = ""
        for number, line in enumerate(child.stdout, 1):
            self._note(line)
            if line == "stopped\n" or number >= kill_after:
                time.sleep(delay_s)
                break
        child.send_signal(signal.SIGKILL)
        assert not stop_at or line == "stopped\n", f"it never came to {stop_at}"
        for line in child.stdout:  # what it had said by then
            self._note(line)
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL, "it ended by itself"
        self.kills += 1

    def _note(self, line: str) -> None:
        what, _, number = line.strip().partition(" ")
        if what == "accepted":
            self.accepted.add(int(number))
        elif what == "refused":
            self.refused.add(int(number))

    def run_seeded(self, seed: int) -> None:
        """Kill a process anywhere: as it starts to accept, in the midst, or as it runs the last events; some have no room."""
        drawn = random.Random(seed)
        self.run(drawn.randrange(1, 500), drawn.random() * 0.005, room=60 if seed % 4 == 3 else 0)

    def drain(self, without: str = "") -> dict[str, int]:
        """Open the session once more, wait until nothing is pending, and give what is in the queue then."""
        child = self._start(0, 0, "", without, 0)
        assert child.stdout is not None
        out = child.stdout.read()
        child.stdout.close()
        assert child.wait() == 0
        counts: dict[str, int] = json.loads(out)
        return counts

    def _start(self, first: int, events: int, stop_at: str, without: str, room: int) -> subprocess.Popen[str]:
        port = self._socket.getsockname()[1]
        arguments = [str(self.folder), port, first, events, stop_at, without, room]
        command = [sys.executable, "-P", __file__, *map(str, arguments)]  # -P: `queue` is a module beside this one
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    @property
    def lost(self) -> set[int]:
        """Events that were accepted, and never ran."""
        return self.accepted - self.ran.keys()

    @property
    def ran_though_refused(self) -> set[int]:
        """Events that were refused, and ran."""
        return self.refused & self.ran.keys()

    @property
    def duplicates(self) -> int:
        """How many more times events ran than there were events."""
        return sum(self.ran.values()) - len(self.ran)

    def close(self) -> None:
        """End the thread."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


def say(line: str) -> None:
    """One line to whoever kills us, not torn by other threads'."""
    os.write(1, f"{line}\n".encode())


def stop() -> None:
    """Stay here until we are killed."""
    say("stopped")
    threading.Event().wait()


def change(queue: Any, stop_at: str, without: str) -> None:
    """Stop at a place, and take a protection out."""
    store = queue._queue
    insert, take, settle = store._accepted._store, store.take, store.settle
    taken_as_ever = take

    def stopping(act: Callable[..., Any], name: str) -> Callable[..., Any]:
        calls = count(1)

        def call(*given: Any) -> Any:
            is_here = next(calls) == (1 if without else 3)
            if is_here and stop_at == f"before {name}":
                stop()
            result = act(*given)
            if is_here and stop_at == f"after {name}":
                stop()
            return result

        return call

    def take_and_forget(target: str, now: float, most: int) -> Any:
        taken = taken_as_ever(target, now, most)
        store._write(lambda connection: connection.execute("delete from events where state = 'running'"))
        return taken

    if without == "commit before the answer":
        store.put = lambda event: store.put_later(event, lambda _: None)
    elif without == "events kept until they have run":
        take = take_and_forget
    elif without:
        assert without == "recovery", without
    store._accepted._store, store.take, store.settle = (
        stopping(insert, "commit"),
        stopping(take, "delivery"),
        stopping(settle, "acknowledgement"),
    )


def main(folder: str, port: int, first: int, events: int, stop_at: str, without: str, room: int) -> None:
    """Accept events until we are killed; without any, run what there is and tell what is left."""
    import jlambda
    from jlambda.errors import ResourceNotFound, StateError
    from jlambda.store import queue as queues

    if without == "recovery":
        patch.object(queues, "_recover", lambda _: 0).start()
    session = jlambda.Session(folder)
    try:
        session.get("f")
    except ResourceNotFound:
        session.deploy(FUNCTION, "f", memory=1769)
    queue = session.queue
    if not events:
        queue.wait(2 if without else 120)
        counts = queue.counts()
        session.close()
        print(json.dumps(counts))
        return
    session.get("f")({"id": 0, "port": port})
    change(queue, stop_at, without)
    if room:
        connection = queue._queue._file.connection
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count = {pages + room}")
    numbers = iter(range(first, first + events))
    drawing = threading.Lock()

    def send() -> None:
        while True:
            with drawing:
                number = next(numbers, None)
            if number is None:
                return
            body = {"id": number, "port": port, "filling": "x" * (number % 7 * 3_000 if room else number % 50)}
            try:
                queue.accept("f", json.dumps(body).encode())
            except StateError:
                say(f"refused {number}")
            else:
                say(f"accepted {number}")

    threads = [threading.Thread(target=send) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while True:
        say("waiting")  # until we are killed: each line is a chance
        time.sleep(0.001)


if __name__ == "__main__":
    asked = sys.argv[1:]
    main(asked[0], int(asked[1]), int(asked[2]), int(asked[3]), asked[4], asked[5], int(asked[6]))
