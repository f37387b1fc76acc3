"""Which function a URL leads to and whom its policy lets in, looked up once and kept until something is changed."""

from __future__ import annotations

from dataclasses import dataclass

from jlambda.errors import ResourceConflict, ResourceNotFound
from jlambda.model.access import ANYONE, Question, verdict
from jlambda.model.arn import Account
from jlambda.model.function_url import FunctionUrl
from jlambda.model.http.cors import Cors
from jlambda.model.policy import Statement
from jlambda.service.permissions import Permissions
from jlambda.service.urls import FunctionUrls
from jlambda.store.database import Database

# Whoever asks needs both: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
_ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")


@dataclass(frozen=True, slots=True)
class OpenUrl:
    """A URL, the statements of its function's policy, and its CORS configuration."""

    url: FunctionUrl
    arn: str
    statements: tuple[Statement, ...]
    cors: Cors | None
    lets_in_everyone: bool

    @property
    def reference(self) -> str:
        """NAME or NAME:ALIAS of what it leads to."""
        return self.url.function if self.url.qualifier is None else f"{self.url.function}:{self.url.qualifier}"

    def lets_in(self, caller: str) -> bool:
        """Whether someone of the account itself may ask: unless a statement denies it."""
        return not any(_verdict(self.statements, self.arn, self.url.auth_type, caller, action) is False for action in _ACTIONS)


class UrlGate:
    """The way in through the function URLs of one session."""

    def __init__(self, database: Database, urls: FunctionUrls, permissions: Permissions, account: Account) -> None:
        self._database, self._urls, self._permissions, self._account = database, urls, permissions, account
        self._opened: dict[str, OpenUrl] = {}
        self._as_of = -1

    def find(self, identity: str) -> OpenUrl | None:
        """The URL whose host name starts with this, None if there is none."""
        if self._as_of != (changes := self._database.changes):
            self._opened, self._as_of = {}, changes
        opened = self._opened.get(identity)
        if opened is None and (url := self._urls.by_id(identity)) is not None:
            opened = self._opened[identity] = self._open(url)
        return opened

    def _open(self, url: FunctionUrl) -> OpenUrl:
        try:
            statements = self._permissions.get(url.function, url.qualifier).statements
        except ResourceNotFound:
            statements = ()
        arn = self._account.function_arn(url.function, url.qualifier)
        everyone = all(_verdict(statements, arn, url.auth_type, ANYONE, action) for action in _ACTIONS)
        cors = None if url.cors is None else Cors.of(url.cors)
        return OpenUrl(url, arn, statements, cors, everyone)

    def open(self, name: str, qualifier: str | None, *, auth_type: str = "NONE", invoke_mode: str = "BUFFERED") -> FunctionUrl:
        """Give a function or an alias a URL as the console does: with the permissions that auth type NONE needs.

        One that is there is changed. Raises `ResourceNotFound`.
        """
        request = {"AuthType": auth_type, "InvokeMode": invoke_mode}
        try:
            made = self._urls.create(name, qualifier, request)
        except ResourceConflict:
            made = self._urls.update(name, qualifier, request)
        if auth_type == "NONE":
            self._permit(name, qualifier, "FunctionURLAllowPublicAccess", _ACTIONS[0], {"FunctionUrlAuthType": "NONE"})
            self._permit(name, qualifier, "FunctionURLInvokeAllowPublicAccess", _ACTIONS[1], {"InvokedViaFunctionUrl": True})
        return made

    def close(self, name: str, qualifier: str | None) -> None:
        """Take a URL away, and the permissions that were made with it. Raises `ResourceNotFound`."""
        self._urls.delete(name, qualifier)
        for statement_id in ("FunctionURLAllowPublicAccess", "FunctionURLInvokeAllowPublicAccess"):
            try:
                self._permissions.remove(name, qualifier, statement_id)
            except ResourceNotFound:
                continue

    def _permit(self, name: str, qualifier: str | None, statement_id: str, action: str, when: dict[str, object]) -> None:
        try:
            self._permissions.add(name, qualifier, {"StatementId": statement_id, "Action": action, "Principal": "*", **when})
        except ResourceConflict:
            return  # it is there


def _verdict(statements: tuple[Statement, ...], arn: str, auth_type: str, caller: str, action: str) -> bool | None:
    keys = {"lambda:functionurlauthtype": auth_type, "lambda:invokedviafunctionurl": "true"}
    return verdict(statements, Question(caller, action, arn, keys))
