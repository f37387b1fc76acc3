"""Which buckets, queues, tables, streams, topics, event buses and log groups there are: by name.

Every request that makes or deletes one passes the gateway, so the names are known without asking, and outlive a restart of
the kernel; who wants to be sure asks the service, which starts the embedded ones if need be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from jlambda.model.arn import Account
from jlambda.model.exchange import Write
from jlambda.model.trigger import Trigger, bucket_and_keys
from jlambda.service.clients import told
from jlambda.service.push_places import make_bucket
from jlambda.store.database import Database
from jlambda.store.resources import Resources

#: a boto3 client of a service
Clients = Callable[[str], Any]


class Kind(NamedTuple):
    """One kind of thing: its service, AWS's operations on it, and the parameters that name it there.

    `listed` is the operation that lists them, the member of its answer that has them, and the member of each that names it.
    """

    service: str
    created: tuple[str, str]
    deleted: tuple[str, str]
    listed: tuple[str, str, str]


KINDS = {
    "bucket": Kind("s3", ("CreateBucket", "Bucket"), ("DeleteBucket", "Bucket"), ("list_buckets", "Buckets", "Name")),
    "queue": Kind("sqs", ("CreateQueue", "QueueName"), ("DeleteQueue", "QueueUrl"), ("list_queues", "QueueUrls", "")),
    "table": Kind("dynamodb", ("CreateTable", "TableName"), ("DeleteTable", "TableName"), ("list_tables", "TableNames", "")),
    "stream": Kind(
        "kinesis", ("CreateStream", "StreamName"), ("DeleteStream", "StreamName"), ("list_streams", "StreamNames", "")
    ),
    "topic": Kind("sns", ("CreateTopic", "Name"), ("DeleteTopic", "TopicArn"), ("list_topics", "Topics", "TopicArn")),
    "event bus": Kind(
        "events", ("CreateEventBus", "Name"), ("DeleteEventBus", "Name"), ("list_event_buses", "EventBuses", "Name")
    ),
    "log group": Kind(
        "logs",
        ("CreateLogGroup", "logGroupName"),
        ("DeleteLogGroup", "logGroupName"),
        ("describe_log_groups", "logGroups", "logGroupName"),
    ),
}
#: what the target of a trigger is the name of, by the kind of trigger
OF_TRIGGERS = {
    "s3": "bucket",
    "sqs": "queue",
    "dynamodb": "table",
    "kinesis": "stream",
    "sns": "topic",
    "logs": "log group",
}
_OF_SERVICE = {kind.service: name for name, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class _Named:
    """Something that is there."""

    name: str


class Inventory:
    """The names of one session. `is_running` says whether its services can be asked without being started."""

    def __init__(self, database: Database, account: Account, clients: Clients, is_running: Callable[[], bool]) -> None:
        self._names = Resources(database, "inventory", _Named)
        self._account, self._clients, self._is_running = account, clients, is_running

    def saw(self, write: Write) -> None:
        """Take note of what a request made or deleted."""
        name = _OF_SERVICE.get(write.service)
        if name is None or (write.region != self._account.region and write.service != "s3"):
            return
        kind = KINDS[name]
        if write.operation == kind.created[0] and (made := write.parameters.get(kind.created[1])):
            self._names.put(_Named(str(made)), name, str(made))
        elif write.operation == kind.deleted[0]:
            gone = write.parameters.get(kind.deleted[1]) or write.parameters.get("StreamARN") or ""
            self._names.delete(name, _last(str(gone)) if kind.service != "logs" else str(gone))

    def known(self, kind: str) -> list[str]:
        """The names of a kind as far as they are known; asks nobody, takes well under a millisecond."""
        found = [each.name for each in self._names.values(kind)]
        return ["default", *found] if kind == "event bus" and "default" not in found else found

    def there_are(self, kind: str) -> list[str]:
        """The names of a kind: those that its service tells where it runs, else those that are known."""
        return self.ask(kind) if self._is_running() else self.known(kind)

    def offered(self, kind: str) -> list[str]:
        """`there_are` for who only offers names: where the service does not answer, those that are known."""
        try:
            return self.there_are(kind)
        except Exception:  # whatever keeps another endpoint from answering
            return self.known(kind)

    def ask(self, kind: str) -> list[str]:
        """The names of a kind, from its service, which is started if it is not. Raises boto3's errors."""
        found = sorted(self._asked(KINDS[kind]))
        for name in set(self.known(kind)) - set(found):
            self._names.delete(kind, name)
        for name in set(found) - set(self.known(kind)):
            self._names.put(_Named(name), kind, name)
        return self.known(kind)

    def _asked(self, kind: Kind) -> Iterator[str]:
        operation, member, name = kind.listed
        client = self._clients(kind.service)
        pages = client.get_paginator(operation).paginate() if client.can_paginate(operation) else [getattr(client, operation)()]
        for page in pages:
            for each in page.get(member) or ():
                text = str(each[name] if name else each)
                yield text if kind.service == "logs" else _last(text)

    def arn(self, kind: str, name: str) -> str:
        """The ARN of what has this name."""
        service, where = KINDS[kind].service, f"{self._account.region}:{self._account.id}"
        paths = {"event bus": f"event-bus/{name}", "table": f"table/{name}", "stream": f"stream/{name}"}
        return f"arn:aws:s3:::{name}" if kind == "bucket" else f"arn:aws:{service}:{where}:{paths.get(kind, name)}"

    def create(self, kind: str, name: str) -> None:
        """Make a queue, topic, event bus or bucket with the service's usual settings. Raises `InvalidParameter`."""
        client, is_fifo = self._clients(KINDS[kind].service), name.endswith(".fifo")
        with told(f"{kind} {name}"):
            if kind == "queue":
                client.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if is_fifo else {})
            elif kind == "topic":
                client.create_topic(Name=name, Attributes={"FifoTopic": "true"} if is_fifo else {})
            elif kind == "event bus":
                client.create_event_bus(Name=name)
            else:
                assert kind == "bucket", kind
                make_bucket(client, name)

    def delete(self, kind: str, name: str) -> None:
        """Delete one that is empty. Raises `InvalidParameter`."""
        client = self._clients(KINDS[kind].service)
        with told(f"{kind} {name}"):
            if kind == "queue":
                client.delete_queue(QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"])
            elif kind == "topic":
                client.delete_topic(TopicArn=self.arn(kind, name))
            else:
                deletes = {
                    "bucket": ("delete_bucket", "Bucket"),
                    "table": ("delete_table", "TableName"),
                    "stream": ("delete_stream", "StreamName"),
                    "event bus": ("delete_event_bus", "Name"),
                    "log group": ("delete_log_group", "logGroupName"),
                }
                operation, member = deletes[kind]
                getattr(client, operation)(**{member: name})

    def forget(self) -> None:
        """The services are empty now."""
        for kind in KINDS:
            for name in self.known(kind):
                self._names.delete(kind, name)


def source_of(trigger: Trigger) -> tuple[str, str] | None:
    """The kind and the name of what a trigger is of, None where it is of none of these."""
    kind = OF_TRIGGERS.get(trigger.kind)
    if kind is None:
        return None
    return kind, bucket_and_keys(trigger)[0] if trigger.kind == "s3" else trigger.target


def _last(text: str) -> str:
    """The name at the end of a URL or an ARN."""
    return text.rstrip("/").rpartition("/")[2].rpartition(":")[2]
