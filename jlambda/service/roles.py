"""The credentials of functions: each function has a key of its own by its execution role, made for this session alone.

The keys are good at the session's gateway and nowhere else, and end with the session. Knows no HTTP and no processes.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
from collections.abc import Callable

from jlambda.model.arn import Account
from jlambda.model.exchange import Caller
from jlambda.model.function import FunctionConfiguration
from jlambda.model.role import DEFAULT_ROLE, Credentials, role_arn


class Roles:
    """The keys of one session's functions. `port` is the gateway's, which need not serve yet."""

    def __init__(self, account: Account, port: Callable[[], int]) -> None:
        self._account, self._port = account, port
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._by_id: dict[str, tuple[Credentials, Caller]] = {}

    def credentials(self, configuration: FunctionConfiguration) -> Credentials:
        """The key of a function with the role that it has now."""
        return self.key(configuration.role or role_arn(DEFAULT_ROLE, self._account), configuration.name)

    def key(self, role: str, name: str) -> Credentials:
        """The key of whoever has assumed a role, given by its ARN, under a name."""
        caller = Caller(role, name)
        digest = hmac.digest(self._secret, f"{caller.role_arn}\n{caller.function}".encode(), "sha512")
        key_id = "ASIA" + base64.b32encode(digest[:10]).decode()
        found = self._by_id.get(key_id)
        if found is None:
            # AWS's secrets have 40 characters of this alphabet
            made = Credentials(key_id, base64.b64encode(digest[10:40]).decode(), base64.b64encode(digest[40:]).decode())
            with self._lock:
                found = self._by_id.setdefault(key_id, (made, caller))
        return found[0]

    def find(self, key_id: str) -> tuple[Credentials, Caller] | None:
        """A function's key and whose it is, None where no function has it."""
        return self._by_id.get(key_id)

    def ids(self) -> list[str]:
        """The ids of all keys."""
        return list(self._by_id)

    def variables(self, configuration: FunctionConfiguration) -> dict[str, str]:
        """The environment variables that make AWS's SDKs in a function call this session, as its role."""
        key = self.credentials(configuration)
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port()}",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # the endpoint has no names but its own
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_SESSION_TOKEN": key.token,
        }
