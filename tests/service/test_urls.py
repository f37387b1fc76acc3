"""Function URLs as records."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from jlambda.errors import LambdaError, ResourceConflict, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.service.targets import Targets
from jlambda.service.urls import FunctionUrls
from jlambda.store.database import Database

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


@pytest.fixture
def urls(database: Database, targets: Targets) -> FunctionUrls:
    """No URL yet, on a clock that moves on by a second each time that it is read."""
    times: Iterator[float] = iter(range(1_700_000_000, 1_800_000_000))
    return FunctionUrls(database, targets, Account(), threading.RLock(), lambda: next(times))


def test_a_url_is_made_changed_and_deleted(urls: FunctionUrls) -> None:
    """Its id stays; what an update does not name stays; the time of the last change moves."""
    made = urls.create("f", None, {"AuthType": "NONE"})
    assert re.fullmatch(r"[a-z0-9]{32}", made.id)
    assert (made.auth_type, made.cors, made.invoke_mode, made.qualifier) == ("NONE", None, "BUFFERED", None)
    changed = urls.update("f", None, {"Cors": {"AllowOrigins": ["*"]}, "InvokeMode": "RESPONSE_STREAM"})
    assert (changed.id, changed.auth_type, changed.cors) == (made.id, "NONE", {"AllowOrigins": ["*"]})
    assert (changed.created_at, changed.last_modified) == (made.created_at, made.created_at + 1)
    assert urls.update("f", None, {"AuthType": "AWS_IAM"}).cors == changed.cors
    assert urls.get(f"{ARN}f") == urls.by_id(made.id)
    urls.delete("f")
    assert urls.by_id(made.id) is None


def test_an_alias_may_have_one_too(urls: FunctionUrls) -> None:
    """Each its own; listed together."""
    own, alias = urls.create("f", None, {"AuthType": "NONE"}), urls.create("f", "live", {"AuthType": "AWS_IAM"})
    assert own.id != alias.id
    assert urls.list("f") == [own, alias]
    assert urls.list("g") == []


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (
            lambda u: u.create("f", "live", {"AuthType": "NONE"}),
            ResourceConflict,
            f"Failed to create function url config for [functionArn = {ARN}f:live]. Error message:  FunctionUrlConfig "
            "exists for this Lambda function",
        ),
        (lambda u: u.create("h", None, {"AuthType": "NONE"}), ResourceNotFound, "Function does not exist"),
        (lambda u: u.create("f", "dead", {"AuthType": "NONE"}), ResourceNotFound, "Function does not exist"),
        (lambda u: u.update("h", None, {}), ResourceNotFound, "Function does not exist"),
        (lambda u: u.list("h"), ResourceNotFound, "Function does not exist"),
        (lambda u: u.update("f", None, {}), ResourceNotFound, "The resource you requested does not exist."),
        (lambda u: u.get("f"), ResourceNotFound, "The resource you requested does not exist."),
        (lambda u: u.get("h"), ResourceNotFound, "The resource you requested does not exist."),
        (lambda u: u.delete("f"), ResourceNotFound, "The resource you requested does not exist."),
    ],
)
def test_what_is_refused(urls: FunctionUrls, act: Any, error: type[LambdaError], said: str) -> None:
    """AWS's words, and nothing changes."""
    made = urls.create("f", "live", {"AuthType": "NONE"})
    with pytest.raises(error) as caught:
        act(urls)
    assert caught.value.aws_message == said
    assert urls.list("f") == [made]
