"""A trigger as calls of boto3 that make it, to copy: what is made for `--trigger`, in a user's words. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jlambda.model.arn import Account
from jlambda.model.trigger import Trigger, bucket_and_keys, method_and_path, notified_of
from jlambda.service.mapping_triggers import MAPPED, members_of, start_of

#: what a mapping has unless it is asked for something else
_USUAL = {"BatchSize": (10, 100), "MaximumBatchingWindowInSeconds": (0,), "ParallelizationFactor": (1,), "Enabled": (True,)}
_USUAL_RETRIES = {"MaximumRetryAttempts": (-1,), "MaximumRecordAgeInSeconds": (-1,), "BisectBatchOnFunctionError": (False,)}


def trigger_calls(function: str, trigger: Trigger, account: Account) -> list[str]:
    """The lines of code that give `function` this trigger; `client` is boto3's for Lambda, what it is of is there."""
    arn = account.function_arn(function)
    make = {"s3": _bucket, "sns": _topic, "logs": _log_group, "events": _rule, "http": _route, "url": _url}
    if trigger.kind in MAPPED:
        return _mapping(function, trigger, account)
    return make.get(trigger.kind, _schedule)(function, arn, trigger)


def _call(name: str, members: Mapping[str, Any]) -> list[str]:
    return [f"{name}(", *(f"    {key}={_literal(value)}," for key, value in members.items()), ")"]


class _Code(str):
    """Code that stands as it is, where a literal would."""


def _literal(value: object) -> str:
    return str(value) if isinstance(value, _Code) else repr(value)


def _mapping(function: str, trigger: Trigger, account: Account) -> list[str]:
    where = f"{account.region}:{account.id}"
    source: object = f"arn:aws:sqs:{where}:{trigger.target}"
    lines: list[str] = []
    if trigger.kind == "kinesis":
        source = f"arn:aws:kinesis:{where}:stream/{trigger.target}"
    elif trigger.kind == "dynamodb":
        lines = [f'table = jlambda.client("dynamodb").describe_table(TableName={trigger.target!r})["Table"]']
        source = _Code('table["LatestStreamArn"]')
    usual = {**_USUAL, **_USUAL_RETRIES}
    members = {
        key: value
        for key, value in members_of(trigger, account).items()
        if value not in usual.get(key, ()) and value not in ([], {}, {"Filters": []}, {"OnFailure": {}})
    }
    start = {} if trigger.kind == "sqs" else start_of(trigger)
    made = {"FunctionName": function, "EventSourceArn": source, **start, **members}
    return [*lines, *_call("client.create_event_source_mapping", made)]


def _permission(function: str, principal: str, source_arn: str | None) -> list[str]:
    members = {"FunctionName": function, "StatementId": principal.partition(".")[0], "Action": "lambda:InvokeFunction"}
    return _call(
        "client.add_permission", {**members, "Principal": principal, **({"SourceArn": source_arn} if source_arn else {})}
    )


def _bucket(function: str, arn: str, trigger: Trigger) -> list[str]:
    bucket, (events, rules) = bucket_and_keys(trigger)[0], notified_of(trigger)
    one = {"LambdaFunctionArn": arn, "Events": events, **({"Filter": {"Key": {"FilterRules": rules}}} if rules else {})}
    put = 'jlambda.client("s3").put_bucket_notification_configuration'
    return [
        *_permission(function, "s3.amazonaws.com", f"arn:aws:s3:::{bucket}"),
        *_call(put, {"Bucket": bucket, "NotificationConfiguration": {"LambdaFunctionConfigurations": [one]}}),
    ]


def _topic(function: str, arn: str, trigger: Trigger) -> list[str]:
    _, _, _, region, account, *_ = arn.split(":")
    topic = f"arn:aws:sns:{region}:{account}:{trigger.target}"
    policy = {"FilterPolicy": str(trigger.get("filter"))} if trigger.get("filter") else {}
    scope = {"FilterPolicyScope": str(trigger.get("scope"))} if trigger.get("scope") else {}
    attributes = {"Attributes": {**policy, **scope}} if policy or scope else {}
    return [
        *_permission(function, "sns.amazonaws.com", topic),
        *_call('jlambda.client("sns").subscribe', {"TopicArn": topic, "Protocol": "lambda", "Endpoint": arn, **attributes}),
    ]


