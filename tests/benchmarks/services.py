"""What the embedded services cost behind the gateway, against moto's own server asked directly, in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jlambda

from .measure import Figure

_CALLS = 200
_STARTS = 50
_SERVER = """
import logging, threading
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
threading.Event().wait()
"""
_KEYS: dict[str, Any] = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
_KEYS["AttributeDefinitions"] = [{"AttributeName": "id", "AttributeType": "S"}]


def median_ms(call: Callable[[int], object], count: int = _CALLS) -> float:
    """How long `call` takes, in the middle of `count` times."""
    taken = []
    for number in range(count):
        begun = time.perf_counter()
        call(number)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1_000


def writes(client: Callable[[str], Any]) -> dict[str, float]:
    """One write of three services each."""
    dynamodb, s3, sqs = client("dynamodb"), client("s3"), client("sqs")
    dynamodb.create_table(TableName="bench", **_KEYS)
    s3.create_bucket(Bucket="bench")
    url = sqs.create_queue(QueueName="bench")["QueueUrl"]
    return {
        "put_item": median_ms(lambda number: dynamodb.put_item(TableName="bench", Item={"id": {"S": str(number % 50)}})),
        "put_object": median_ms(lambda number: s3.put_object(Bucket="bench", Key=str(number % 50), Body=b"x")),
        "send_message": median_ms(lambda _: sqs.send_message(QueueUrl=url, MessageBody="m")),
    }


def direct(port: str) -> Callable[[str], Any]:
    """Clients of a server of moto's own."""
    import boto3
    from botocore.config import Config

    config = Config(inject_host_prefix=False, s3={"addressing_style": "path"})
    session = boto3.Session("key", "secret", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=f"http://127.0.0.1:{port}", config=config)


def started_ms(session: jlambda.Session) -> float:
    """From the answer to PutObject until the handler runs, warm."""
    source = "import time\ndef handler(event, context): print('AT', time.time())"
    jlambda.deploy(source, name="hot", memory=1769, triggers=["s3://hot/*"])
    s3, taken = session.client("s3"), []
    for number in range(_STARTS + 1):
        s3.put_object(Bucket="hot", Key=str(number), Body=b"")
        answered = time.time()
        session.queue.settle(20)
        began = max(float(line.split()[1]) for line in session.logs("hot")["message"] if line.startswith("AT "))
        taken.append((began - answered) * 1_000)
    return statistics.median(taken[1:])  # the first was cold


def run(folder: Path) -> Iterator[Figure]:
    """The figures."""
    server = subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        theirs = writes(direct(server.stdout.readline().strip()))
    finally:
        server.kill()
        server.communicate()
    with jlambda.Session(folder / "state") as session:
        ours, started = writes(session.client), started_ms(session)
    for name, mine in ours.items():
        yield Figure(name, mine, "ms", mine / theirs[name], "moto's own server")
    yield Figure("put_object answered to handler", started, "ms", started / ours["put_object"], "the put itself")
