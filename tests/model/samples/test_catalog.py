"""Sample events hold to the models that aws-lambda-powertools parses events with, and say what they are asked to say."""

from __future__ import annotations

import base64
import inspect
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser import models
from pydantic import BaseModel

from jlambda.errors import InvalidParameter
from jlambda.model.arn import Account
from jlambda.model.events import logs
from jlambda.model.samples.catalog import SAMPLES, sample_event

MODELS: dict[str, type[BaseModel]] = {
    **dict.fromkeys(("s3:put", "s3:post", "s3:copy", "s3:multipart", "s3:delete", "s3:delete-marker"), models.S3Model),
    "s3:batch": models.S3BatchOperationModel,
    **dict.fromkeys(("sqs:standard", "sqs:fifo", "sqs:sns", "sqs:sns:s3", "sqs:eventbridge"), models.SqsModel),
    "sqs:s3": models.S3SqsEventNotificationModel,
    **dict.fromkeys(("sns:message", "sns:s3"), models.SnsModel),
    **dict.fromkeys(("dynamodb:insert", "dynamodb:modify", "dynamodb:remove"), models.DynamoDBStreamModel),
    "kinesis:record": models.KinesisDataStreamModel,
    "firehose:transform": models.KinesisFirehoseModel,
    **dict.fromkeys(("eventbridge:event", "schedule:rule", "schedule:scheduler"), models.EventBridgeModel),
    "eventbridge:s3": models.S3EventNotificationEventBridgeModel,
    "logs:subscription": models.CloudWatchLogsModel,
    "apigateway:rest": models.APIGatewayProxyEventModel,
    "apigateway:http": models.APIGatewayProxyEventV2Model,
    "url:request": models.LambdaFunctionUrlModel,
    "alb:request": models.AlbModel,
    "cognito:pre-signup": models.CognitoPreSignupTriggerModel,
    "cognito:post-confirmation": models.CognitoPostConfirmationTriggerModel,
    "cognito:pre-authentication": models.CognitoPreAuthenticationTriggerModel,
    "cognito:pre-token": models.CognitoPreTokenGenerationTriggerModelV1,
    "cloudformation:custom": models.CloudFormationCustomResourceCreateModel,
}
#: what powertools has no model of
FREE = {"secretsmanager:rotate", "stepfunctions:task"}


def sample(name: str, **parameters: object) -> Any:
    return sample_event(name, parameters, Account())


def plain(model: type[BaseModel], document: object) -> BaseModel:
    return model.model_validate(json.loads(json.dumps(document)))


def test_every_sample_has_a_model() -> None:
    """No sample goes unchecked."""
    assert MODELS.keys() | FREE == SAMPLES.keys()


@pytest.mark.parametrize("name", MODELS)
def test_a_sample_is_what_powertools_takes(name: str) -> None:
    """With nothing given, in another account and region, and at another time."""
    plain(MODELS[name], sample(name))
    elsewhere = Account("999999999999", "eu-central-1")
    document: Any = sample_event(name, {}, elsewhere, datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC))
    plain(MODELS[name], document)
    found = json.dumps(logs.unpacked(document) if name.startswith("logs") else document)
    assert "123456789012" not in found
    assert "us-east-1" not in found


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_the_same_each_time_and_explains_itself(name: str) -> None:
    """Ids and times do not change from call to call; each has a sentence, and parameters with defaults."""
    assert sample(name) == sample(name)
    assert SAMPLES[name].summary.endswith((".", "?"))
    assert inspect.Parameter.empty not in SAMPLES[name].parameters.values()
    assert sample(name, **SAMPLES[name].parameters) == sample(name)


@pytest.mark.parametrize("view", ["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"])
@pytest.mark.parametrize("change", ["insert", "modify", "remove"])
def test_every_view_of_a_table(change: str, view: str) -> None:
    """Images are there as the view and the kind of change have it."""
    document = sample(f"dynamodb:{change}", view=view)
    plain(models.DynamoDBStreamModel, document)
    there = {"NewImage", "OldImage"} & document["Records"][0]["dynamodb"].keys()
    wanted = {"NEW_AND_OLD_IMAGES": {"NewImage", "OldImage"}, "NEW_IMAGE": {"NewImage"}, "OLD_IMAGE": {"OldImage"}}.get(
        view, set()
    )
    assert there == wanted - {"insert": {"OldImage"}, "remove": {"NewImage"}}.get(change, set())


def test_items_of_tables_have_types() -> None:
    """Plain values are written as DynamoDB writes them."""
    item = {"id": "1", "n": 1.5, "yes": True, "no": None, "raw": b"\x00", "many": [1, {"a": "b"}]}
    change = sample("dynamodb:insert", new=item)["Records"][0]["dynamodb"]
    assert change["NewImage"] == {
        "id": {"S": "1"},
        "n": {"N": "1.5"},
        "yes": {"BOOL": True},
        "no": {"NULL": True},
        "raw": {"B": "AA=="},
        "many": {"L": [{"N": "1"}, {"M": {"a": {"S": "b"}}}]},
    }
    assert change["Keys"] == {"id": {"S": "1"}}


