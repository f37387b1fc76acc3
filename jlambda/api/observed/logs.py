"""CloudWatch Logs, of the log groups that functions write to.

Reading them is answered here. What is set on them (retention, tags, metric and subscription filters) the service behind
keeps, in a group of the same name that it is given then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jlambda.api.observed.here import PASSED_ON, Here, Members, page
from jlambda.api.observed.wire import whole
from jlambda.errors import InvalidParameter, LambdaError, ResourceNotFound
from jlambda.service.function_logs import Stream
from jlambda.service.running_logs import Event
from jlambda.telemetry.log_pattern import compiled

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html and its neighbours
_GROUPS, _EVENTS = 50, 10_000
#: what one answer holds of events, in bytes
_ANSWER_BYTES = 1 << 20
_NO_GROUP = "The specified log group does not exist."
_NO_STREAM = "The specified log stream does not exist."
_FIRST_ID, _LAST_ID = "0" * 56, int("9" * 56)


class AlreadyThere(LambdaError):
    """A group of this name is there."""

    code, status = "ResourceAlreadyExistsException", 400


def _group(given: Members) -> str:
    """The name of the group that a request is of; an ARN may stand for it."""
    found = next((given[name] for name in ("logGroupName", "logGroupIdentifier", "resourceArn") if given.get(name)), None)
    if not isinstance(found, str):
        raise InvalidParameter("a log group must be named: logGroupName or logGroupIdentifier")
    return found.partition(":log-group:")[2].removesuffix(":*") if found.startswith("arn:") else found


def _described(here: Here, name: str, began_ms: int) -> dict[str, Any]:
    arn = here.session.account.arn("").split(":")[1]
    arn = f"arn:{arn}:logs:{here.session.account.region}:{here.session.account.id}:log-group:{name}"
    return {
        "logGroupName": name,
        "creationTime": began_ms,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "logGroupArn": arn,
    }


def describe_groups(here: Here, given: Members) -> Members:
    """DescribeLogGroups: those of functions and all others."""
    passed = {name: given[name] for name in ("logGroupNamePrefix", "logGroupNamePattern", "logGroupClass") if given.get(name)}
    found = {each["logGroupName"]: each for each in here.all_behind("DescribeLogGroups", passed, "logGroups")}
    prefix, pattern = str(given.get("logGroupNamePrefix") or ""), str(given.get("logGroupNamePattern") or "")
    wanted = [_group({"logGroupIdentifier": each}) for each in given.get("logGroupIdentifiers") or ()]
    if given.get("logGroupClass", "STANDARD") == "STANDARD":
        for name, began_ms in here.session.service.logs.groups().items():
            if name.startswith(prefix) and pattern.lower() in name.lower():
                found[name] = {**_described(here, name, began_ms), **found.get(name, {})}
    shown = [each for name, each in sorted(found.items()) if not wanted or name in wanted]
    part = page(shown, lambda each: str(each["logGroupName"]), given.get("nextToken"), _limit(given, _GROUPS))
    return _with_token({"logGroups": part.items}, part.token)


def list_groups(here: Here, given: Members) -> Members:
    """ListLogGroups: the same in short; its pattern is a regular expression."""
    pattern = str(given.get("logGroupNamePattern") or "")
    try:
        search = re.compile(pattern).search
    except re.error:
        raise InvalidParameter(f"logGroupNamePattern {pattern!r} is no regular expression") from None
    every = describe_groups(here, {"limit": 1 << 30})["logGroups"]
    shown = [each for each in every if search(each["logGroupName"])]
    part = page(shown, lambda each: str(each["logGroupName"]), given.get("nextToken"), _limit(given, _GROUPS))
    members = ("logGroupName", "logGroupArn", "logGroupClass")
    return _with_token(
        {"logGroups": [{name: each[name] for name in members if name in each} for each in part.items]}, part.token
    )


def describe_streams(here: Here, given: Members) -> Members:
    """DescribeLogStreams."""
    group = _group(given)
    if not here.session.service.logs.has(group):
        return PASSED_ON
    prefix, by_time = given.get("logStreamNamePrefix") or "", given.get("orderBy") == "LastEventTime"
    if prefix and by_time:
        raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    found = [each for each in here.session.service.logs.streams(group) if each.name.startswith(prefix)]

    def order(stream: Stream) -> str:
        return f"{stream.ended_ms:016d}{stream.name}" if by_time else stream.name

    found.sort(key=order, reverse=bool(given.get("descending")))
    keys = {each.name: f"{number:08d}" for number, each in enumerate(found)}
    part = page(found, lambda each: keys[each.name], given.get("nextToken"), _limit(given, _GROUPS))
    arn = _described(here, group, 0)["logGroupArn"]
    members = [
        {
            "logStreamName": each.name,
            "creationTime": each.began_ms,
            "firstEventTimestamp": each.began_ms,
            "lastEventTimestamp": each.ended_ms,
            "lastIngestionTime": each.ended_ms,
            "uploadSequenceToken": _FIRST_ID,
            "arn": f"{arn}:log-stream:{each.name}",
            "storedBytes": 0,
        }
        for each in part.items
    ]
    return _with_token({"logStreams": members}, part.token)


def get_events(here: Here, given: Members) -> Members:
    """GetLogEvents: of one stream, forwards and backwards."""
    group, stream = _group(given), given.get("logStreamName")
    logs = here.session.service.logs
    if not logs.has(group):
        return PASSED_ON
    if stream not in [each.name for each in logs.streams(group)]:
        raise ResourceNotFound(_NO_STREAM)
    events = logs.events(group, _time(given, "startTime"), _time(given, "endTime"), str(stream))
    way, _, place = str(given.get("nextToken") or "").partition("/")
    if way == "f":
        shown = _fitting([each for each in events if each.id > place], given)
    elif way == "b":
        shown = _fitting([each for each in reversed(events) if each.id < place], given)[::-1]
    elif way:
        raise InvalidParameter("The specified nextToken is invalid.")
    elif given.get("startFromHead"):
        shown = _fitting(events, given)
    else:
        shown = _fitting(events[::-1], given)[::-1]
    first, last = (shown[0].id, shown[-1].id) if shown else (place or _FIRST_ID,) * 2
    members = [{"timestamp": each.timestamp_ms, "message": each.message, "ingestionTime": each.ingested_ms} for each in shown]
    return {"events": members, "nextForwardToken": f"f/{last}", "nextBackwardToken": f"b/{first}"}


def filter_events(here: Here, given: Members) -> Members:
    """FilterLogEvents: of all streams of a group or some, those that match a pattern."""
    group, logs = _group(given), here.session.service.logs
    if not logs.has(group):
        return PASSED_ON
    matches = compiled(str(given.get("filterPattern") or ""))
    names, prefix = given.get("logStreamNames"), str(given.get("logStreamNamePrefix") or "")
    if names and prefix:
        raise InvalidParameter("logStreamNames and logStreamNamePrefix cannot both be given.")
    if names and not {each.name for each in logs.streams(group)} >= set(names):
        raise ResourceNotFound(_NO_STREAM)
    end_ms = _time(given, "endTime")
    events = [
        each
        for each in logs.events(group, _time(given, "startTime"), None if end_ms is None else end_ms + 1)
        if (not names or each.stream in names) and each.stream.startswith(prefix) and matches(each.message.rstrip("\n"))
    ]
    is_backwards = given.get("startFromHead") is False
    if is_backwards:
        events.reverse()

    def key(event: Event) -> str:
        return f"{_LAST_ID - int(event.id):056d}" if is_backwards else event.id

    part = page(events, key, given.get("nextToken"), lambda left: _fitting(left, given))
    members = [
        {
            "logStreamName": each.stream,
            "timestamp": each.timestamp_ms,
            "message": each.message,
            "ingestionTime": each.ingested_ms,
            "eventId": each.id,
        }
        for each in part.items
    ]
    return _with_token({"events": members, "searchedLogStreams": []}, part.token)


def create_group(here: Here, given: Members) -> Members:
    """CreateLogGroup: not what is there."""
    if here.session.service.logs.has(_group(given)):
        raise AlreadyThere("The specified log group already exists")
    return PASSED_ON


def put_subscription(here: Here, given: Members) -> Members:
    """PutSubscriptionFilter: those for functions are kept here, by the service behind only where the group is its own."""
    group, arn = _group(given), str(given.get("destinationArn"))
    if ":lambda:" not in arn:
        return set_on_group(here, given)
    wanted = (group, str(given.get("filterName")), str(given.get("filterPattern") or ""), arn)
    here.session.log_subscriptions.check(*wanted)
    if not here.session.service.logs.has(group):
        here.behind("PutSubscriptionFilter", given)
    here.session.log_subscriptions.put(*wanted)
    return _NOTHING


def describe_subscriptions(here: Here, given: Members) -> Members:
    """DescribeSubscriptionFilters."""
    group, prefix = _group(given), str(given.get("filterNamePrefix") or "")
    ours = here.session.log_subscriptions.of(group)
    found: dict[str, dict[str, Any]] = {}
    try:
        passed = {"logGroupName": group, **({"filterNamePrefix": prefix} if prefix else {})}
        behind = here.all_behind("DescribeSubscriptionFilters", passed, "subscriptionFilters")
        found = {each["filterName"]: each for each in behind}
    except LambdaError as fault:
        if fault.code != "ResourceNotFoundException" or not (ours or here.session.service.logs.has(group)):
            raise
    for each in ours:
        if each.name.startswith(prefix):
            found[each.name] = {
                "filterName": each.name,
                "logGroupName": group,
                "filterPattern": each.pattern,
                "destinationArn": each.destination_arn,
                "distribution": "ByLogStream",
                "creationTime": int(each.created_at * 1_000),
            }
    shown = [each for _, each in sorted(found.items())]
    part = page(shown, lambda each: str(each["filterName"]), given.get("nextToken"), _limit(given, _GROUPS))
    return _with_token({"subscriptionFilters": part.items}, part.token)


def delete_subscription(here: Here, given: Members) -> Members:
    """DeleteSubscriptionFilter."""
    group = _group(given)
    if here.session.log_subscriptions.remove(group, str(given.get("filterName"))) and here.session.service.logs.has(group):
        _ask_quietly(here, "DeleteSubscriptionFilter", given)
        return _NOTHING
    return PASSED_ON


def delete_group(here: Here, given: Members) -> Members:
    """DeleteLogGroup: what was set on it goes too."""
    group = _group(given)
    here.session.log_subscriptions.remove(group)
    if not here.session.service.logs.has(group):
        return PASSED_ON
    here.session.service.logs.delete(group)
    _ask_quietly(here, "DeleteLogGroup", {"logGroupName": group})
    return _NOTHING


def delete_stream(here: Here, given: Members) -> Members:
    """DeleteLogStream."""
    group, logs = _group(given), here.session.service.logs
    if not logs.has(group):
        return PASSED_ON
    if given.get("logStreamName") not in [each.name for each in logs.streams(group)]:
        raise ResourceNotFound(_NO_STREAM)
    logs.delete(group, str(given["logStreamName"]))
    return _NOTHING


def set_on_group(here: Here, given: Members) -> Members:
    """Whatever is set on a group, or read of that: the service behind has to know the group for it."""
    group = _group(given)
    if here.session.service.logs.has(group):
        try:
            here.behind("CreateLogGroup", {"logGroupName": group})
        except LambdaError as fault:
            if fault.code != "ResourceAlreadyExistsException":
                raise
    return PASSED_ON


#: an answer without members, which is not that of another
_NOTHING: Members = dict[str, Any]()

OPERATIONS: Mapping[str, Callable[[Here, Members], Members]] = {
    "DescribeLogGroups": describe_groups,
    "ListLogGroups": list_groups,
    "DescribeLogStreams": describe_streams,
    "GetLogEvents": get_events,
    "FilterLogEvents": filter_events,
    "CreateLogGroup": create_group,
    "DeleteLogGroup": delete_group,
    "PutSubscriptionFilter": put_subscription,
    "DescribeSubscriptionFilters": describe_subscriptions,
    "DeleteSubscriptionFilter": delete_subscription,
    "DeleteLogStream": delete_stream,
    **dict.fromkeys(
        (
            *("PutRetentionPolicy", "DeleteRetentionPolicy", "AssociateKmsKey", "DisassociateKmsKey"),
            *("PutMetricFilter", "DeleteMetricFilter", "TagLogGroup", "UntagLogGroup", "ListTagsLogGroup"),
            *("TagResource", "UntagResource", "ListTagsForResource"),
        ),
        set_on_group,
    ),
}


def _ask_quietly(here: Here, operation: str, given: Members) -> None:
    """Have the service behind do the same, where it knows of the group at all."""
    try:
        here.behind(operation, given)
    except LambdaError as fault:
        if fault.code != "ResourceNotFoundException":
            raise


def _limit(given: Members, most: int) -> int:
    limit = whole(given.get("limit", most), "limit")
    if limit < 1:
        raise InvalidParameter(f"limit is {limit}; it must be 1 or more")
    return limit


def _time(given: Members, name: str) -> int | None:
    return None if given.get(name) is None else whole(given[name], name)


def _fitting(events: list[Event], given: Members) -> list[Event]:
    """The first events that one answer has room for."""
    room, shown = _ANSWER_BYTES, list[Event]()
    for each in events[: _limit(given, _EVENTS)]:
        room -= len(each.message.encode()) + 26  # as AWS counts
        if room < 0 and shown:
            break
        shown.append(each)
    return shown


def _with_token(members: dict[str, Any], token: str | None) -> Members:
    return members if token is None else {**members, "nextToken": token}
