"""The small HTTP client: it shows what a request becomes on its way."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

import jlambda
from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.http import Exchange
from jlambda.notebook.exchange import exchange_html, exchange_text
from jlambda.notebook.styles import MUTED, WARN

SOURCE = """
def handler(event, context):
    if event["rawPath"] == "/fail":
        raise ValueError("<boom>")
    return {"statusCode": 201, "headers": {"x-seen": str("x-jlambda-watch" in event["headers"])}, "body": "made"}
"""


@pytest.fixture
def function(session: jlambda.Session) -> jlambda.Function:
    """A function with a URL."""
    return session.deploy(SOURCE, "f", triggers=["url"])


def test_a_request_is_seen_whole(function: jlambda.Function) -> None:
    """Request, event, result, response and record belong together."""
    seen = jlambda.http.post(function, "/items", params={"q": "a b"}, json={"n": 1}, headers={"X-A": "1"})
    assert (seen.status, seen.text, seen.ok) == (201, "made", True)
    assert (seen.event["rawPath"], seen.event["rawQueryString"], seen.event["body"]) == ("/items", "q=a+b", '{"n": 1}')
    assert seen.event["headers"]["x-a"] == "1" and seen.headers["x-seen"] == "False"
    assert seen.invocation is not None and seen.invocation.result["statusCode"] == 201
    assert seen.invocation.record.request_id == seen.headers["x-amzn-requestid"]
    assert seen.invocation.record.trigger == "url"


def test_what_is_shown(function: jlambda.Function) -> None:
    """Side by side, as HTML and as text; nothing of it is markup."""
    seen = jlambda.http.get(function, "/fail")
    assert seen.status == 502
    html, text = exchange_html(seen), exchange_text(seen)
    assert "&lt;boom&gt;" in html and "<boom>" not in html
    for shown in (html, text):
        assert "/fail HTTP/1.1" in shown and "rawPath" in shown and "HTTP/1.1 502" in shown
        assert "f $LATEST, error" in shown


def test_signed_and_not(function: jlambda.Function) -> None:
    """Auth type AWS_IAM lets in who signs; where nothing was reached that is said."""
    function.triggers.add("url?auth=AWS_IAM")
    refused = jlambda.http.get(function)
    assert (refused.status, refused.event, refused.invocation) == (403, None, None)
    assert "no function was reached" in exchange_text(refused)
    assert jlambda.http.get(function, "/x y".replace(" ", "%20"), params={"a": "1"}, sign=True).status == 201


def test_where_there_is_nothing_to_ask(session: jlambda.Session) -> None:
    """A function without a URL, a path without an API, an address of somebody else."""
    bare = session.deploy("def handler(event, context): return 1", "g")
    with pytest.raises(ResourceNotFound, match="no function URL"):
        jlambda.http.get(bare)
    with pytest.raises(ResourceNotFound, match="--trigger"):
        jlambda.http.get("/items")
    with pytest.raises(InvalidParameter, match="of this session"):
        jlambda.http.get("https://example.com/")


def test_the_api_of_triggers(session: jlambda.Session) -> None:
    """A path alone is asked of it."""
    session.deploy("def handler(event, context): return event['pathParameters']", "h", triggers=["GET /items/{id}"])
    seen = jlambda.http.get("/items/5")
    assert (seen.json(), seen.event["routeKey"]) == ({"id": "5"}, "GET /items/{id}")
    assert jlambda.http.get("/nothing").status == 404


def test_what_the_request_brought_stands_out(function: jlambda.Function) -> None:
    """In the event; what was added to it does not. A status has its colour and its phrase."""
    seen = jlambda.http.post(function, "/items", json={"n": 1}, headers={"X-A": "1"})
    shown = {line.strip(): line.strip() in muted for muted in [_muted(exchange_html(seen))] for line in _event(seen)}
    for sent in ('"x-a": "1",', '"rawPath": "/items",', '"body": "{\\"n\\": 1}",'):
        assert shown[sent] is False, sent
    for added in ('"x-forwarded-proto": "http",', '"version": "2.0",', '"stage": "$default",'):
        assert shown[added] is True, added
    assert "201 Created" in exchange_html(seen) and "what the function URL makes of it" in exchange_html(seen)


def _event(seen: Exchange) -> list[str]:
    return json.dumps(seen.event, indent=2).split("\n")


def _muted(html: str) -> set[str]:
    """The lines that do not stand out."""
    found = re.findall(rf'<span style="color: {re.escape(MUTED)}">(.*?)</span>', html)
    return {unescape(each).strip() for each in found}


def test_why_a_url_answers_by_itself(session: jlambda.Session) -> None:
    """A result that is no response is told in a line that can be seen."""
    function = session.deploy('def handler(event, context): return {"statusCode": "soon"}', "g", triggers=["url"])
    seen = jlambda.http.get(function)
    assert seen.status == 502 and "statusCode is 'soon'" in seen.headers["x-jlambda-reason"]
    assert re.search(rf'<span style="color: {re.escape(WARN)}">x-jlambda-reason: statusCode', exchange_html(seen))
