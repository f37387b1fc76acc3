"""The APIs that a session's API Gateway holds, read when they are first asked for and kept until one is changed."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from jlambda.model.exchange import Write
from jlambda.model.http.api import Api, http_api, rest_api

if TYPE_CHECKING:
    from jlambda.session import Session

#: how many resources of a REST API one answer lists at most
_RESOURCES = 500


class Configurations:
    """The APIs of one session. All of it but the reading happens in the server's loop."""

    def __init__(self, session: Session, pool: Executor) -> None:
        self._session, self._pool = session, pool
        self._found: dict[str, asyncio.Future[Api | None]] = {}
        self._clients: dict[str, Any] = {}
        #: grows with each change
        self.generation = 0
        self._is_observing = False

    async def find(self, identity: str) -> Api | None:
        """The API of this id, None if there is none."""
        if not self._is_observing:
            self._session.services.observe(self._saw)
            self._is_observing = True
        found = self._found.get(identity)
        if found is None:
            loop = asyncio.get_running_loop()
            found = self._found[identity] = asyncio.ensure_future(loop.run_in_executor(self._pool, self._read, identity))
        try:
            return await asyncio.shield(found)
        except Exception:
            self._found.pop(identity, None)
            raise

    def _saw(self, write: Write) -> None:
        if write.service == "apigateway":
            self.generation += 1
            self._found.clear()

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def _read(self, identity: str) -> Api | None:
        return self._read_http(identity) or self._read_rest(identity)

    def _read_http(self, identity: str) -> Api | None:
        client = self._client("apigatewayv2")
        try:
            api = client.get_api(ApiId=identity)
        except client.exceptions.NotFoundException:
            return None
        if api.get("ProtocolType") != "HTTP":
            return None
        routes = client.get_routes(ApiId=identity)["Items"]
        wanted = sorted({each["AuthorizerId"] for each in routes if each.get("AuthorizerId")})
        return http_api(
            api,
            routes,
            client.get_integrations(ApiId=identity)["Items"],
            client.get_stages(ApiId=identity)["Items"],
            [client.get_authorizer(ApiId=identity, AuthorizerId=each) for each in wanted],
        )

    def _read_rest(self, identity: str) -> Api | None:
        client = self._client("apigateway")
        try:
            api = client.get_rest_api(restApiId=identity)
        except client.exceptions.NotFoundException:
            return None
        resources = client.get_resources(restApiId=identity, embed=["methods"], limit=_RESOURCES)["items"]
        stages = client.get_stages(restApiId=identity)["item"]
        return rest_api(api, resources, stages, client.get_authorizers(restApiId=identity)["items"])
