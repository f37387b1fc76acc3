"""Streams of tables and Kinesis start functions: real boto3, real functions, embedded services."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from tests.sources.conftest import REPORTS, deploy, queue, seen, table, within


def mapping(session: jlambda.Session, function: str, arn: str, start: str = "LATEST", **members: object) -> str:
    """The UUID of a new mapping."""
    client = session.client("lambda")
    made = client.create_event_source_mapping(FunctionName=function, EventSourceArn=arn, StartingPosition=start, **members)
    return str(made["UUID"])


def stream(session: jlambda.Session, name: str, shards: int = 1) -> str:
    """The ARN of a new stream."""
    client = session.client("kinesis")
    client.create_stream(StreamName=name, ShardCount=shards)
    client.get_waiter("stream_exists").wait(StreamName=name)
    return str(client.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"])


def put(session: jlambda.Session, name: str, *texts: str, key: str = "k") -> None:
    """Put records into a stream."""
    records = [{"Data": text.encode(), "PartitionKey": key} for text in texts]
    assert not session.client("kinesis").put_records(StreamName=name, Records=records)["FailedRecordCount"]


def item(session: jlambda.Session, name: str, key: str, **rest: str) -> None:
    """Put an item into a table."""
    session.client("dynamodb").put_item(TableName=name, Item={"id": {"S": key}, **{k: {"S": v} for k, v in rest.items()}})


def metric_values(session: jlambda.Session, name: str, function: str, stat: str) -> list[float]:
    """What CloudWatch has of a function's metric, of the days around now."""
    dimensions = [{"Name": "FunctionName", "Value": function}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 7 * 86_400, "Stat": stat}}
    now = datetime.now(UTC)
    span = {"StartTime": now - timedelta(days=1), "EndTime": now + timedelta(days=1)}
    found: list[float] = session.client("cloudwatch").get_metric_data(MetricDataQueries=[query], **span)["MetricDataResults"][
        0
    ]["Values"]
    return found


def state(session: jlambda.Session, uuid: str) -> dict[str, Any]:
    """A mapping as the API shows it."""
    found: dict[str, Any] = session.client("lambda").get_event_source_mapping(UUID=uuid)
    return found


PRINTS = "import json\ndef handler(event, context):\n    print('EVENT', json.dumps(event))\n"


def events(session: jlambda.Session, function: str) -> list[dict[str, Any]]:
    """The records that a function that prints was given."""
    lines = [text for text in session.logs(function).message if text.startswith("EVENT")]
    return [record for line in lines for record in json.loads(line.split(" ", 1)[1])["Records"]]


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", set()),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
    ],
)
def test_changes_of_a_table_start_the_function(shared: jlambda.Session, view: str, images: set[str]) -> None:
    """With the images of the stream's view; what was there before the mapping was made is not told."""
    name = f"view-{view.lower().replace('_', '-')}"
    arn = table(shared, name, view)
    deploy(shared, name, PRINTS)
    item(shared, name, "before")
    uuid = mapping(shared, name, arn)
    assert state(shared, uuid)["LastProcessingResult"] == "No records processed"
    item(shared, name, "a")
    item(shared, name, "a", colour="red")
    shared.client("dynamodb").delete_item(TableName=name, Key={"id": {"S": "a"}})
    assert within(30, lambda: len(events(shared, name)) == 3)
    insert, modify, remove = events(shared, name)
    assert [each["eventName"] for each in (insert, modify, remove)] == ["INSERT", "MODIFY", "REMOVE"]
    assert {key for key in modify["dynamodb"] if key.endswith("Image")} == images
    assert modify["dynamodb"]["StreamViewType"] == view
    assert modify["eventSourceARN"] == arn
    assert modify["dynamodb"]["Keys"] == {"id": {"S": "a"}}
    assert within(30, lambda: state(shared, uuid)["LastProcessingResult"] == "OK")
    assert state(shared, uuid)["StateTransitionReason"] == "User action"
    assert set(shared.invocations(name).trigger) == {"dynamodb"}


