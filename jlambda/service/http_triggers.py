"""Triggers that are HTTP: ``url``, a function URL, and ``GET /items/{id}``, a route of an HTTP API.

The API is one of the session's API Gateway, made when the first route needs it; everything is asked of that and kept nowhere
else, so that what boto3 configured shows too.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jlambda.errors import InvalidParameter, LambdaError, ResourceConflict, ResourceNotFound
from jlambda.model.arn import Account, parse_reference
from jlambda.model.http.address import API, URL
from jlambda.model.http.api import function_of
from jlambda.model.trigger import Trigger, method_and_path, parse_trigger
from jlambda.service.permissions import Permissions
from jlambda.service.switches import Switches
from jlambda.service.triggers import Attached
from jlambda.service.url_gate import UrlGate
from jlambda.service.urls import FunctionUrls
from jlambda.store.database import Database
from jlambda.store.resources import Resources

#: the API of routes that name none
_API = "jlambda"

#: the address of a front, by kind and id
Address = Callable[[str, str], str]


class UrlTriggers:
    """Function URLs as triggers."""

    def __init__(self, urls: FunctionUrls, gate: UrlGate, switches: Switches, address: Address) -> None:
        self._urls, self._gate, self._switches, self._address = urls, gate, switches, address

    def attach(self, function: str, qualifier: str | None, trigger: Trigger) -> Sequence[str]:
        """Give the function a URL, or change the one that it has."""
        auth, mode = str(trigger.get("auth") or "NONE"), str(trigger.get("mode") or "BUFFERED")
        made = self._gate.open(function, qualifier, auth_type=auth, invoke_mode=mode)
        return [f"function URL {self._address(URL, made.id)}"]

    def detach(self, attached: Attached) -> None:
        """Take the URL away."""
        self._gate.close(attached.function, attached.qualifier)
        self._switches.enable(attached.id)

    def list(self) -> Sequence[Attached]:
        """All function URLs."""
        found = []
        for each in self._urls.all():
            options = [("auth", each.auth_type)] if each.auth_type != "NONE" else []
            options += [("mode", each.invoke_mode)] if each.invoke_mode != "BUFFERED" else []
            note = self._address(URL, each.id)
            trigger, state = Trigger("url", "", tuple(options)), self._switches.state(each.id)
            found.append(Attached(each.id, each.function, each.qualifier, trigger, state, note))
        return found

    def enable(self, attached: Attached) -> None:
        """Have the URL lead to its function again."""
        self._switches.enable(attached.id)

    def disable(self, attached: Attached) -> None:
        """Have the URL refuse all requests; AWS has no such switch, whose way is to take it away."""
        self._switches.disable(attached.id)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A route as it was last seen."""

    id: str
    qualifier: str | None
    text: str


