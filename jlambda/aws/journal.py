"""The journal of the embedded services: every write that succeeded, so that a fresh process can be given them again.

A file that only grows, until it is opened the next time: then what is of no more use is left out. Each entry is a request,
with the seed that its random names came from and its time, so that a replay makes the same ids. Messages that were deleted
from queues are remembered by their ids, whatever request had sent them. Knows no processes.
"""

from __future__ import annotations

import io
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from jlambda.aws.frames import LENGTHS, PIECE, head_of
from jlambda.aws.operations import Operation
from jlambda.errors import StateError
from jlambda.model.exchange import Headers, ServiceRequest

FILE = "services.journal"
#: headers that say nothing of what is written
_LEFT_OUT = (
    "authorization",
    "x-amz-security-token",
    "user-agent",
    "accept-encoding",
    "host",
    "x-amzn-trace-id",
    "content-length",
)
#: writes that are not to happen again, or are kept in another way
_NOT_KEPT = {
    "sqs": ("DeleteMessage", "DeleteMessageBatch", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch"),
    "states": (
        "StartExecution",
        "StartSyncExecution",
        "StopExecution",
        "SendTaskSuccess",
        "SendTaskFailure",
        "SendTaskHeartbeat",
    ),
    "events": ("PutEvents",),
}
#: so many messages must be gone before the journal is written anew
_COMPACTED = 1_000
#: receipts that are remembered: many more than can be in flight
_RECEIPTS = 250_000


class Journal:
    """The journal in one state folder. Raises `StateError` where it cannot be written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._deleted: set[str] = set()
        #: the services that were ever written to; of what an earlier process wrote only once `requests` were read
        self.services: set[str] = set()
        self._receipts: OrderedDict[str, str] = OrderedDict()

    # -- what happens -------------------------------------------------------------------------------------------------

    def keep(self, request: ServiceRequest, operation: Operation, answer: bytes) -> None:
        """Keep a write that has succeeded; `answer` is what it was answered."""
        if request.service == "sqs" and operation.name.startswith("DeleteMessage"):
            self._forget_messages(operation, answer)
        if operation.name in _NOT_KEPT.get(request.service, ()):
            return
        head = {
            "service": request.service,
            "region": request.region,
            "method": request.method,
            "path": request.path,
            "query": _unsigned(request.query),
            "headers": [(name, value) for name, value in request.headers if name not in _LEFT_OUT],
            "seed": request.seed,
            "at": request.at,
        }
        if request.service == "sqs" and operation.name.startswith("SendMessage"):
            head["messages"] = _message_ids(answer)
        request.body.seek(0)
        self.services.add(request.service)
        self._append(head, request.body, request.length)

    def saw_messages(self, body: bytes) -> None:
        """Remember which receipts belong to which messages, from the answer to ReceiveMessage (JSON)."""
        for message in _json(body).get("Messages") or ():
            self._receipts[message["ReceiptHandle"]] = message["MessageId"]
        while len(self._receipts) > _RECEIPTS:
            self._receipts.popitem(last=False)

    def _forget_messages(self, operation: Operation, body: bytes) -> None:
        """Remember the messages that were deleted: DeleteMessage, or what DeleteMessageBatch answered."""
        if operation.name == "DeleteMessage":
            receipts = [str(operation.parameters.get("ReceiptHandle"))]
        else:
            gone = {each["Id"] for each in _json(body).get("Successful") or ()}
            receipts = [
                str(each.get("ReceiptHandle")) for each in operation.parameters.get("Entries", ()) if each.get("Id") in gone
            ]
        found = [self._receipts.pop(receipt) for receipt in receipts if receipt in self._receipts]
        if found:
            self._deleted.update(found)
            self._append({"deleted": found}, io.BytesIO(), 0)

    # -- what is given back -------------------------------------------------------------------------------------------

    def requests(self) -> Iterator[ServiceRequest]:
        """All that is to be written again, in its order."""
        self._compact()
        for head, body in self._read():
            if "deleted" not in head:
                self.services.add(head["service"])
                yield _request(head, body)

    def has_service(self, service: str) -> bool:
        """Whether anything of a service is to be written again."""
        return any(head.get("service") == service for head, _ in self._read())

    @property
    def deleted(self) -> list[str]:
        """The ids of messages that were deleted from queues; known once `requests` were read."""
        return sorted(self._deleted)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        try:
            return self._path.stat().st_size == 0
        except OSError:
            return True

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._close()
            self._deleted.clear()
            self.services.clear()
            self._receipts.clear()
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._close()

    # -- the file -----------------------------------------------------------------------------------------------------

    def _append(self, head: dict[str, Any], body: IO[bytes], length: int) -> None:
        with self._lock:
            try:
                if self._file is None:
                    self._mend()
                    self._file = open(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")  # noqa: SIM115
                self._file.write(head_of(head, length))
                while piece := body.read(PIECE):
                    self._file.write(piece)
                self._file.flush()
            except OSError as error:
                raise StateError(
                    f"{self._path} cannot be written ({error.strerror}): make room, or the services' data will not be there "
                    "after the kernel's restart"
                ) from error

    def _read(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            while len(lengths := file.read(LENGTHS.size)) == LENGTHS.size:
                head_length, body_length = LENGTHS.unpack(lengths)
                head, body = file.read(head_length), file.read(body_length)
                if len(head) < head_length or len(body) < body_length:
                    return  # the process was killed while it wrote: that request was not answered
                yield json.loads(head), body

    def _mend(self) -> None:
        """Cut off what was written in part."""
        whole = 0
        for head, body in self._read():
            whole += len(head_of(head, len(body))) + len(body)
        if self._path.exists() and self._path.stat().st_size > whole:
            os.truncate(self._path, whole)

    def _compact(self) -> None:
        """Leave out messages that were sent and deleted, once there are enough of them."""
        with self._lock:
            if self._file is not None:
                return
            self._mend()
            sent = {id for head, _ in self._read() for id in head.get("messages", ())}
            self._deleted = {id for head, _ in self._read() for id in head.get("deleted", ())}
            gone = self._deleted & sent
            if len(gone) < _COMPACTED:
                return
            new = self._path.with_suffix(".new")
            try:
                with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    for head, body in self._read():
                        messages = head.get("messages")
                        if "deleted" not in head and not (messages and gone.issuperset(messages)):
                            file.write(head_of(head, len(body)) + body)
                    file.write(head_of({"deleted": sorted(self._deleted)}, 0))
                new.replace(self._path)
            except OSError as error:
                raise StateError(f"{new} cannot be written ({error.strerror}): make room on the disk") from error

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _request(head: Mapping[str, Any], body: bytes) -> ServiceRequest:
    scope = f"jlambda/20200101/{head['region']}/{head['service']}/aws4_request"
    headers: Headers = [(name, value) for name, value in head["headers"]]
    headers.append(("authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=journal"))
    headers.append(("content-length", str(len(body))))
    return ServiceRequest(
        *(head["service"], head["region"], head["method"], head["path"], head["query"], headers, io.BytesIO(body), len(body)),
        seed=head["seed"],
        at=head["at"],
    )


def _message_ids(answer: bytes) -> list[str]:
    """The ids of messages that were sent, of an answer in JSON."""
    found = _json(answer)
    return [each["MessageId"] for each in (found.get("Successful") or [found]) if "MessageId" in each]


def _unsigned(query: str) -> str:
    """A query without what a presigned URL adds."""
    signing = (
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "AWSAccessKeyId",
        "Signature",
        "x-amz-security-token",
    )
    return "&".join(pair for pair in query.split("&") if pair.partition("=")[0] not in signing)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