def test_records_of_a_stream_start_the_function(shared: jlambda.Session) -> None:
    """All that are there from the horizon on, of all shards."""
    arn = stream(shared, "happy", shards=2)
    deploy(shared, "happy", PRINTS)
    for i in range(9):
        put(shared, "happy", f"before {i}", key=str(i))
    mapping(shared, "happy", arn, "TRIM_HORIZON")
    assert within(30, lambda: len(events(shared, "happy")) == 9)
    put(shared, "happy", "after")
    assert within(30, lambda: len(events(shared, "happy")) == 10)
    record = events(shared, "happy")[-1]
    assert record["eventSource"] == "aws:kinesis"
    assert record["kinesis"]["partitionKey"] == "k"
    assert record["eventID"] == f"shardId-{record['eventID'].split(':')[0][8:]}:{record['kinesis']['sequenceNumber']}"
    assert len({each["eventID"].split(":")[0] for each in events(shared, "happy")}) == 2


COUNTS = """
import json
def handler(event, context):
    state = {"count": event["state"].get("count", 0) + len(event["Records"])}
    print("WINDOW", json.dumps({**event, "Records": len(event["Records"])}))
    return {"state": state}
"""


def windows(session: jlambda.Session, function: str) -> list[dict[str, Any]]:
    """What a function that counts was told of windows; of records, how many."""
    found = session.logs(function).message
    return [json.loads(line.split(" ", 1)[1]) for line in found if line.startswith("WINDOW")]


def test_a_window_of_a_table_ends_by_itself(shared: jlambda.Session) -> None:
    """In real time, without anything that would wake the mapping."""
    table(shared, "tumbling-table", "NEW_IMAGE")
    deploy(shared, "tumbling-table", COUNTS, triggers=["dynamodb:tumbling-table?start=TRIM_HORIZON&tumbling_window=1"])
    item(shared, "tumbling-table", "a")
    assert within(30, lambda: [each["isFinalInvokeForWindow"] for each in windows(shared, "tumbling-table")] == [False, True])
    assert windows(shared, "tumbling-table")[-1]["state"] == {"count": 1}


def test_windows_end_with_their_shard(shared: jlambda.Session) -> None:
    """What comes after a split begins with windows of its own."""
    arn = stream(shared, "tumbling-split")
    deploy(shared, "tumbling-split", COUNTS)
    mapping(shared, "tumbling-split", arn, "TRIM_HORIZON", TumblingWindowInSeconds=900)
    put(shared, "tumbling-split", "one")
    assert within(30, lambda: len(windows(shared, "tumbling-split")) == 1)
    split(shared, "tumbling-split")
    put(shared, "tumbling-split", "two")
    assert within(30, lambda: len(windows(shared, "tumbling-split")) == 3)
    told = windows(shared, "tumbling-split")
    assert [each["isFinalInvokeForWindow"] for each in told] == [False, True, False]
    assert [each["state"] for each in told] == [{}, {"count": 1}, {}]
    assert told[2]["shardId"] != told[1]["shardId"] == told[0]["shardId"]


def split(session: jlambda.Session, name: str) -> None:
    """Split the first shard of a stream in two."""
    session.client("kinesis").split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))


def test_shards_that_are_split_and_merged_are_read_on(shared: jlambda.Session) -> None:
    """By a mapping that runs: every record once, those of one key in their order, the parent's before the children's."""
    arn = stream(shared, "resharded")
    deploy(shared, "resharded", PRINTS)
    mapping(shared, "resharded", arn, "TRIM_HORIZON", BatchSize=5)
    keys = [f"key{number}" for number in range(6)]
    for number in range(3):
        for key in keys:
            put(shared, "resharded", *(f"{number} {place}" for place in range(5)), key=key)
        if number < 2:
            (split, merge)[number](shared, "resharded")
    assert within(30, lambda: len(events(shared, "resharded")) >= 90)
    found = [each["kinesis"] for each in events(shared, "resharded")]
    wanted = [f"{number} {place}" for number in range(3) for place in range(5)]
    for key in keys:
        assert [base64.b64decode(each["data"]).decode() for each in found if each["partitionKey"] == key] == wanted
    assert len({each["eventID"].partition(":")[0] for each in events(shared, "resharded")}) == 4


def merge(session: jlambda.Session, name: str) -> None:
    """Merge what a split made."""
    session.client("kinesis").merge_shards(
        StreamName=name, ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002"
    )


def test_an_answer_without_a_state_is_told_of(shared: jlambda.Session) -> None:
    """It is a failure as any other, and the mapping says what is missing."""
    arn = stream(shared, "stateless")
    deploy(shared, "stateless", PRINTS)
    uuid = mapping(shared, "stateless", arn, "TRIM_HORIZON", TumblingWindowInSeconds=900, MaximumRetryAttempts=1)
    put(shared, "stateless", "one")
    assert within(30, lambda: len(events(shared, "stateless")) == 2)
    assert within(30, lambda: "has to return" in state(shared, uuid)["LastProcessingResult"])


