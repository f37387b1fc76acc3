"""What is checked before a bucket takes notifications: their functions have to be there, and to let S3 invoke them.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html. Works in the gateway's event
loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from jlambda.errors import InvalidArgument, LambdaError
from jlambda.model.exchange import Reply, ServiceRequest
from jlambda.service.permissions import Permissions
from jlambda.service.targets import Targets

if TYPE_CHECKING:
    from jlambda.service.event_front import Answers

S3 = "s3.amazonaws.com"

Ask = Callable[[ServiceRequest], Awaitable[Reply]]


class BucketFront:
    """Stands before the embedded S3."""

    def __init__(self, services: Answers, targets: Targets, permissions: Permissions) -> None:
        self._targets, self._permissions = targets, permissions
        services.answer("s3", "PutBucketNotificationConfiguration", self._put_notification)

    async def _put_notification(self, request: ServiceRequest, parameters: Mapping[str, Any], ask: Ask) -> Reply:
        if request.header("x-amz-skip-destination-validation").lower() != "true":
            bucket_arn = f"arn:aws:s3:::{parameters['Bucket']}"
            wrong = [why for arn in _functions(request.whole_body()) if (why := self._problem(arn, bucket_arn))]
            if wrong:
                raise InvalidArgument(f"Unable to validate the following destination configurations: {'; '.join(wrong)}")
        return await ask(request)

    def _problem(self, arn: str, bucket_arn: str) -> str | None:
        try:
            name, qualifier = self._targets.parse(arn)
            self._targets.check(name, qualifier)
        except LambdaError:
            return f"{arn} does not exist"
        if self._permissions.lets_service(S3, name, qualifier, bucket_arn):
            return None
        return f"the policy of {arn} does not let {S3} invoke it for {bucket_arn}: see add_permission"


def _functions(configuration: bytes) -> Iterator[str]:
    """The ARNs of the functions that a notification configuration names; none of one that S3 will not understand."""
    try:
        for element in ElementTree.fromstring(configuration or b"<none/>").iter():
            if element.tag.rpartition("}")[2] in ("CloudFunction", "LambdaFunctionArn") and element.text:
                yield element.text.strip()
    except ElementTree.ParseError:
        return
