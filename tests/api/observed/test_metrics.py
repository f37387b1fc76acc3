"""CloudWatch metrics of functions, through boto3 and in every protocol that there is."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

import jlambda
from jlambda.api.observed.cbor import Moment, decoded, encoded

F = [{"Name": "FunctionName", "Value": "f"}]


@pytest.fixture
def cloudwatch(seen: jlambda.Session) -> Any:
    """boto3's client."""
    return seen.client("cloudwatch")


def span() -> dict[str, datetime]:
    """The last hour and a little more."""
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(minutes=1)}


def total(cloudwatch: Any, name: str, dimensions: list[dict[str, str]], stat: str = "Sum") -> float:
    """A statistic over all of it."""
    given = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions, "Period": 86_400}
    found = cloudwatch.get_metric_statistics(**given, **span(), Statistics=[stat])["Datapoints"]
    return float(sum(point[stat] for point in found))


def stat(name: str, identity: str, **more: Any) -> dict[str, Any]:
    """A query of GetMetricData."""
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": F}
    return {"Id": identity, "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Sum"}, **more}


def test_metrics_are_those_of_the_records(seen: jlambda.Session, cloudwatch: Any) -> None:
    """Sums, counts, durations and percentiles."""
    assert total(cloudwatch, "Invocations", F) == 7
    assert total(cloudwatch, "Errors", F) == 1
    assert total(cloudwatch, "Throttles", F) == 0
    assert total(cloudwatch, "Invocations", []) == 8
    assert total(cloudwatch, "ConcurrentExecutions", F, "Maximum") == 1
    assert total(cloudwatch, "UnreservedConcurrentExecutions", [], "Maximum") == 1
    durations = seen.invocations("f")["duration_ms"]
    given = {"Namespace": "AWS/Lambda", "MetricName": "Duration", "Dimensions": F, "Period": 86_400, **span()}
    answer = cloudwatch.get_metric_statistics(**given, Statistics=["Average", "SampleCount"], ExtendedStatistics=["p99", "p50"])
    (point,) = answer["Datapoints"]
    assert point["Average"] == pytest.approx(durations.mean()) and point["SampleCount"] == 7
    assert point["ExtendedStatistics"] == {
        name: pytest.approx(durations.quantile(part)) for name, part in (("p99", 0.99), ("p50", 0.5))
    }
    assert (point["Unit"], answer["Label"]) == ("Milliseconds", "Duration")


def test_versions_and_aliases_have_metrics_of_their_own(cloudwatch: Any) -> None:
    """By Resource and ExecutedVersion."""
    alias = [*F, {"Name": "Resource", "Value": "f:live"}]
    assert total(cloudwatch, "Invocations", alias) == 2
    assert total(cloudwatch, "Invocations", [*alias, {"Name": "ExecutedVersion", "Value": "1"}]) == 2
    assert total(cloudwatch, "Invocations", [*alias, {"Name": "ExecutedVersion", "Value": "2"}]) == 0
    assert total(cloudwatch, "Invocations", [*F, {"Name": "Resource", "Value": "f"}]) == 5
    assert total(cloudwatch, "Invocations", [{"Name": "Colour", "Value": "f"}]) == 0
    listed = cloudwatch.list_metrics(Namespace="AWS/Lambda", MetricName="Errors", Dimensions=[{"Name": "Resource"}])["Metrics"]
    found = {tuple(each["Value"] for each in metric["Dimensions"]) for metric in listed}
    assert found == {("f", "f"), ("f", "f:live"), ("f", "f:live", "1"), ("g", "g")}


