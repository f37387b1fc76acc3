"""Where a live gateway is and the key to it: written for other processes into the state folder, read by them.

The file is the owner's alone. One that a killed process left behind is told by the folder, which nobody holds then.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import socket
import string
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jlambda.errors import InvalidParameter, StateError

if TYPE_CHECKING:
    from jlambda.api.auth import Key

FILE = "gateway.json"
_ID_ALPHABET = string.ascii_uppercase + "234567"
_SECRET_ALPHABET = string.ascii_letters + string.digits + "+/"
#: how long a client waits for an answer: as long as a function may run, and a little
_READ_TIMEOUT_S = 910


@dataclass(frozen=True, slots=True)
class Address:
    """All that a client needs to know of a gateway."""

    url: str
    account: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def shell(self) -> str:
        """The lines that point a shell's AWS CLI at it."""
        values = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }
        lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
        return "\n".join([*lines, "unset AWS_SESSION_TOKEN AWS_PROFILE"])

    def signed(self, method: str, url: str, body: bytes, headers: Mapping[str, str], service: str) -> dict[str, str]:
        """`headers` with the signature of a request to a function URL (service lambda) or an API (execute-api)."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        request = AWSRequest(method, url, data=body, headers=dict(headers))
        SigV4Auth(Credentials(self.access_key_id, self.secret_access_key), service, self.region).add_auth(request)
        return {name.lower(): value for name, value in request.headers.items()}

    def client(self, service: str, attempts: int | None = None) -> Any:
        """A boto3 client of this gateway; `attempts` are those of each call, boto3's own number unless given."""
        import boto3
        from botocore.config import Config

        config = Config(
            read_timeout=_READ_TIMEOUT_S,
            inject_host_prefix=False,  # the gateway has no names but its own
            max_pool_connections=50,
            proxies={},
            retries=None if attempts is None else {"total_max_attempts": attempts},
            s3={"addressing_style": "path"},
            # what a client of S3 presigns would be signed the old way
            signature_version="s3v4" if service == "s3" else None,
        )
        session = boto3.Session(self.access_key_id, self.secret_access_key, region_name=self.region)
        return session.client(service, endpoint_url=self.url, config=config)


@lru_cache(maxsize=1)
def resolves_names_below_localhost() -> bool:
    """Whether programs of this machine find ``anything.localhost``; browsers do in any case."""
    try:
        found = socket.getaddrinfo("jlambda.localhost", None, socket.AF_INET)
    except OSError:
        return False
    return any(address[0] == "127.0.0.1" for *_, address in found)


def new_key(access_key_id: str | None = None, secret_access_key: str | None = None) -> Key:
    """An access key: the one that is given, else a new one. Raises `InvalidParameter` where only half of one is given."""
    from jlambda.api.auth import Key

    if (access_key_id is None) != (secret_access_key is None):
        raise InvalidParameter("an access key has two parts: give access_key_id and secret_access_key, or neither")
    if access_key_id is not None and secret_access_key is not None:
        if not access_key_id.isalnum() or not access_key_id.isascii():
            raise InvalidParameter("the access key's id must be letters and digits")
        if len(secret_access_key) < 8:
            raise InvalidParameter("the secret access key must have 8 characters at least: others may reach the port too")
        return Key(access_key_id, secret_access_key)
    made = "AKIA" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(16))
    return Key(made, "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40)))


def write(folder: Path, address: Address) -> None:
    """Leave the address in a state folder (mode 0600)."""
    new = folder / f"{FILE}.new"
    try:
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            json.dump(asdict(address), file)
        new.replace(folder / FILE)
    except OSError as error:
        raise StateError(
            f"{folder / FILE} cannot be written ({error.strerror}): make room, or choose another folder"
        ) from error


def read(folder: Path) -> Address | None:
    """The address that was left in a state folder, None if there is none."""
    try:
        found = json.loads((folder / FILE).read_bytes())
        return Address(**{name: str(value) for name, value in found.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def remove(folder: Path) -> None:
    """Take the address away: the gateway is closed."""
    with suppress(OSError):
        (folder / FILE).unlink()
