"""Messages of SNS, as a function gets them and as they arrive in a queue.

https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from jlambda.model.events.moments import iso_ms


@dataclass(frozen=True, slots=True)
class Message:
    """One message on its way to one subscription. `attributes` have members Type and Value, those of binary data base64."""

    text: str
    message_id: str
    topic_arn: str
    subscription_arn: str
    at: float
    subject: str | None = None
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def _service(self) -> str:
        return f"https://sns.{self.topic_arn.split(':')[3]}.amazonaws.com"

    @property
    def _signature(self) -> str:
        # nobody checks it against AWS's certificate here; it has the look of one
        return base64.b64encode(self.message_id.encode() * 3).decode()

    @property
    def _certificate(self) -> str:
        return f"{self._service}/SimpleNotificationService-0000000000000000000000.pem"

    @property
    def _unsubscribe(self) -> str:
        return f"{self._service}/?Action=Unsubscribe&SubscriptionArn={quote(self.subscription_arn, safe=':')}"

    def record(self) -> dict[str, Any]:
        """The one record of a function's event."""
        return {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": self.subscription_arn,
            "Sns": {
                "Type": "Notification",
                "MessageId": self.message_id,
                "TopicArn": self.topic_arn,
                "Subject": self.subject,
                "Message": self.text,
                "Timestamp": iso_ms(self.at),
                "SignatureVersion": "1",
                "Signature": self._signature,
                "SigningCertUrl": self._certificate,
                "UnsubscribeUrl": self._unsubscribe,
                "MessageAttributes": {name: dict(value) for name, value in self.attributes.items()},
            },
        }

    def event(self) -> dict[str, Any]:
        """The whole event: SNS sends one message at a time."""
        return {"Records": [self.record()]}

    def envelope(self) -> dict[str, Any]:
        """What a queue gets as JSON, unless the subscription asks for raw delivery."""
        made: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": self.message_id,
            "TopicArn": self.topic_arn,
        }
        if self.subject is not None:
            made["Subject"] = self.subject
        made |= {
            "Message": self.text,
            "Timestamp": iso_ms(self.at),
            "SignatureVersion": "1",
            "Signature": self._signature,
            "SigningCertURL": self._certificate,
            "UnsubscribeURL": self._unsubscribe,
        }
        if self.attributes:
            made["MessageAttributes"] = {name: dict(value) for name, value in self.attributes.items()}
        return made
