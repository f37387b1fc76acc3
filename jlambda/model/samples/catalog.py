"""Sample events by name: ``s3:put``, ``sqs:sns:s3`` (the outermost first). The same call always gives the same event."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from jlambda.errors import InvalidParameter
from jlambda.model.arn import Account
from jlambda.model.events.moments import seconds
from jlambda.model.samples import http, messages, services, streams
from jlambda.model.samples.setting import Setting
from jlambda.model.spelling import nearest

#: the moment of a sample for which none is given
_MOMENT = datetime(2026, 1, 15, 12, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Sample:
    """One kind of sample event."""

    name: str
    build: Callable[..., object]

    @property
    def summary(self) -> str:
        """What has happened, in a sentence."""
        return inspect.getdoc(self.build) or ""

    @property
    def parameters(self) -> dict[str, object]:
        """What can be given, with what it is otherwise."""
        found = inspect.signature(self.build).parameters.values()
        return {each.name: each.default for each in found if each.kind is each.KEYWORD_ONLY}


def _catalog(builders: Mapping[str, Callable[..., object]]) -> dict[str, Sample]:
    return {name: Sample(name, build) for name, build in builders.items()}


SAMPLES = _catalog(
    {
        "s3:put": messages.s3_put,
        "s3:post": messages.s3_post,
        "s3:copy": messages.s3_copy,
        "s3:multipart": messages.s3_multipart,
        "s3:delete": messages.s3_delete,
        "s3:delete-marker": messages.s3_delete_marker,
        "s3:batch": messages.s3_batch,
        "sqs:standard": messages.sqs_standard,
        "sqs:fifo": messages.sqs_fifo,
        "sqs:s3": messages.sqs_s3,
        "sqs:sns": messages.sqs_sns,
        "sqs:sns:s3": messages.sqs_sns_s3,
        "sqs:eventbridge": messages.sqs_eventbridge,
        "sns:message": messages.sns_message,
        "sns:s3": messages.sns_s3,
        "dynamodb:insert": streams.dynamodb_insert,
        "dynamodb:modify": streams.dynamodb_modify,
        "dynamodb:remove": streams.dynamodb_remove,
        "kinesis:record": streams.kinesis_record,
        "firehose:transform": streams.firehose_transform,
        "eventbridge:event": messages.eventbridge_event,
        "eventbridge:s3": messages.eventbridge_s3,
        "schedule:rule": messages.schedule_rule,
        "schedule:scheduler": messages.schedule_scheduler,
        "logs:subscription": streams.logs_subscription,
        "apigateway:rest": http.apigateway_rest,
        "apigateway:http": http.apigateway_http,
        "url:request": http.url_request,
        "alb:request": http.alb_request,
        "cognito:pre-signup": services.cognito_pre_signup,
        "cognito:post-confirmation": services.cognito_post_confirmation,
        "cognito:pre-authentication": services.cognito_pre_authentication,
        "cognito:pre-token": services.cognito_pre_token,
        "secretsmanager:rotate": services.secretsmanager_rotate,
        "stepfunctions:task": services.stepfunctions_task,
        "cloudformation:custom": services.cloudformation_custom,
    }
)


def sample_event(
    name: str, parameters: Mapping[str, object], account: Account, time: str | float | datetime | None = None
) -> object:
    """The sample of this name with these parameters.

    `time` is a datetime, its ISO form or seconds since the epoch. Raises `InvalidParameter` for a name or parameter that
    there is not.
    """
    sample = SAMPLES.get(name)
    if sample is None:
        within = [each for each in SAMPLES if each.startswith(f"{name}:")]
        hint = nearest(name, SAMPLES) or (f"; did you mean {' or '.join(within)}?" if within else "")
        raise InvalidParameter(f"there is no sample event {name!r}{hint} (%lambda events lists them)")
    known = sample.parameters
    for given in parameters:
        if given not in known:
            takes = ", ".join([*known, "time"])
            raise InvalidParameter(f"sample event {name} takes no {given!r}{nearest(given, known)} (it takes {takes})")
    at = _MOMENT if time is None else seconds(_moment(time))
    return sample.build(Setting(account, at, name), **parameters)


def _moment(time: str | float | datetime) -> datetime | float:
    if not isinstance(time, str):
        return time
    try:
        return datetime.fromisoformat(time)
    except ValueError:
        raise InvalidParameter(f"time {time!r}: use a datetime, 2026-01-15T12:00:00Z, or seconds since the epoch") from None