def test_what_is_no_tumbling_window_is_refused(shared: jlambda.Session) -> None:
    """Longer than 15 minutes, beside parallel batches of a shard, or of a queue."""
    arn = stream(shared, "no-window")
    deploy(shared, "no-window", COUNTS)
    for members, said in (
        ({"TumblingWindowInSeconds": 901}, "less than or equal to 900"),
        ({"TumblingWindowInSeconds": 60, "ParallelizationFactor": 2}, "ParallelizationFactor of 1"),
    ):
        with pytest.raises(ClientError, match=said):
            mapping(shared, "no-window", arn, "LATEST", **members)
    queue(shared, "no-window")
    with pytest.raises(ClientError, match="Unsupported TumblingWindowInSeconds parameter for given event source mapping type"):
        shared.client("lambda").create_event_source_mapping(
            FunctionName="no-window",
            EventSourceArn=f"arn:aws:sqs:us-east-1:{shared.account.id}:no-window",
            TumblingWindowInSeconds=60,
        )


def test_what_was_there_before_begins_at_once(shared: jlambda.Session) -> None:
    """Though it is as much as is read ahead, and nothing is written that would wake the mapping."""
    arn = stream(shared, "full")
    deploy(shared, "full")
    put(shared, "full", *map(str, range(6)))
    mapping(shared, "full", arn, "TRIM_HORIZON", BatchSize=3)
    assert within(30, lambda: seen(shared, "full") == [str(number) for number in range(6)])
    (age,) = metric_values(shared, "IteratorAge", "full", "Maximum")
    assert 0 <= age < 60_000
    assert metric_values(shared, "IteratorAge", "full", "SampleCount") == [2.0]


def test_a_poison_record_is_found_and_told_of(shared: jlambda.Session) -> None:
    """Bisecting leaves it alone; the on-failure destination gets which record, and why."""
    url, dead = queue(shared, "stream-dead")
    arn = stream(shared, "poisoned")
    deploy(shared, "poisoned")
    put(shared, "poisoned", *(f"{i}" if i != 5 else "poison" for i in range(8)))
    failure = {"OnFailure": {"Destination": dead}}
    options: dict[str, Any] = {"BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 1, "DestinationConfig": failure}
    uuid = mapping(shared, "poisoned", arn, "TRIM_HORIZON", **options)
    assert within(30, lambda: seen(shared, "poisoned") == ["0", "1", "2", "3", "4", "6", "7"])
    answer = shared.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=5)
    document = json.loads(answer["Messages"][0]["Body"])
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["requestContext"]["approximateInvokeCount"] == 2
    assert document["requestContext"]["functionArn"] == "arn:aws:lambda:us-east-1:123456789012:function:poisoned"
    assert document["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    info = document["KinesisBatchInfo"]
    assert (info["batchSize"], info["streamArn"]) == (1, arn)
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert state(shared, uuid)["LastProcessingResult"] in ("OK", "PROBLEM: Function call failed")


def test_what_is_told_of_lost_records_is_on_the_disk_first(shared: jlambda.Session) -> None:
    """A bucket gets the records too, under the mapping's key; where there is none, the queue keeps what could not be sent."""
    s3 = shared.client("s3")
    s3.create_bucket(Bucket="lost")
    arn = stream(shared, "told")
    uuids = []
    for function, bucket in (("told", "lost"), ("untold", "nowhere")):
        deploy(shared, function)
        failure = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
        options: dict[str, Any] = {"MaximumRetryAttempts": 0, "DestinationConfig": failure}
        uuids.append(mapping(shared, function, arn, **options))
    put(shared, "told", "poison")
    assert within(30, lambda: [each.due_at for each in shared.queue.deliveries()] == [None])
    (kept,) = shared.queue.deliveries()
    assert (kept.arn, kept.function) == ("arn:aws:s3:::nowhere", "untold")
    assert "NoSuchBucket" in str(kept.reason)
    (found,) = s3.list_objects_v2(Bucket="lost")["Contents"]
    assert found["Key"].startswith(f"aws/lambda/{uuids[0]}/shardId-000000000000/")
    document = json.loads(s3.get_object(Bucket="lost", Key=found["Key"])["Body"].read())
    assert [each["eventSource"] for each in json.loads(document["payload"])["Records"]] == ["aws:kinesis"]


def test_a_report_begins_again_at_the_record_that_failed(shared: jlambda.Session) -> None:
    """With ReportBatchItemFailures; those before it are not given again."""
    arn = table(shared, "reported")
    deploy(shared, "reported", REPORTS)
    options: dict[str, Any] = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 0}
    mapping(shared, "reported", arn, BatchSize=2, MaximumBatchingWindowInSeconds=1, **options)
    item(shared, "reported", "good")
    item(shared, "reported", "poison")
    item(shared, "reported", "better")
    assert within(30, lambda: seen(shared, "reported")[-1:] == ["INSERT better"])
    assert seen(shared, "reported").count("INSERT good") == 1