def _log_group(function: str, arn: str, trigger: Trigger) -> list[str]:
    members = {"logGroupName": trigger.target, "filterName": function, "filterPattern": str(trigger.get("filter") or "")}
    put = 'jlambda.client("logs").put_subscription_filter'
    return [*_permission(function, "logs.amazonaws.com", None), *_call(put, {**members, "destinationArn": arn})]


def _rule(function: str, arn: str, trigger: Trigger) -> list[str]:
    bus = {"EventBusName": str(trigger.get("bus"))} if trigger.get("bus") else {}
    return _rule_with_target(function, arn, trigger, {"EventPattern": trigger.target, **bus}, bus)


def _schedule(function: str, arn: str, trigger: Trigger) -> list[str]:
    if trigger.kind != "at" and not trigger.get("timezone") and not trigger.get("flexible"):
        return _rule_with_target(function, arn, trigger, {"ScheduleExpression": trigger.key}, {})
    window = trigger.get("flexible")
    target = {"Arn": arn, "RoleArn": f"arn:aws:iam::{arn.split(':')[4]}:role/scheduler", **_input(trigger)}
    members = {
        "Name": function,
        "ScheduleExpression": trigger.key,
        "ScheduleExpressionTimezone": str(trigger.get("timezone") or "UTC"),
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window} if window else {"Mode": "OFF"},
        "Target": target,
    }
    return _call('jlambda.client("scheduler").create_schedule', members)


def _rule_with_target(function: str, arn: str, trigger: Trigger, what: Mapping[str, str], bus: Mapping[str, str]) -> list[str]:
    targets = [{"Id": "function", "Arn": arn, **_input(trigger)}]
    return [
        *_permission(function, "events.amazonaws.com", None),
        *_call('jlambda.client("events").put_rule', {"Name": function, **what}),
        *_call('jlambda.client("events").put_targets', {"Rule": function, **bus, "Targets": targets}),
    ]


def _input(trigger: Trigger) -> dict[str, str]:
    given = trigger.get("input")
    return {} if given is None else {"Input": json.dumps(json.loads(str(given)))}


def _route(function: str, arn: str, trigger: Trigger) -> list[str]:
    method, path = method_and_path(trigger)
    name = str(trigger.get("api") or "jlambda")
    return [
        *_permission(function, "apigateway.amazonaws.com", None),
        'gateway = jlambda.client("apigatewayv2")',
        *_call("api = gateway.create_api", {"Name": name, "ProtocolType": "HTTP"}),
        'gateway.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)',
        *_call(
            "integration = gateway.create_integration",
            {
                "ApiId": _Code('api["ApiId"]'),
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": arn,
                "PayloadFormatVersion": "2.0",
            },
        ),
        *_call(
            "gateway.create_route",
            {
                "ApiId": _Code('api["ApiId"]'),
                "RouteKey": f"{method} {path}",
                "Target": _Code("f\"integrations/{integration['IntegrationId']}\""),
            },
        ),
    ]


def _url(function: str, _: str, trigger: Trigger) -> list[str]:
    auth, mode = str(trigger.get("auth") or "NONE"), trigger.get("mode")
    members = {"FunctionName": function, "AuthType": auth, **({"InvokeMode": mode} if mode else {})}
    public: list[dict[str, object]] = [
        {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
        {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
    ]
    permissions = [
        line
        for number, each in enumerate(public if auth == "NONE" else ())
        for line in _call(
            "client.add_permission", {"FunctionName": function, "StatementId": f"url-{number}", "Principal": "*", **each}
        )
    ]
    return [*_call("client.create_function_url_config", members), *permissions]
