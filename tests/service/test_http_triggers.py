"""Function URLs and HTTP routes as triggers."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

import jlambda
from jlambda.errors import InvalidParameter
from jlambda.model.http.address import API, URL, Fronts

SOURCE = "def handler(event, context): return event['routeKey']\n"


def get(session: jlambda.Session, kind: str, identity: str, path: str = "/") -> str:
    """What a front answers, asked by path."""
    url = Fronts(session.account.region, session.gateway().port).path_url(kind, identity).rstrip("/") + path
    with urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


def test_a_url(session: jlambda.Session) -> None:
    """It is made with the permissions that it needs, shown, and taken away with them."""
    function = session.deploy(SOURCE, "f", triggers=["url"])
    (attached,) = function.triggers
    assert function.url == attached.note and attached.id in attached.note
    assert (str(attached.trigger), attached.is_deployed) == ("url", True)
    assert get(session, URL, attached.id) == "$default"
    assert function.triggers.disable("url").state == "Disabled"
    with pytest.raises(HTTPError) as refused:
        get(session, URL, attached.id)
    with refused.value:
        assert refused.value.status == 403 and b"%lambda trigger enable f url" in refused.value.read()
    session.deploy(SOURCE, "f", triggers=["url"])  # as it was, enabled or not
    assert function.triggers[0].state == "Disabled"
    assert function.triggers.enable("url").state == "Enabled" and get(session, URL, attached.id) == "$default"
    function.triggers.add("url?auth=AWS_IAM&mode=RESPONSE_STREAM")
    assert str(function.triggers[0].trigger) == "url?auth=AWS_IAM&mode=RESPONSE_STREAM"
    session.deploy(SOURCE, "f", triggers=[])
    assert function.url is None and not function.triggers
    with pytest.raises(jlambda.ResourceNotFound):
        session.service.permissions.get("f")


def test_routes(session: jlambda.Session) -> None:
    """The first makes the API; each leads to its function, and is taken away with what only it needed."""
    function = session.deploy(SOURCE, "f", triggers=["GET /items/{id}", "ANY /all/{rest+}"])
    assert function.notes[0] == "HTTP API jlambda was made"
    assert [str(each.trigger) for each in function.triggers] == ["ANY /all/{rest+}", "GET /items/{id}"]
    api = function.triggers[0].id.partition("/")[0]
    assert get(session, API, api, "/items/5") == "GET /items/{id}"
    assert get(session, API, api, "/all/a/b") == "ANY /all/{rest+}"
    assert function.triggers.disable("GET /items/{id}").state == "Disabled"
    with pytest.raises(HTTPError, match="404"):
        get(session, API, api, "/items/5")
    assert get(session, API, api, "/all/a/b") == "ANY /all/{rest+}"
    assert function.triggers.enable("GET /items/{id}").state == "Enabled"
    assert get(session, API, api, "/items/5") == "GET /items/{id}"
    other = session.deploy(SOURCE, "g")
    with pytest.raises(InvalidParameter, match="leads elsewhere"):
        other.triggers.add("GET /items/{id}")
    other.triggers.add("GET /g?api=second")
    assert str(other.triggers[0].trigger) == "GET /g?api=second"
    session.deploy(SOURCE, "f", triggers=["ANY /all/{rest+}"])
    statements = json.loads(session.service.permissions.get("f").document())["Statement"]
    assert [each["Condition"]["ArnLike"]["AWS:SourceArn"].partition(api)[2] for each in statements] == ["/*/*/all/{rest+}"]
    session.delete("f")
    assert [each.reference for each in session.triggers.list()] == ["g"]


def test_nothing_is_started_to_see_that_there_is_nothing(session: jlambda.Session) -> None:
    """The embedded services stay asleep."""
    function = session.deploy(SOURCE, "f")
    assert not function.triggers and session.services.pid is None


def test_routes_are_known_before_the_services_run(tmp_path: Path) -> None:
    """After a session is opened again, as they were; they lead to their functions as before."""
    with jlambda.Session(state=tmp_path / "state") as session:
        session.deploy(SOURCE, "f", triggers=["GET /items/{id}"])
        session.save_snapshot("lesson")
        assert not session.services.is_running
        (attached,) = session.get("f").triggers
        assert (str(attached.trigger), attached.is_deployed) == ("GET /items/{id}", True)
        assert jlambda.http.get("/items/5").text == "GET /items/{id}"
        session.get("f").triggers.remove("GET /items/{id}")
    with jlambda.Session(state=tmp_path / "state") as session:
        assert not session.get("f").triggers
        session.load_snapshot("lesson")
        assert [str(each.trigger) for each in session.get("f").triggers] == ["GET /items/{id}"]
        session.reset(keep_functions=True)
        assert not session.get("f").triggers
