"""Another AWS endpoint in the place of the embedded services: an emulator of the user's, or AWS itself.

Requests are signed anew with the user's own credentials, which only this process sees, and sent by botocore. Blocking calls
run in threads, since a wait for messages is the endpoint's here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jlambda.aws.operations import MODELS
from jlambda.errors import InvalidParameter, LambdaError
from jlambda.model.exchange import Reply, ServiceRequest

#: what stands for AWS itself
AWS = "aws"
#: waits for messages take one each
_THREADS = 64
_PIECE = 1 << 18
#: headers that are of the request as it came, not of the one that is sent
_LEFT_OUT = frozenset(
    {
        *("authorization", "host", "x-amz-security-token", "x-amz-date", "content-length", "connection", "expect"),
        *("accept-encoding", "x-amz-content-sha256", "transfer-encoding"),
    }
)
#: services that have one place for all regions of the partition
_GLOBAL = frozenset({"iam", "route53", "cloudfront", "organizations"})
_SIGNING = frozenset({"AWSAccessKeyId", "Signature", "Expires", "x-amz-security-token"})


class EndpointFault(LambdaError):
    """The other endpoint could not be asked."""

    code, status = "ServiceUnavailable", 503


class Foreign:
    """Answers requests by asking another endpoint: a URL, or ``"aws"``.

    Raises `InvalidParameter` where there are no credentials for AWS.
    """

    def __init__(self, endpoint: str) -> None:
        import botocore.session
        from botocore.credentials import Credentials

        if endpoint != AWS and not endpoint.startswith(("http://", "https://")):
            raise InvalidParameter(f"AWS endpoint {endpoint!r}: use a URL (http://127.0.0.1:4566), or aws for AWS itself")
        self._endpoint = endpoint.rstrip("/")
        session = botocore.session.get_session()
        found = session.get_credentials()
        if found is None and endpoint == AWS:
            raise InvalidParameter(
                "there are no AWS credentials to sign requests with: run `aws configure`, or set AWS_PROFILE"
            )
        self._credentials: Any = found or Credentials("test", "test")
        self._session: Any = session
        self._lock = threading.Lock()
        self._urls: dict[tuple[str, str], str] = {}
        self._pool = ThreadPoolExecutor(_THREADS, "jlambda-aws")
        self._local = threading.local()

    async def ask(self, request: ServiceRequest) -> Reply:
        """The reply of the other endpoint. Raises `EndpointFault`."""
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._pool, self._send, request)
        pieces: Iterator[bytes] = response.raw.stream(_PIECE, decode_content=False)
        first = await loop.run_in_executor(self._pool, next, pieces, b"")
        headers = [(name.lower(), value) for name, value in response.headers.items()]
        length = response.headers.get("content-length")
        is_whole = request.method == "HEAD" or (length is not None and int(length) <= len(first))
        rest = None if is_whole else _Rest(pieces, response, self._pool)
        return Reply(response.status_code, headers, int(length) if length else None, first, rest)

    def _send(self, request: ServiceRequest) -> Any:
        from botocore.auth import S3SigV4Auth, SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError
        from botocore.httpsession import URLLib3Session

        pairs = [pair for pair in request.query.split("&") if pair]
        kept = [pair for pair in pairs if not pair.startswith("X-Amz-") and pair.partition("=")[0] not in _SIGNING]
        query = f"?{'&'.join(kept)}" if kept else ""
        headers = {name: value for name, value in request.headers if name not in _LEFT_OUT}
        base, region = self._place(request)
        request.body.seek(0)
        # what is long is not read into memory, and so not signed: AWS takes that over HTTPS
        body: Any = request.body if request.length > _PIECE and request.service == "s3" else request.body.read()
        made = AWSRequest(request.method, f"{base}{request.path}{query}", headers=headers, data=body or b"")
        made.context["client_config"] = None
        signer = S3SigV4Auth if request.service == "s3" else SigV4Auth
        if request.length:
            made.headers["Content-Length"] = str(request.length)
        try:
            signer(self._credentials.get_frozen_credentials(), request.service, region).add_auth(made)
            if not hasattr(self._local, "session"):
                self._local.session = URLLib3Session(timeout=(10, 910))
            prepared = made.prepare()
            prepared.stream_output = True
            return self._local.session.send(prepared)
        except BotoCoreError as error:
            raise EndpointFault(f"{self._endpoint} could not be asked ({error}): see whether it is up") from None

    def _place(self, request: ServiceRequest) -> tuple[str, str]:
        """Where a request is to go, and for which region it is to be signed."""
        if self._endpoint != AWS:
            return self._endpoint, request.region
        is_stream = request.header("x-amz-target").startswith("DynamoDBStreams")
        model = "dynamodbstreams" if is_stream else MODELS.get(request.service, (request.service,))[0]
        region = "us-east-1" if request.service in _GLOBAL else request.region
        with self._lock:
            if (model, region) not in self._urls:
                client = self._session.create_client(model, region_name=region)
                self._urls[model, region] = str(client.meta.endpoint_url)
                client.close()
            return self._urls[model, region], region

    def close(self) -> None:
        """Let go of connections and threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Rest:
    """The rest of a body, read in threads."""

    def __init__(self, pieces: Iterator[bytes], response: Any, pool: ThreadPoolExecutor) -> None:
        self._pieces, self._response, self._pool = pieces, response, pool

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await asyncio.get_running_loop().run_in_executor(self._pool, next, self._pieces, None)
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Let go of the connection."""
        self._response.raw.release_conn()