def test_batches() -> None:
    """As many records as there are bodies, each with an id and a sequence number of its own, in order."""
    records = sample("sqs:fifo", bodies=["a", {"b": 1}], group="g")["Records"]
    assert [each["body"] for each in records] == ["a", '{"b": 1}']
    assert len({each["messageId"] for each in records}) == 2
    numbers = [each["attributes"]["SequenceNumber"] for each in records]
    assert numbers == sorted(numbers)
    kinesis = sample("kinesis:record", batch=[b"\xff", {"n": 1}])["Records"]
    assert [base64.b64decode(each["kinesis"]["data"]) for each in kinesis] == [b"\xff", b'{"n": 1}']


def test_what_one_service_hands_on_to_another() -> None:
    """S3 in SNS in SQS: each envelope holds the next, in its own form."""
    message = json.loads(sample("sqs:sns:s3", bucket="b", key="k y")["Records"][0]["body"])
    plain(models.SnsNotificationModel, message)
    assert message["Subject"] == "Amazon S3 Notification"
    plain(models.S3Model, json.loads(message["Message"]))
    assert json.loads(message["Message"])["Records"][0]["s3"]["object"]["key"] == "k+y"
    event = json.loads(sample("sqs:eventbridge", source="shop")["Records"][0]["body"])
    plain(models.EventBridgeModel, event)
    plain(models.S3Model, json.loads(sample("sns:s3")["Records"][0]["Sns"]["Message"]))


def test_attributes_of_messages() -> None:
    """Text, numbers and bytes, in the two forms of SQS and SNS."""
    attributes = {"s": "x", "n": 5, "b": b"\x00"}
    sqs = sample("sqs:standard", attributes=attributes)["Records"][0]["messageAttributes"]
    assert sqs["s"] == {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
    assert (sqs["n"]["stringValue"], sqs["n"]["dataType"]) == ("5", "Number")
    assert sqs["b"]["binaryValue"] == "AA=="
    assert sample("sns:message", attributes={"s": "x"})["Records"][0]["Sns"]["MessageAttributes"] == {
        "s": {"Type": "String", "Value": "x"}
    }


def test_requests() -> None:
    """Parameters of paths follow from the route; a body has its type and length."""
    request = sample(
        "apigateway:http", method="POST", route="/a/{id}/{rest+}", path="/a/1/b/c", query={"q": [1, 2]}, body={"n": 1}
    )
    assert request["pathParameters"] == {"id": "1", "rest": "b/c"}
    assert request["routeKey"] == "POST /a/{id}/{rest+}"
    assert request["queryStringParameters"] == {"q": "1,2"}
    assert (request["body"], request["headers"]["content-type"]) == ('{"n": 1}', "application/json")
    rest = sample("apigateway:rest", query={"a": "x y"}, headers={"X-One": "1"})
    assert rest["queryStringParameters"] == {"a": "x y"}
    assert rest["headers"]["X-One"] == "1"
    assert rest["pathParameters"] == {"id": "42"}


def test_times() -> None:
    """A datetime, its ISO form or seconds: all the same."""
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    found: list[Any] = [sample_event("s3:put", {}, Account(), time) for time in (at, "2026-03-01T09:00:00Z", at.timestamp())]
    assert found[0] == found[1] == found[2]
    assert found[0]["Records"][0]["eventTime"] == "2026-03-01T09:00:00.000Z"


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("s3:putt", {}, "there is no sample event 's3:putt'; did you mean s3:put?"),
        ("cognito", {}, "did you mean cognito:pre-signup or cognito:post-confirmation"),
        (
            "s3:put",
            {"buckett": "b"},
            "takes no 'buckett'; did you mean bucket? (it takes bucket, key, size, etag, version_id, time)",
        ),
        ("dynamodb:insert", {"view": "ALL"}, "view 'ALL': use NEW_AND_OLD_IMAGES, NEW_IMAGE, OLD_IMAGE or KEYS_ONLY"),
        ("dynamodb:insert", {"new": {"a": "1"}}, "the item has no attribute 'id', which is one of its keys"),
        ("dynamodb:insert", {"new": {"id": object()}}, "has no type of DynamoDB's"),
        ("secretsmanager:rotate", {"step": "go"}, "step 'go': use createSecret, setSecret, testSecret or finishSecret"),
        ("cloudformation:custom", {"request": "go"}, "request 'go': use Create, Update or Delete"),
    ],
)
def test_a_wrong_sample_says_what_there_is(name: str, parameters: dict[str, object], said: str) -> None:
    """Names, parameters and values that there are not."""
    with pytest.raises(InvalidParameter) as caught:
        sample_event(name, parameters, Account())
    assert said in str(caught.value)


def test_a_wrong_time_says_so() -> None:
    """Text that is no time."""
    with pytest.raises(InvalidParameter, match="time 'noon': use a datetime"):
        sample_event("s3:put", {}, Account(), "noon")
