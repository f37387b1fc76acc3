"""moto's topics: functions get message attributes too, and filter policies mean what patterns of events do."""

from __future__ import annotations

import base64
import time
from typing import Any

from jlambda.aws import moto_request
from jlambda.model.event_pattern import problem
from jlambda.model.events import sns
from jlambda.model.filters import subscribed


def change() -> None:
    import moto.sns.models as models

    publish = models.Subscription.publish

    def push(self: Any, message: str, message_id: str, **more: Any) -> None:
        if self.protocol != "lambda":
            publish(self, message, message_id, **more)
            return
        attributes = more.get("message_attributes")
        if self._filter_policy_matcher is not None and not self._filter_policy_matcher.matches(attributes, message):
            return
        if more.get("message_structure") == "json":
            message = self._parse_message_structure(message, self.protocol)
        made = sns.Message(
            text=message,
            message_id=message_id,
            topic_arn=self.topic.arn,
            subscription_arn=self.arn,
            at=time.time(),
            subject=more.get("subject"),
            attributes={
                name: {"Type": each["Type"], "Value": _text(each["Value"])} for name, each in (attributes or {}).items()
            },
        )
        moto_request.push(self.endpoint, "sns", made.event())

    models.Subscription.publish = push  # type: ignore[method-assign,assignment]
    _prepare_filter_policies()


def _prepare_filter_policies() -> None:
    """Filter policies mean what patterns of events do: moto knows some operators not at all, and takes $or for a name."""
    import moto.sns.models as models
    from moto.sns.exceptions import SNSInvalidParameter
    from moto.sns.utils import FilterPolicyMatcher

    validate = models.SNSBackend._validate_filter_policy

    def is_policy(self: Any, value: Any, scope: str | None) -> None:
        try:
            validate(self, value, scope)
        except SNSInvalidParameter as error:
            if "Unrecognized match type" not in str(error):
                raise
        if (found := problem(value)) is not None:
            raise SNSInvalidParameter(f"Invalid parameter: FilterPolicy: {found}")

    def is_wanted(self: Any, message_attributes: dict[str, Any] | None, message: str) -> bool:
        return subscribed(self.filter_policy, self.filter_policy_scope, message, message_attributes or {})

    models.SNSBackend._validate_filter_policy = is_policy  # type: ignore[method-assign]
    FilterPolicyMatcher.matches = is_wanted  # type: ignore[method-assign]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
