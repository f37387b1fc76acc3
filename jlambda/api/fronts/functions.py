"""Functions as an API of API Gateway runs them: found by URI, asked for permission, run within the time that there is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jlambda.api.calls import Calls
from jlambda.errors import LambdaError, Throttled
from jlambda.model.arn import parse_reference
from jlambda.model.http.api import function_of, with_variables
from jlambda.model.invocation import Request
from jlambda.model.limits import PAYLOAD_BYTES
from jlambda.service.invoke import Finished, new_request_id

if TYPE_CHECKING:
    from jlambda.service.version import DeployedVersion

_PRINCIPAL = "apigateway.amazonaws.com"


class NotRun(Exception):
    """The function was not run; the message says why: it is not there, there is no permission, the event is too long."""


class TooBusy(Exception):
    """Lambda had no concurrency for it."""


class TookTooLong(Exception):
    """The function has not answered in time; it goes on."""


class Invoked(NamedTuple):
    """A function that has been run."""

    request_id: str
    finished: Finished


class ApiFunctions:
    """Runs functions for API Gateway."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def run(
        self,
        uri: str,
        variables: Mapping[str, str],
        event: bytes,
        sources: Sequence[str],
        timeout_s: float,
        trace_id: str,
        *,
        has_role: bool,
    ) -> Invoked:
        """Run the function that `uri` names. One of the `sources` (ARNs of the route) must have leave, unless there is a role.

        Raises `NotRun`, `TooBusy` and `TookTooLong`.
        """
        version, request = self._found(uri, variables, event, sources, trace_id, has_role=has_role)
        try:
            finished = await asyncio.wait_for(self._calls.run(version, request), timeout_s)
        except TimeoutError:
            raise TookTooLong from None
        except Throttled:
            raise TooBusy from None
        except LambdaError as error:
            raise NotRun(error.aws_message) from None
        return Invoked(request.request_id, finished)

    async def accept(
        self, uri: str, variables: Mapping[str, str], event: bytes, sources: Sequence[str], trace_id: str, *, has_role: bool
    ) -> None:
        """Have the function run some time: it is on the disk when this returns. Raises `NotRun`."""
        version, request = self._found(uri, variables, event, sources, trace_id, has_role=has_role)
        try:
            await self._calls.accept(version, request)
        except LambdaError as error:
            raise NotRun(error.aws_message) from None

    def _found(
        self, uri: str, variables: Mapping[str, str], event: bytes, sources: Sequence[str], trace_id: str, *, has_role: bool
    ) -> tuple[DeployedVersion, Request]:
        """What is to run, and the request for it. Raises `NotRun`."""
        reference = function_of(uri, variables)
        session = self._calls.session
        if reference is None:
            raise NotRun(f"{with_variables(uri, variables)} is no function")
        if len(event) > PAYLOAD_BYTES:
            raise NotRun(f"the event has {len(event)} bytes; {PAYLOAD_BYTES} is the most")
        try:
            name, _ = parse_reference(reference, session.account)
            version, qualifier = session.control.resolve(reference)
        except LambdaError as error:
            raise NotRun(error.aws_message) from None
        may = session.service.permissions.lets_service
        if not has_role and not any(may(_PRINCIPAL, name, qualifier, each) for each in sources):
            raise NotRun(f"the policy of {reference} does not let {_PRINCIPAL} invoke it for {sources[0]}: see add_permission")
        return version, Request(new_request_id(), event, "http", qualifier=qualifier, trace_id=trace_id)
