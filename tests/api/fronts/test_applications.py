"""Applications that were written for AWS, as they are: FastAPI, Flask, powertools."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

import jlambda
from jlambda.model.http.address import API, BALANCER, URL
from tests.api.fronts.browser import Browser, Seen

FASTAPI = """
from fastapi import FastAPI, HTTPException, Request, Response
from mangum import Mangum
from pydantic import BaseModel

app = FastAPI()

class Item(BaseModel):
    name: str
    price: float

@app.get("/items/{item_id}")
def read(item_id: int, q: str | None = None):
    if item_id == 404:
        raise HTTPException(404, "no such item")
    return {"id": item_id, "q": q}

@app.post("/items", status_code=201)
def create(item: Item, response: Response):
    response.set_cookie("last", item.name)
    return item

@app.get("/cookies")
def cookies(request: Request):
    return request.cookies

@app.get("/png")
def png():
    return Response(bytes(range(256)), media_type="image/png")

@app.post("/upload")
async def upload(request: Request):
    return {"size": len(await request.body()), "type": request.headers["content-type"]}

@app.get("/fail")
def fail():
    raise RuntimeError("boom")

handler = Mangum(app, lifespan="off")
"""

FLASK = """
from apig_wsgi import make_lambda_handler
from flask import Flask, jsonify, make_response, request

app = Flask(__name__)

@app.get("/hello/<path:name>")
def hello(name):
    return jsonify(name=name, q=request.args.getlist("q"), host=request.host, agent=request.headers["User-Agent"])

@app.post("/form")
def form():
    return jsonify(request.form.to_dict())

@app.get("/png")
def png():
    return make_response(bytes(range(256)), 200, {"Content-Type": "image/png"})

@app.get("/away")
def away():
    return "", 302, {"Location": "/hello/you"}

handler = make_lambda_handler(app, binary_support=True)
"""

POWERTOOLS = """
from aws_lambda_powertools.event_handler import {kind}, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

app = {kind}()

@app.get("/todos/<todo_id>")
def todo(todo_id):
    if todo_id == "none":
        raise NotFoundError("no such todo")
    query = app.current_event.query_string_parameters or dict()
    return {{"id": todo_id, "q": query.get("q")}}

@app.post("/todos")
def add():
    return app.current_event.json_body, 201

@app.get("/png")
def png():
    return Response(200, "image/png", bytes(range(256)))

def handler(event, context):
    return app.resolve(event, context)
"""

BINARY = bytes(range(256))


class Site:
    """One application at one front."""

    def __init__(self, browser: Browser, kind: str, identity: str) -> None:
        self._browser, self._kind, self._id = browser, kind, identity

    def ask(self, path: str, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None) -> Seen:
        """One request."""
        return self._browser.ask(self._kind, self._id, method, path, body, {"user-agent": "tests", **(headers or {})})


def deployed(session: jlambda.Session, browser: Browser, name: str, source: str, front: str) -> Site:
    """An application behind a function URL, an HTTP API or a load balancer."""
    function = session.deploy(source, name, handler="handler", memory=1024, timeout=30)
    if front == BALANCER:
        session.service.permissions.add(
            name,
            None,
            {"StatementId": "elb", "Action": "lambda:InvokeFunction", "Principal": "elasticloadbalancing.amazonaws.com"},
        )
        return Site(browser, front, name)
    if front == URL:
        function.triggers.add("url")
        return Site(browser, front, function.triggers[0].id)
    function.triggers.add(f"ANY /{{proxy+}}?api={name}")
    return Site(browser, front, function.triggers[0].id.partition("/")[0])


@pytest.mark.parametrize("front", [URL, API])
def test_fastapi_through_mangum(with_services: jlambda.Session, browser: Browser, front: str) -> None:
    """Routes, validation, cookies, uploads, binary responses and errors."""
    site = deployed(with_services, browser, f"fastapi-{front}", FASTAPI, front)
    assert site.ask("/items/5?q=a%20b").json() == {"id": 5, "q": "a b"}
    assert (site.ask("/items/404").status, site.ask("/items/404").json()) == (404, {"detail": "no such item"})
    assert site.ask("/items/text").status == 422
    made = site.ask("/items", "POST", b'{"name": "tea", "price": 2.5}', {"content-type": "application/json"})
    assert (made.status, made.json()) == (201, {"name": "tea", "price": 2.5})
    assert made.headers["set-cookie"].startswith("last=tea")
    assert site.ask("/cookies", headers={"cookie": "a=1; b=2"}).json() == {"a": "1", "b": "2"}
    seen = site.ask("/png")
    assert (seen.headers["content-type"], seen.body) == ("image/png", BINARY)
    uploaded = site.ask("/upload", "POST", BINARY, {"content-type": "multipart/form-data; boundary=x"})
    assert uploaded.json() == {"size": 256, "type": "multipart/form-data; boundary=x"}
    assert site.ask("/fail").status == 500
    assert site.ask("/openapi.json").json()["paths"].keys() >= {"/items", "/png"}
    assert site.ask("/docs").headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("front", [URL, BALANCER])
def test_flask_through_apig_wsgi(with_services: jlambda.Session, browser: Browser, front: str) -> None:
    """Paths that are encoded, forms, redirects, binary responses."""
    site = deployed(with_services, browser, f"flask-{front}", FLASK, front)
    path = quote("/hello/wörld/ü")
    found = site.ask(f"{path}?q=1&q=2").json()
    assert (found["name"], found["agent"]) == ("wörld/ü", "tests")
    if front == URL:
        assert found["q"] in (["1", "2"], ["1,2"])
    form = site.ask("/form", "POST", b"a=1&b=%C3%BC", {"content-type": "application/x-www-form-urlencoded"})
    assert form.json() == {"a": "1", "b": "ü"}
    seen = site.ask("/png")
    assert (seen.headers["content-type"], seen.body) == ("image/png", BINARY)
    seen = site.ask("/away")
    assert (seen.status, seen.headers["location"]) == (302, "/hello/you")
    assert site.ask("/nothing").status == 404


@pytest.mark.parametrize(
    ("front", "kind"), [(URL, "LambdaFunctionUrlResolver"), (API, "APIGatewayHttpResolver"), (BALANCER, "ALBResolver")]
)
def test_powertools_event_handler(with_services: jlambda.Session, browser: Browser, front: str, kind: str) -> None:
    """Routes, errors, bodies of JSON, binary responses."""
    site = deployed(with_services, browser, f"powertools-{front}", POWERTOOLS.format(kind=kind), front)
    assert site.ask("/todos/5?q=x").json() == {"id": "5", "q": "x"}
    seen = site.ask("/todos/none")
    assert (seen.status, seen.json()["message"]) == (404, "no such todo")
    made = site.ask("/todos", "POST", json.dumps({"a": "ü"}).encode(), {"content-type": "application/json"})
    assert (made.status, made.json()) == (201, {"a": "ü"})
    seen = site.ask("/png")
    assert (seen.headers["content-type"], seen.body) == ("image/png", BINARY)
