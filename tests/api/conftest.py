"""A session's gateway, and boto3 clients of it."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import jlambda
from tests.api import oracle
from tests.api.packages import ROLE, RUNTIME, zipped
from tests.api.streams import BOOTSTRAP, Gate


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jlambda.Session]:
    """One session for the tests of a module, its gateway on."""
    with jlambda.Session(tmp_path_factory.mktemp("shared") / "state") as made:
        start_all(made)
        yield made


def start_all(session: jlambda.Session) -> None:
    """Start all processes and threads of a session that tests share, so that none is new to a single test."""
    session.engine.protection()
    session.queue.start()
    start_threads(session.gateway().application.pool)
    assert session._parts is not None
    start_threads(session._parts.event_front.pool)


def start_threads(pool: ThreadPoolExecutor) -> None:
    """Have a pool start all its threads."""
    together = threading.Barrier(pool._max_workers + 1)
    for _ in range(pool._max_workers):
        pool.submit(together.wait)
    together.wait()


def make_sources(session: jlambda.Session, queue: str, stream: str = "", table: str = "") -> None:
    """Make the queue, stream and table that a test's mappings are of."""
    session.client("sqs").create_queue(QueueName=queue)
    if stream:
        session.client("kinesis").create_stream(StreamName=stream, ShardCount=1)
    if table:
        session.client("dynamodb").create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )


@pytest.fixture(scope="module")
def client(shared: jlambda.Session) -> Any:
    """boto3's client of the module's session; each answer that it gets is held to botocore's model."""
    made = shared.client("lambda")
    oracle.watch(made)
    return made


class Functions:
    """Makes functions for one test, and deletes them after it."""

    def __init__(self, client: Any) -> None:
        self._client, self._names = client, list[str]()

    def __call__(
        self, name: str, source: str = "def handler(event, context): return event\n", **options: Any
    ) -> dict[str, Any]:
        """CreateFunction of one module; gives the response."""
        options.setdefault("Code", {"ZipFile": zipped({"app.py": source})})
        given = {"FunctionName": name, "Runtime": RUNTIME, "Role": ROLE, "Handler": "app.handler", **options}
        made: dict[str, Any] = self._client.create_function(**given)
        self._names.append(name)
        return made

    def delete(self) -> None:
        """Delete what is still there."""
        for name in self._names:
            try:
                self._client.delete_function(FunctionName=name)
            except self._client.exceptions.ResourceNotFoundException:
                continue


@pytest.fixture
def create(client: Any) -> Iterator[Functions]:
    """Makes functions that are gone after the test."""
    made = Functions(client)
    yield made
    made.delete()


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A gate at which functions wait."""
    made = Gate()
    yield made
    made.close()


@pytest.fixture
def streaming(create: Functions) -> str:
    """A function on a runtime of its own that streams."""
    code = {"ZipFile": zipped({"bootstrap": BOOTSTRAP}, {"bootstrap": stat.S_IFREG | 0o755})}
    create("s", Code=code, Runtime="provided.al2023", Handler="none", Timeout=5, MemorySize=512)
    return "s"