def test_what_is_filtered_out_is_passed_over(shared: jlambda.Session) -> None:
    """Without an invocation."""
    arn = table(shared, "filtered")
    deploy(shared, "filtered")
    pattern = json.dumps({"eventName": ["REMOVE"]})
    mapping(shared, "filtered", arn, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    item(shared, "filtered", "a")
    shared.client("dynamodb").delete_item(TableName="filtered", Key={"id": {"S": "a"}})
    assert within(30, lambda: seen(shared, "filtered") == ["REMOVE a"])
    assert len(shared.invocations("filtered")) == 1


@pytest.mark.parametrize("lanes", [1, 3])
def test_keys_keep_their_order(shared: jlambda.Session, lanes: int) -> None:
    """1,000 records of 10 keys, with failures by chance."""
    name = f"ordered-{lanes}"
    arn = stream(shared, name, shards=2)
    deploy(shared, name, fails=0.1)
    mapping(shared, name, arn, "TRIM_HORIZON", BatchSize=20, ParallelizationFactor=lanes)
    for i in range(0, 100, 10):
        records = [{"Data": f"{g} {n}".encode(), "PartitionKey": f"g{g}"} for n in range(i, i + 10) for g in range(10)]
        assert not shared.client("kinesis").put_records(StreamName=name, Records=records)["FailedRecordCount"]
    assert within(60, lambda: len(seen(shared, name)) >= 1_000)
    names = seen(shared, name)
    assert len(names) == 1_000
    for group in range(10):
        assert [int(each.split()[1]) for each in names if each.startswith(f"{group} ")] == list(range(100))
    assert "error" in set(shared.invocations(name).status)


def test_disabled_it_waits_and_enabled_it_goes_on_where_it_was(shared: jlambda.Session) -> None:
    """What came in between is not lost; deleted it is gone."""
    arn = table(shared, "paused")
    deploy(shared, "paused")
    uuid = mapping(shared, "paused", arn)
    client = shared.client("lambda")
    item(shared, "paused", "one")
    assert within(30, lambda: seen(shared, "paused") == ["INSERT one"])
    assert client.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    item(shared, "paused", "two")
    assert state(shared, uuid)["State"] == "Disabled"
    client.update_event_source_mapping(UUID=uuid, Enabled=True, BatchSize=1)
    assert within(30, lambda: seen(shared, "paused") == ["INSERT one", "INSERT two"])
    assert client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    item(shared, "paused", "three")
    with pytest.raises(ClientError, match="does not exist"):
        state(shared, uuid)
    assert seen(shared, "paused") == ["INSERT one", "INSERT two"]


def test_a_mapping_needs_its_stream(shared: jlambda.Session) -> None:
    """In AWS's words."""
    deploy(shared, "needy")
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/nowhere"
    with pytest.raises(ClientError, match=f"Stream not found: {arn}"):
        mapping(shared, "needy", arn)
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/nowhere/stream/2026-01-01T00:00:00.000"
    with pytest.raises(ClientError, match=f"Stream not found: {arn}"):
        mapping(shared, "needy", arn)


def test_triggers_make_their_tables_and_streams(shared: jlambda.Session) -> None:
    """And say so; the stream of a table that is there is switched on."""
    function = deploy(shared, "maker", triggers=["dynamodb:made?view=new_image&key=id", "kinesis:made?shards=2&retries=3"])
    assert function.notes == (
        "table made was not there: created, with the text 'id' as its key and a stream of NEW_IMAGE",
        "stream made was not there: created, with 2 shards",
    )
    item(shared, "made", "a")
    put(shared, "made", "b")
    assert within(30, lambda: sorted(seen(shared, "maker")) == ["INSERT a", "b"])
    assert [str(each.trigger) for each in function.triggers] == ["dynamodb:made", "kinesis:made?retries=3"]
    shared.client("dynamodb").create_table(
        TableName="plain",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert function.triggers.add("dynamodb:plain?start=TRIM_HORIZON") == [
        "the stream of table plain was off: switched on, with NEW_AND_OLD_IMAGES"
    ]
    item(shared, "plain", "c")
    assert within(30, lambda: "INSERT c" in seen(shared, "maker"))


def test_a_trigger_makes_where_its_lost_records_go(shared: jlambda.Session) -> None:
    """A queue, topic or bucket that is named shortly; what is there is left alone, and ARNs of others are as they were."""
    function = deploy(shared, "loser", triggers=["kinesis:losing"])
    queue(shared, "lost-here")
    for kind, made in (
        ("sqs:lost-here", []),
        ("sqs:lost", ["queue lost was not there: created, for records that are given up"]),
        ("s3:lost-records", ["bucket lost-records was not there: created, for records that are given up"]),
        ("arn:aws:sqs:us-east-1:999999999999:lost", []),
    ):
        assert function.triggers.add(f"kinesis:losing?on_failure={kind}")[-1:] == made
        assert [str(each.trigger) for each in function.triggers] == [f"kinesis:losing?on_failure={kind}"]
    assert shared.client("sqs").get_queue_url(QueueName="lost")
    assert shared.client("s3").head_bucket(Bucket="lost-records")


def test_a_stream_that_is_made_anew_is_read_from_its_beginning(shared: jlambda.Session) -> None:
    """Its records are numbered from one again; what was done of the old one says nothing of them."""
    arn = stream(shared, "anew")
    deploy(shared, "anew")
    mapping(shared, "anew", arn)
    put(shared, "anew", "one", "two")
    assert within(30, lambda: seen(shared, "anew") == ["one", "two"])
    shared.client("kinesis").delete_stream(StreamName="anew")
    stream(shared, "anew")
    put(shared, "anew", "three")
    assert within(30, lambda: seen(shared, "anew") == ["one", "two", "three"])


def test_a_window_of_a_stream_has_a_state_and_an_end(shared: jlambda.Session) -> None:
    """Carried from batch to batch and over a pause of the mapping; the end comes by the session's clock.

    The last test here: records are older for those that come after it.
    """
    arn = stream(shared, "tumbling")
    deploy(shared, "tumbling", COUNTS)
    shared.clock.advance(900 - shared.clock.now() % 900)  # the next window begins now
    uuid = mapping(shared, "tumbling", arn, "TRIM_HORIZON", TumblingWindowInSeconds=900, BatchSize=2)
    assert state(shared, uuid)["TumblingWindowInSeconds"] == 900
    assert str(shared.get("tumbling").triggers[0].trigger) == (
        "kinesis:tumbling?batch_size=2&start=TRIM_HORIZON&tumbling_window=900"
    )
    put(shared, "tumbling", "one", "two", "three")
    assert within(30, lambda: len(windows(shared, "tumbling")) == 2)
    client = shared.client("lambda")
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    assert within(30, lambda: state(shared, uuid)["State"] == "Disabled")
    client.update_event_source_mapping(UUID=uuid, Enabled=True)
    put(shared, "tumbling", "four")
    assert within(30, lambda: len(windows(shared, "tumbling")) == 3)
    assert not any(each["isFinalInvokeForWindow"] for each in windows(shared, "tumbling"))
    shared.clock.advance("15 minutes")
    assert within(30, lambda: len(windows(shared, "tumbling")) == 4)
    told = windows(shared, "tumbling")
    assert [(each["Records"], each["state"]) for each in told] == [
        *((2, {}), (1, {"count": 2}), (1, {"count": 3}), (0, {"count": 4})),
    ]
    assert [each["isFinalInvokeForWindow"] for each in told] == [False, False, False, True]
    assert len({json.dumps(each["window"]) for each in told}) == 1
    assert {(each["shardId"], each["eventSourceARN"], each["isWindowTerminatedEarly"]) for each in told} == {
        ("shardId-000000000000", arn, False)
    }
    put(shared, "tumbling", "of the next")
    assert within(30, lambda: len(windows(shared, "tumbling")) == 5)
    assert (windows(shared, "tumbling")[-1]["state"], windows(shared, "tumbling")[-1]["window"]["start"]) == (
        {},
        told[-1]["window"]["end"],
    )
