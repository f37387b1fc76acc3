"""Where triggers that services push live: notifications of buckets, subscriptions to topics, filters of log groups.

Plain API calls, and triggers to and from them. Knows no store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from jlambda.errors import ResourceConflict, ResourceNotFound
from jlambda.model.trigger import Trigger, bucket_and_keys, notified_of
from jlambda.service.bucket_front import S3
from jlambda.service.log_subscriptions import LogSubscriptions
from jlambda.service.permissions import Permissions
from jlambda.service.triggers import Attached

#: a boto3 client of a service
Clients = Callable[[str], Any]


class Buckets:
    """Notifications of buckets."""

    kind = "s3"

    def __init__(self, client: Clients, permissions: Permissions) -> None:
        self._client, self._permissions = client, permissions

    def put(self, arn: str, trigger: Trigger) -> list[str]:
        """Add a notification, making the bucket if it is not there; the function's policy lets S3 invoke it from then on."""
        bucket = bucket_and_keys(trigger)[0]
        s3 = self._client("s3")
        made = []
        if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
            make_bucket(s3, bucket)
            made.append(f"bucket {bucket}")
        name = _id(arn, trigger)
        events, rules = notified_of(trigger)
        added: dict[str, Any] = {"Id": name, "LambdaFunctionArn": arn, "Events": events}
        if rules:
            added["Filter"] = {"Key": {"FilterRules": rules}}
        statement = {"StatementId": name, "Action": "lambda:InvokeFunction", "Principal": S3}
        with suppress(ResourceConflict):  # it is there
            self._permissions.add(arn, None, {**statement, "SourceArn": f"arn:aws:s3:::{bucket}"})
        self._change(s3, bucket, name, [added])
        return made

    def take_away(self, attached: Attached, arn: str) -> None:
        """Remove a notification; the bucket's others stay."""
        name = attached.id.partition(":")[2]
        self._change(self._client("s3"), bucket_and_keys(attached.trigger)[0], name, [])
        with suppress(ResourceNotFound):  # made elsewhere, or gone with the function
            self._permissions.remove(arn, None, name)

    def all(self) -> Iterator[tuple[str, str, str]]:
        """All notifications of all buckets."""
        s3 = self._client("s3")
        for each in s3.list_buckets()["Buckets"]:
            found = s3.get_bucket_notification_configuration(Bucket=each["Name"])
            for one in found.get("LambdaFunctionConfigurations", ()):
                rules = {
                    rule["Name"].lower(): rule["Value"] for rule in one.get("Filter", {}).get("Key", {}).get("FilterRules", ())
                }
                ends = [_escaped(rules.get(end, "")) for end in ("prefix", "suffix")]
                events = ",".join(event.removeprefix("s3:") for event in one["Events"])
                options = "" if events == "ObjectCreated:*" else f"?events={events}"
                yield (
                    f"{each['Name']}:{one['Id']}",
                    one["LambdaFunctionArn"],
                    f"s3://{each['Name']}/{ends[0]}*{ends[1]}{options}",
                )

    @staticmethod
    def _change(s3: Any, bucket: str, name: str, added: list[dict[str, Any]]) -> None:
        before = s3.get_bucket_notification_configuration(Bucket=bucket)
        before.pop("ResponseMetadata", None)
        kept = [each for each in before.get("LambdaFunctionConfigurations", ()) if each["Id"] != name]
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={**before, "LambdaFunctionConfigurations": [*kept, *added]},
            SkipDestinationValidation=True,  # those that stay may be of functions that are gone
        )


def make_bucket(s3: Any, name: str) -> None:
    """Make a bucket in the region of a client."""
    region = s3.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)


class Topics:
    """Subscriptions of functions to topics."""

    kind = "sns"

    def __init__(self, client: Clients) -> None:
        self._client = client

    def put(self, arn: str, trigger: Trigger) -> list[str]:
        """Subscribe, making the topic if it is not there."""
        sns = self._client("sns")
        there = {
            each["TopicArn"].rpartition(":")[2]
            for page in sns.get_paginator("list_topics").paginate()
            for each in page["Topics"]
        }
        topic = sns.create_topic(Name=trigger.target, **_fifo(trigger))["TopicArn"]
        subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn, ReturnSubscriptionArn=True)[
            "SubscriptionArn"
        ]
        policy, scope = trigger.get("filter"), str(trigger.get("scope") or "MessageAttributes")
        for name, value in (("FilterPolicyScope", scope), ("FilterPolicy", _json(policy))):
            sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName=name, AttributeValue=value)
        return [] if trigger.target in there else [f"topic {trigger.target}"]

    def take_away(self, attached: Attached, arn: str) -> None:
        """Unsubscribe."""
        sns = self._client("sns")
        topic = sns.create_topic(Name=attached.trigger.target, **_fifo(attached.trigger))["TopicArn"]
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
            for each in page["Subscriptions"]:
                if each["Endpoint"] == arn:
                    sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    def all(self) -> Iterator[tuple[str, str, str]]:
        """All subscriptions of functions."""
        sns = self._client("sns")
        for page in sns.get_paginator("list_subscriptions").paginate():
            for each in page["Subscriptions"]:
                if each["Protocol"] == "lambda":
                    attributes = sns.get_subscription_attributes(SubscriptionArn=each["SubscriptionArn"])["Attributes"]
                    policy, scope = attributes.get("FilterPolicy", ""), attributes.get("FilterPolicyScope")
                    options = [f"filter={policy}"] if policy not in ("", "{}") else []
                    options += [f"scope={scope}"] if options and scope == "MessageBody" else []
                    text = f"sns:{each['TopicArn'].rpartition(':')[2]}"
                    yield text, each["Endpoint"], f"{text}?{'&'.join(options)}" if options else text


def _fifo(trigger: Trigger) -> dict[str, Any]:
    return {"Attributes": {"FifoTopic": "true"}} if trigger.target.endswith(".fifo") else {}


class LogGroups:
    """Subscription filters of log groups."""

    kind = "logs"

    def __init__(self, client: Clients, subscriptions: LogSubscriptions) -> None:
        self._client, self._subscriptions = client, subscriptions

    def put(self, arn: str, trigger: Trigger) -> list[str]:
        """Add a filter, making the log group if it is not there."""
        logs = self._client("logs")
        made = []
        try:
            logs.create_log_group(logGroupName=trigger.target)
            made.append(f"log group {trigger.target}")
        except logs.exceptions.ResourceAlreadyExistsException:
            pass
        pattern = str(trigger.get("filter") or "")
        logs.put_subscription_filter(
            logGroupName=trigger.target, filterName=_id(arn, trigger), filterPattern=pattern, destinationArn=arn
        )
        return made

    def take_away(self, attached: Attached, arn: str) -> None:
        """Remove a filter."""
        del arn
        group, _, name = attached.id.rpartition(":")
        self._client("logs").delete_subscription_filter(logGroupName=group, filterName=name)

    def all(self) -> Iterator[tuple[str, str, str]]:
        """All filters of all log groups whose destination is a function: they are the session's own, so nobody is asked."""
        for each in self._subscriptions.all():
            options = f"?filter={_escaped(each.pattern).replace('&', '%26')}" if each.pattern else ""
            yield f"{each.group}:{each.name}", each.destination_arn, f"logs:{each.group}{options}"


def _id(arn: str, trigger: Trigger) -> str:
    """A name that tells one trigger from all others."""
    return f"jlambda-{hashlib.sha256(f'{arn} {trigger.key}'.encode()).hexdigest()[:20]}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("?", "%3F")


def _json(policy: object) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy or {})