class RouteTriggers:
    """Routes of HTTP APIs as triggers.

    `client` gives boto3's apigatewayv2, `is_running` says whether that can be asked without being started: else the routes are
    those that were last seen.
    """

    def __init__(
        self,
        client: Callable[[], Any],
        is_running: Callable[[], bool],
        permissions: Permissions,
        switches: Switches,
        account: Account,
        address: Address,
        database: Database,
    ) -> None:
        self._client, self._is_running, self._switches = client, is_running, switches
        self._kept = Resources(database, "route", _Kept)
        self._permissions, self._account, self._address = permissions, account, address

    def attach(self, function: str, qualifier: str | None, trigger: Trigger) -> Sequence[str]:
        """Make the route, and the API if there is none of this name."""
        client, arn = self._client(), self._account.function_arn(function, qualifier)
        name = str(trigger.get("api") or _API)
        api, notes = self._api(client, name)
        method, path = method_and_path(trigger)
        key = f"{method} {path}"
        integrations = client.get_integrations(ApiId=api)["Items"]
        target = next((each["IntegrationId"] for each in integrations if _is_ours(each, arn)), None)
        if target is None:
            made = client.create_integration(
                ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
            )
            target = made["IntegrationId"]
        there = next((each for each in client.get_routes(ApiId=api)["Items"] if each["RouteKey"] == key), None)
        if there is None:
            client.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{target}")
        elif there.get("Target") != f"integrations/{target}":
            raise InvalidParameter(f"route {key!r} of the API {name!r} leads elsewhere: remove that trigger first")
        self._permit(function, qualifier, api, method, path)
        self._look()
        return [*notes, f"{key} is at {self._address(API, api).rstrip('/')}{path}"]

    def _api(self, client: Any, name: str) -> tuple[str, builtins.list[str]]:
        found = [each for each in client.get_apis()["Items"] if each["Name"] == name and each["ProtocolType"] == "HTTP"]
        if found:
            return str(found[0]["ApiId"]), []
        api = client.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
        client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        return str(api), [f"HTTP API {name} was made"]

    def _permit(self, function: str, qualifier: str | None, api: str, method: str, path: str) -> None:
        request = {
            "StatementId": _statement_id(api, method, path),
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": f"arn:aws:execute-api:{self._account.region}:{self._account.id}:{api}/*/"
            f"{'*' if method == 'ANY' else method}{path}",
        }
        try:
            self._permissions.add(function, qualifier, request)
        except ResourceConflict:
            return  # it is there

    def detach(self, attached: Attached) -> None:
        """Delete the route, and what only it needed."""
        client = self._client()
        api, _, route_id = attached.id.partition("/")
        client.delete_route(ApiId=api, RouteId=route_id)
        self._kept.delete(attached.function, attached.id)
        self._switches.enable(attached.id)
        arn = self._account.function_arn(attached.function, attached.qualifier)
        targets = {each.get("Target") for each in client.get_routes(ApiId=api)["Items"]}
        for each in client.get_integrations(ApiId=api)["Items"]:
            if _is_ours(each, arn) and f"integrations/{each['IntegrationId']}" not in targets:
                client.delete_integration(ApiId=api, IntegrationId=each["IntegrationId"])
        statement = _statement_id(api, *method_and_path(attached.trigger))
        try:
            self._permissions.remove(attached.function, attached.qualifier, statement)
        except ResourceNotFound:
            return  # made elsewhere

    def list(self) -> Sequence[Attached]:
        """All routes of HTTP APIs that lead to functions."""
        if self._is_running():
            self._look()
        return [self._attached(function, each) for function, _, each in self._kept.items()]

    def forget(self) -> None:
        """There are no APIs any more."""
        for function, key, _ in builtins.list(self._kept.items()):
            self._kept.delete(function, key)

    def _attached(self, function: str, kept: _Kept) -> Attached:
        trigger, api = parse_trigger(kept.text), kept.id.partition("/")[0]
        note = f"{self._address(API, api).rstrip('/')}{method_and_path(trigger)[1]}"
        return Attached(kept.id, function, kept.qualifier, trigger, self._switches.state(kept.id), note)

    def _look(self) -> None:
        """Make what is kept what there is."""
        found = {(function, each.id): each for function, each in self._routes()}
        held = {(function, key): each for function, key, each in self._kept.items()}
        for function, key in held.keys() - found.keys():
            self._kept.delete(function, key)
        for (function, key), each in found.items():
            if held.get((function, key)) != each:
                self._kept.put(each, function, key)

    def _routes(self) -> Iterator[tuple[str, _Kept]]:
        client = self._client()
        for api in client.get_apis()["Items"]:
            if api["ProtocolType"] != "HTTP":
                continue
            identity = api["ApiId"]
            uris = {
                each["IntegrationId"]: each.get("IntegrationUri") for each in client.get_integrations(ApiId=identity)["Items"]
            }
            options = () if api["Name"] == _API else (("api", str(api["Name"])),)
            for route in client.get_routes(ApiId=identity)["Items"]:
                uri = uris.get((route.get("Target") or "").removeprefix("integrations/"))
                reference = function_of(uri, {}) if uri else None
                method, _, path = route["RouteKey"].partition(" ")
                if reference is None or not path:
                    continue
                try:
                    name, qualifier = parse_reference(reference, self._account)
                except LambdaError:
                    continue  # another account's, or one that only a stage's variables name
                trigger = Trigger("http", f"{method} {path}", options)
                yield name, _Kept(f"{identity}/{route['RouteId']}", qualifier, str(trigger))

    def enable(self, attached: Attached) -> None:
        """Have the route lead to its function again."""
        self._switches.enable(attached.id)

    def disable(self, attached: Attached) -> None:
        """Have requests go on as if the route were not there."""
        self._switches.disable(attached.id)


def _is_ours(integration: dict[str, Any], arn: str) -> bool:
    version = integration.get("PayloadFormatVersion")
    return integration.get("IntegrationUri") == arn and version == "2.0" and not integration.get("CredentialsArn")


def _statement_id(api: str, method: str, path: str) -> str:
    return f"http-{api}-{method}-{path.encode().hex()}"[:100]
