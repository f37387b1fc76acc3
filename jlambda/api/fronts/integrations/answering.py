"""Integrations of REST APIs other than Lambda proxies: a request is mapped, someone is asked, and the answer is mapped.

MOCK asks nobody, AWS a function or another service, HTTP and HTTP_PROXY an endpoint.
https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-integration-settings.html
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from jlambda.api.fronts.asked import Asked
from jlambda.api.fronts.functions import ApiFunctions
from jlambda.api.fronts.gateway_responses import LATE, MISSING, NO_JSON, OTHER_TYPE, OUT_OF_REACH, Answered, if_not_run
from jlambda.api.fronts.integrations import outgoing, services
from jlambda.api.fronts.integrations.parameters import Mapped, View, mapped_headers, mapped_request
from jlambda.model.http.api import with_variables
from jlambda.model.http.integration import Integration, NoTemplate
from jlambda.model.http.message import HttpResponse, MalformedResult, checked_fields, checked_status

if TYPE_CHECKING:
    from jlambda.api.address import Address

_JSON = "application/json"
#: the status that a mock's template asks for; what it says need not be JSON
_STATUS = re.compile(r"""["']?statusCode["']?\s*:\s*["']?(\d{3})\b""")
_PARAMETER = re.compile(r"\{([A-Za-z0-9._-]+)\+?\}")


class Came(NamedTuple):
    """One request that has come to its integration; `sources` are the ARNs of its method, for permissions."""

    integration: Integration
    asked: Asked
    view: View
    sources: Sequence[str]


class Integrations:
    """Carries out the integrations of one gateway, which is at `address`; `pool` is for templates."""

    def __init__(self, functions: ApiFunctions, pool: Executor, address: Callable[[], Address]) -> None:
        self._functions, self._pool, self._address = functions, pool, address

    async def answer(self, came: Came) -> HttpResponse | None:
        """The response; None for a kind of integration that is not executed. Raises `Answered`."""
        integration = came.integration
        if integration.kind in ("HTTP", "HTTP_PROXY") and not integration.uri.startswith(("http://", "https://")):
            return None  # a load balancer behind a VPC link
        if integration.kind == "HTTP_PROXY":
            return await self._pass_on(came)
        if integration.kind == "MOCK":
            body, _ = await self._request(came)
            found = _STATUS.search(body)
            if found is None:
                raise Answered(MISSING, f"a mock integration's template must make a statusCode; it made {body[:80]!r}")
            return await self._response(came, found[1], HttpResponse(int(found[1])))
        if integration.kind == "HTTP":
            body, mapped = await self._request(came)
            head = {"Content-Type": _JSON, "Accept": _JSON, **mapped.headers}
            answer = await self._ask(came, list(head.items()), mapped, body.encode())
            return await self._response(came, str(answer.status), answer)
        if integration.kind == "AWS" and ":lambda:path/" in integration.uri:
            return await self._run(came)
        if integration.kind == "AWS" and services.is_service(integration.uri):
            return await self._serve(came)
        return None

    async def _pass_on(self, came: Came) -> HttpResponse:
        """Ask an endpoint what was asked here; parameters are added."""
        mapped = mapped_request(came.integration.parameters, came.view)
        replaced = {name.lower() for name in mapped.headers}
        head = [each for each in came.asked.request.headers if each[0].lower() not in replaced]
        for name, value in came.view.query:
            mapped.query[name] = [*mapped.query.get(name, []), value]
        return await self._ask(came, [*head, *mapped.headers.items()], mapped, came.asked.request.body)

    async def _ask(self, came: Came, head: list[tuple[str, str]], mapped: Mapped, body: bytes) -> HttpResponse:
        method = came.integration.method if came.integration.method not in ("", "ANY") else came.asked.request.method
        query = [(name, value) for name, values in mapped.query.items() for value in values]
        return await self._send(came, method, _filled(came, mapped), query, head, body)

    async def _send(
        self,
        came: Came,
        method: str,
        url: str,
        query: list[tuple[str, str]],
        head: list[tuple[str, str]],
        body: bytes,
    ) -> HttpResponse:
        try:
            return await outgoing.ask(method, url, query, head, body, came.integration.timeout_s)
        except outgoing.Unreachable as error:
            raise Answered(OUT_OF_REACH, str(error)) from None
        except outgoing.TookTooLong:
            raise Answered(LATE) from None

    async def _run(self, came: Came) -> HttpResponse:
        """Run a function with what the template makes of the request."""
        integration, view = came.integration, came.view
        body, mapped = await self._request(came)
        try:
            json.loads(body or "{}")
        except (ValueError, RecursionError):
            raise Answered(NO_JSON) from None
        event = (body or "{}").encode("utf-8", "surrogatepass")
        kinds = [value for name, value in mapped.headers.items() if name.lower() == "x-amz-invocation-type"]
        has_role = integration.credentials is not None
        given = integration.uri, view.stage_variables, event, came.sources
        with if_not_run():
            if kinds == ["Event"]:
                await self._functions.accept(*given, came.asked.trace_id, has_role=has_role)
                return await self._response(came, "", HttpResponse(202))
            _, finished = await self._functions.run(*given, integration.timeout_s, came.asked.trace_id, has_role=has_role)
        came.asked.note(event, finished)
        said = ""
        if finished.record.error_type is not None:
            said = str(json.loads(finished.payload).get("errorMessage", ""))
        return await self._response(came, said, HttpResponse(200, (), finished.payload))

    async def _serve(self, came: Came) -> HttpResponse | None:
        """Ask another service of AWS, which is the session's own."""
        body, mapped = await self._request(came)
        head = {"Content-Type": _JSON, "Accept": _JSON, **mapped.headers}
        method = came.integration.method or "POST"
        query = [(name, value) for name, values in mapped.query.items() for value in values]
        uri = _filled(came, mapped)
        prepared = partial(services.asked, self._address(), uri, method, query, head, body.encode())
        asked = await asyncio.get_running_loop().run_in_executor(self._pool, prepared)  # which reads botocore's model
        if asked is None:
            return None
        answer = await self._send(came, asked.method, asked.url, [], list(asked.headers.items()), asked.body)
        answer = services.as_json(answer)
        return await self._response(came, str(answer.status), answer)

    async def _request(self, came: Came) -> tuple[str, Mapped]:
        """What is sent to whoever is asked: the body, and the parameters."""
        view, mapped = came.view, mapped_request(came.integration.parameters, came.view)
        try:
            template = came.integration.template_for(came.asked.request.header("content-type"))
        except NoTemplate:
            raise Answered(OTHER_TYPE) from None
        if template is None:
            return view.body, mapped
        text, over = await self._rendered(template, view, "requestOverride")
        mapped.headers |= {str(name): str(value) for name, value in over.get("header", {}).items()}
        mapped.path |= {str(name): str(value) for name, value in over.get("path", {}).items()}
        mapped.query |= {str(name): [str(value)] for name, value in over.get("querystring", {}).items()}
        return text, mapped

    async def _response(self, came: Came, text: str, answer: HttpResponse) -> HttpResponse:
        """The response that is configured for an error message or a status, made of what was answered."""
        how = came.integration.response_for(text)
        if how is None:
            raise Answered(
                MISSING, f"no integration response is for {text!r}, and none for all others: see put_integration_response"
            )
        accepted = (came.asked.request.header("accept") or _JSON).partition(",")[0].partition(";")[0].strip()
        kind, template = how.template_for(accepted)
        view = came.view._replace(headers=answer.headers, body=answer.body.decode("utf-8", "replace"))
        fields = dict(mapped_headers(how.parameters, view, to="method.response.header.", of="integration.response."))
        status: object = how.status
        body = answer.body
        if template is not None:
            made, over = await self._rendered(template, view._replace(headers=came.view.headers), "responseOverride")
            body, status = made.encode("utf-8", "replace"), over.get("status") or status
            fields |= {str(name): str(value) for name, value in over.get("header", {}).items()}
        if not any(name.lower() == "content-type" for name in fields):
            fields = {"Content-Type": kind, **fields}
        try:
            return HttpResponse(checked_status(status), checked_fields(list(fields.items())), body)
        except MalformedResult as error:
            raise Answered(MISSING, str(error)) from None

    async def _rendered(self, template: str, view: View, overrides: str) -> tuple[str, dict[str, Any]]:
        if "$" not in template and "#" not in template:
            return template, {}

        def render() -> tuple[str, dict[str, Any]]:
            # Velocity, which takes its time to load
            from jlambda.api.fronts.integrations.templates import BadTemplate
            from jlambda.api.fronts.integrations.variables import NoJson, rendered

            try:
                return rendered(template, view, overrides)
            except NoJson:
                raise Answered(NO_JSON) from None
            except BadTemplate as error:
                raise Answered(MISSING, f"a mapping template cannot be rendered: {error}") from None

        return await asyncio.get_running_loop().run_in_executor(self._pool, render)


def _filled(came: Came, mapped: Mapped) -> str:
    """The integration's URI with the stage's variables and the parameters of the path."""
    view = came.view
    uri = with_variables(came.integration.uri, view.stage_variables)
    # HTTP APIs need no parameters for those of their paths
    return _PARAMETER.sub(lambda found: quote(mapped.path.get(found[1], view.path.get(found[1], "")), safe="/"), uri)