def test_lists_and_data_have_others_too(cloudwatch: Any) -> None:
    """What a user puts into a namespace of their own stands beside it, and goes together with it in one expression."""
    now = datetime.now(UTC)
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "Cost", "Value": 14.0, "Timestamp": now}])
    names = {(each["Namespace"], each["MetricName"]) for each in cloudwatch.list_metrics()["Metrics"]}
    assert {("Mine", "Cost"), ("AWS/Lambda", "Duration"), ("AWS/Lambda", "UnreservedConcurrentExecutions")} <= names
    assert not {name for namespace, name in names if namespace == "AWS/Lambda" and name.startswith("Provisioned")}
    assert [each["MetricName"] for each in cloudwatch.list_metrics(Namespace="Mine")["Metrics"]] == ["Cost"]
    mine = {"Metric": {"Namespace": "Mine", "MetricName": "Cost"}, "Period": 86_400, "Stat": "Sum"}
    queries = [
        stat("Invocations", "calls", ReturnData=False),
        stat("Errors", "errors", Label="failed"),
        {"Id": "cost", "MetricStat": mine, "ReturnData": False},
        {"Id": "percent", "Expression": "rate * 100"},
        {"Id": "rate", "Expression": "errors / calls", "ReturnData": False},
    ]
    results = {
        each["Id"]: each for each in cloudwatch.get_metric_data(MetricDataQueries=queries, **span())["MetricDataResults"]
    }
    assert results.keys() == {"errors", "percent"}
    assert results["errors"]["Label"] == "failed" and sum(results["errors"]["Values"]) == 1
    assert results["percent"]["Values"] == [pytest.approx(100 / 7)]
    with pytest.raises(ClientError, match="there is no metric with the id 'nothing'"):
        cloudwatch.get_metric_data(MetricDataQueries=[stat("Errors", "e"), {"Id": "x", "Expression": "nothing"}], **span())


def test_wrong_questions_are_refused(cloudwatch: Any) -> None:
    """With CloudWatch's codes."""
    given = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": F, **span()}
    for wrong, code in (
        ({"Period": 60}, "MissingParameter"),
        ({"Period": 60, "ExtendedStatistics": ["p101"]}, "InvalidParameterValue"),
        ({"Period": 61, "Statistics": ["Sum"]}, "InvalidParameterValue"),
        ({"Period": 1, "Statistics": ["Sum"]}, "InvalidParameterCombination"),
    ):
        with pytest.raises(ClientError) as refused:
            cloudwatch.get_metric_statistics(**given, **wrong)
        assert refused.value.response["Error"]["Code"] == code


JSON = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "GraniteServiceVersion20100801.GetMetricStatistics"}
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
CBOR = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def asked(seen: jlambda.Session, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """What a client is answered that speaks like this."""
    address = seen.address
    request = AWSRequest("POST", f"{address.url}{path}", data=body, headers=headers)
    credentials = Credentials(address.access_key_id, address.secret_access_key)
    SigV4Auth(credentials, "monitoring", address.region).add_auth(request)
    made = urllib.request.Request(f"{address.url}{path}", body, dict(request.headers.items()))
    try:
        with urllib.request.urlopen(made) as answer:
            content: bytes = answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            content = refused.read()
    return content


def test_other_protocols_are_spoken(seen: jlambda.Session) -> None:
    """JSON, CBOR and forms, for answers and for errors."""
    times = {name: value.timestamp() for name, value in span().items()}
    given = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": F, "Period": 86_400, "Statistics": ["Sum"]}
    path = "/service/GraniteServiceVersion20100801/operation/GetMetricStatistics"
    moments = {name: Moment(value) for name, value in times.items()}
    dimension = {"Dimensions.member.1.Name": "FunctionName", "Dimensions.member.1.Value": "f"}
    form = {"Action": "GetMetricStatistics", "Version": "2010-08-01", "Namespace": "AWS/Lambda", "MetricName": "Errors"}
    form |= {**dimension, "Period": "86400", **{name: value.isoformat() for name, value in span().items()}}

    in_json = json.loads(asked(seen, "/", JSON, json.dumps({**given, **times}).encode()))
    in_cbor = decoded(asked(seen, path, CBOR, encoded({**given, **moments})))
    in_xml = asked(seen, "/", FORM, urlencode({**form, "Statistics.member.1": "Sum"}).encode()).decode()
    assert in_json == in_cbor and sum(point["Sum"] for point in in_json["Datapoints"]) == 1
    assert "<Sum>1.0</Sum>" in in_xml and "<Label>Errors</Label>" in in_xml

    wrong = {**given, "Statistics": []}
    for refused in (
        json.loads(asked(seen, "/", JSON, json.dumps({**wrong, **times}).encode())),
        decoded(asked(seen, path, CBOR, encoded({**wrong, **moments}))),
    ):
        assert refused["__type"] == "MissingParameter"
    assert "<Code>MissingParameter</Code>" in asked(seen, "/", FORM, urlencode(form).encode()).decode()
    assert decoded(asked(seen, path, CBOR, b"\xff"))["__type"] == "InvalidParameterValue"
