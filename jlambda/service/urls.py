"""Function URLs: made, changed, found and deleted. Requests to them are answered elsewhere."""

from __future__ import annotations

import builtins
import secrets
import string
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from jlambda.errors import ResourceConflict, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.model.function_url import FunctionUrl
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources

_ALPHABET = string.ascii_lowercase + string.digits
# https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
_ID_CHARS = 32


class FunctionUrls:
    """The function URLs of one session: a function has one, and each of its aliases may have one."""

    def __init__(
        self,
        database: Database,
        targets: Targets,
        account: Account,
        lock: threading.RLock,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._targets, self._account, self._lock, self._clock = targets, account, lock, clock
        self._urls = Resources(database, "url", FunctionUrl)
        #: called with the name of a function that has another URL, or none any more
        self.changed: Callable[[str], None] = lambda _: None

    def create(self, reference: str, qualifier: str | None, request: Mapping[str, Any]) -> FunctionUrl:
        """Give a function or an alias a URL; `request` has the members of CreateFunctionUrlConfig.

        Raises `ResourceNotFound` and `ResourceConflict`.
        """
        with self._lock:
            name, qualifier = self._there(reference, qualifier)
            if self.find(name, qualifier):
                raise ResourceConflict(
                    f"Failed to create function url config for [functionArn = {self._account.function_arn(name, qualifier)}]. "
                    "Error message:  FunctionUrlConfig exists for this Lambda function"
                )
            identity = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_CHARS))
            now = self._clock()
            mode = request.get("InvokeMode") or "BUFFERED"
            made = FunctionUrl(identity, name, qualifier, request["AuthType"], request.get("Cors"), mode, now, now)
            return self._put(made)

    def update(self, reference: str, qualifier: str | None, request: Mapping[str, Any]) -> FunctionUrl:
        """Change what `request` names. Raises `ResourceNotFound`."""
        with self._lock:
            name, qualifier = self._there(reference, qualifier)
            before = self.get(name, qualifier)
            changed = replace(
                before,
                auth_type=request.get("AuthType") or before.auth_type,
                cors=before.cors if request.get("Cors") is None else request["Cors"],
                invoke_mode=request.get("InvokeMode") or before.invoke_mode,
                last_modified=self._clock(),
            )
            return self._put(changed)

    def get(self, reference: str, qualifier: str | None = None) -> FunctionUrl:
        """The URL of a function or an alias. Raises `ResourceNotFound`."""
        found = self.find(*self._targets.parse(reference, qualifier))
        if found is None:
            raise ResourceNotFound("The resource you requested does not exist.")
        return found

    def list(self, reference: str) -> list[FunctionUrl]:
        """All URLs of a function, its own first. Raises `ResourceNotFound`."""
        name, _ = self._there(reference, None)
        return self._urls.values(f"function:{name}")

    def all(self) -> builtins.list[FunctionUrl]:
        """All URLs of the session."""
        return self._urls.values()

    def delete(self, reference: str, qualifier: str | None = None) -> None:
        """Delete a URL. Raises `ResourceNotFound`."""
        with self._lock:
            found = self.get(reference, qualifier)
            self._urls.delete(f"function:{found.function}", found.qualifier or "")
        self.changed(found.function)

    def by_id(self, identity: str) -> FunctionUrl | None:
        """The URL whose host name starts with this, None if there is none."""
        return next((each for each in self._urls.values() if each.id == identity), None)

    def find(self, name: str, qualifier: str | None) -> FunctionUrl | None:
        """The URL of a function or an alias, None if it has none."""
        return self._urls.get(f"function:{name}", qualifier or "")

    def _put(self, url: FunctionUrl) -> FunctionUrl:
        made = self._urls.put(url, f"function:{url.function}", url.qualifier or "")
        self.changed(url.function)
        return made

    def _there(self, reference: str, qualifier: str | None) -> tuple[str, str | None]:
        name, qualifier = self._targets.parse(reference, qualifier)
        if not self._targets.has(name, qualifier):
            raise ResourceNotFound("Function does not exist")
        return name, qualifier
