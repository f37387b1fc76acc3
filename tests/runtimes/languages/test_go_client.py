"""What a function in Go sees and says: signatures, the context, errors, panics and events, all as with AWS's library."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from jlambda.model import frames
from jlambda.runtimes.language import on_path
from tests.conftest import need
from tests.runtimes.languages.bridged import Deployed
from tests.runtimes.running import DEADLINE_MS, FUNCTION_ARN, REQUEST_ID

#: one program with many handlers; the environment variable HANDLER chooses
FUNCTION = """package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type Event struct {
	Name string `json:"name"`
}

type Refused struct{ Why string }

func (r *Refused) Error() string { return r.Why }

type raw struct{}

func (raw) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return append([]byte("raw "), payload...), nil
}

type broken struct{ left int }

func (b *broken) Read(into []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errors.New("torn")
	}
	return copy(into, "part "), nil
}

func about(ctx context.Context) (map[string]interface{}, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return map[string]interface{}{
		"context": lc, "deadline_ms": deadline.UnixMilli(), "trace": ctx.Value("x-amzn-trace-id"), "base": ctx.Value("base"),
		"trace_variable": os.Getenv("_X_AMZN_TRACE_ID"), "name": lambdacontext.FunctionName,
		"version": lambdacontext.FunctionVersion, "group": lambdacontext.LogGroupName,
		"stream": lambdacontext.LogStreamName, "memory_mb": lambdacontext.MemoryLimitInMB,
	}, nil
}

func third(values []int) int { return values[2] }

func fail(event Event) (string, error) {
	switch event.Name {
	case "plain":
		return "", errors.New("no näme")
	case "typed":
		return "", &Refused{"not you"}
	case "chosen":
		return "", messages.InvokeResponse_Error{Type: "My.Type", Message: "mine"}
	case "index":
		third(nil)
	case "text":
		panic("a text")
	case "typed panic":
		panic(&Refused{"panicked"})
	}
	return "well", nil
}

func records(event struct {
	S3   events.S3Event
	SQS  events.SQSEvent
	SNS  events.SNSEvent
	DB   events.DynamoDBEvent
	KDS  events.KinesisEvent
	Bus  events.CloudWatchEvent
	Logs events.CloudwatchLogsEvent
	HTTP events.APIGatewayV2HTTPRequest
	REST events.APIGatewayProxyRequest
	URL  events.LambdaFunctionURLRequest
}) ([]interface{}, error) {
	image := event.DB.Records[0].Change.NewImage
	number, _ := image["n"].Integer()
	logs, err := event.Logs.AWSLogs.Parse()
	if err != nil {
		return nil, err
	}
	return []interface{}{
		event.S3.Records[0].S3.Object.URLDecodedKey, event.SQS.Records[0].Body, event.SNS.Records[0].SNS.Message,
		image["s"].String(), number, image["l"].List()[0].Boolean(), image["m"].Map()["k"].IsNull(), image,
		string(event.KDS.Records[0].Kinesis.Data), event.KDS.Records[0].Kinesis.ApproximateArrivalTimestamp,
		event.Bus.DetailType, logs.LogEvents[0].Message, event.HTTP.RequestContext.HTTP.Method,
		event.REST.PathParameters["id"], event.URL.RawPath,
	}, nil
}

func main() {
	base := context.WithValue(context.Background(), "base", "given")
	switch os.Getenv("HANDLER") {
	case "nothing":
		lambda.Start(func() {})
	case "error":
		lambda.Start(func() error { return errors.New("only") })
	case "event":
		lambda.Start(func(event Event) error { return nil })
	case "answer":
		lambda.Start(func() (string, error) { return "<a>", nil })
	case "event answer":
		lambda.Start(func(event Event) (string, error) { return event.Name, nil })
	case "context":
		lambda.Start(func(ctx context.Context) error { return ctx.Err() })
	case "context event":
		lambda.Start(func(ctx context.Context, event *Event) error { return ctx.Err() })
	case "about":
		lambda.StartWithOptions(about, lambda.WithContext(base))
	case "both":
		lambda.StartHandlerFunc(func(ctx context.Context, event Event) (Event, error) { return event, ctx.Err() })
	case "any":
		lambda.Start(func(event interface{}) (interface{}, error) { return event, nil })
	case "bytes":
		lambda.StartHandler(raw{})
	case "options":
		lambda.StartWithOptions(func(event Event) (string, error) { return "<" + event.Name, nil },
			lambda.WithSetEscapeHTML(true), lambda.WithDisallowUnknownFields(true))
	case "three":
		lambda.Start(func(a, b, c string) {})
	case "no error":
		lambda.Start(func() string { return "" })
	case "no function":
		lambda.Start(1)
	case "stream":
		lambda.Start(func(event Event) (io.Reader, error) { return strings.NewReader(event.Name), nil })
	case "torn":
		lambda.Start(func() (io.Reader, error) { return &broken{2}, nil })
	case "url":
		lambda.Start(func() (*events.LambdaFunctionURLStreamingResponse, error) {
			return &events.LambdaFunctionURLStreamingResponse{StatusCode: 201, Body: strings.NewReader("made")}, nil
		})
	case "sigterm":
		lambda.StartWithOptions(func() {}, lambda.WithEnableSIGTERM(func() { println("asked to end") }))
	case "records":
		lambda.Start(records)
	default:
		lambda.Start(fail)
	}
}
"""


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    need(bool(on_path("go")), "Go")
    return Deployed(tmp_path_factory.mktemp("go"), "go", {"main.go": FUNCTION})


def failed(function: Deployed, name: str) -> tuple[dict[str, Any], list[str], int]:
    """The error document of an event, the log and the exit status."""
    with function.running() as environment:
        reply = environment.invoke({"name": name})
        assert reply is not None
        assert reply.kind == frames.ERROR
        assert isinstance(reply.value, dict)
        status = environment.close()
        return reply.value, environment.events(), status


@pytest.mark.parametrize(
    ("handler", "answer"),
    [
        ("nothing", None),
        ("event", None),
        ("answer", "<a>"),
        ("event answer", "Ada"),
        ("context", None),
        ("context event", None),
        ("both", {"name": "Ada"}),
        ("any", {"name": "Ada", "more": [1.5, None]}),
    ],
)
def test_every_signature_of_awss_is_taken(function: Deployed, handler: str, answer: object) -> None:
    """With and without context, event, answer and error."""
    assert function.answers({"name": "Ada", "more": [1.5, None]}, HANDLER=handler) == [answer]


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("error", "only"),
        ("three", "handlers may not take more than two arguments, but handler takes 3"),
        ("no error", "handler returns a single value, but it does not implement error"),
        ("no function", "handler kind int is not func"),
        ("options", 'json: unknown field "more"'),
    ],
)
def test_what_is_no_handler_fails_each_invocation(function: Deployed, handler: str, message: str) -> None:
    """With the words of AWS's library; so does an event that does not fit."""
    first, second = function.answers({"more": 1}, {"more": 1}, HANDLER=handler)
    assert first["errorMessage"] == message
    assert second == first


def test_options_change_the_json(function: Deployed) -> None:
    """Escaped for HTML if asked for."""
    with function.running(HANDLER="options") as environment:
        reply = environment.invoke({"name": "b"})
        assert reply is not None
        assert reply.body == b'"\\u003cb"'


def test_the_context_knows_function_and_invocation(function: Deployed) -> None:
    """As lambdacontext of AWS's library."""
    extra = {
        "trace_id": "Root=1-2-3",
        "client_context": '{"custom": {"k": "é", "deep": {"a": 1}}, "env": {"e": "1"}}',
        "cognito_identity": '{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}',
    }
    with function.running(HANDLER="about") as environment:
        reply = environment.invoke({}, extra=extra)
    assert reply is not None
    found = reply.value
    assert isinstance(found, dict)
    context = found.pop("context")
    assert found == {
        "deadline_ms": DEADLINE_MS,
        "trace": "Root=1-2-3",
        "trace_variable": "Root=1-2-3",
        "base": "given",
        "name": "f",
        "version": "$LATEST",
        "group": "/aws/lambda/f",
        "stream": "2026/11/24/[$LATEST]abc",
        "memory_mb": 128,
    }
    assert context["AwsRequestID"] == REQUEST_ID
    assert context["InvokedFunctionArn"] == FUNCTION_ARN
    assert context["Identity"] == {"CognitoIdentityID": "i", "CognitoIdentityPoolID": "p"}
    assert context["ClientContext"]["custom"] == {"k": "é", "deep": '{"a": 1}'}


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("plain", {"errorMessage": "no näme", "errorType": "errorString"}),
        ("typed", {"errorMessage": "not you", "errorType": "Refused"}),
        ("chosen", {"errorMessage": "mine", "errorType": "My.Type"}),
    ],
)
def test_an_error_is_named_by_its_type(function: Deployed, name: str, document: object) -> None:
    """Without a pointer, without a stack trace; the log has the document."""
    found, log, _ = failed(function, name)
    assert found == document
    assert json.loads(log[-1].split(" ", 2)[2]) == document


def test_the_environment_goes_on_after_an_error(function: Deployed) -> None:
    """An error is an answer."""
    assert function.answers({"name": "plain"}, {"name": ""})[1] == "well"


@pytest.mark.parametrize(
    ("name", "kind", "message", "labels"),
    [
        ("index", "boundsError", "runtime error: index out of range [2] with length 0", ["third", "fail"]),
        ("text", "string", "a text", ["fail"]),
        ("typed panic", "Refused", "panicked", ["fail"]),
    ],
)
def test_a_panic_is_answered_with_its_stack_and_ends_the_process(
    function: Deployed, name: str, kind: str, message: str, labels: list[str]
) -> None:
    """Frames of the function are named by file, line and label; none are ours."""
    document, log, status = failed(function, name)
    assert (document["errorType"], document["errorMessage"]) == (kind, message)
    stack = document["stackTrace"]
    assert [frame["label"] for frame in stack if frame["path"] == "task/main.go"] == labels
    assert {frame["path"] for frame in stack} == {"runtime/panic.go", "task/main.go"}
    lines = FUNCTION.splitlines()
    assert lines[stack[-1]["line"] - 1].strip() in ("third(nil)", 'panic("a text")', 'panic(&Refused{"panicked"})')
    assert status == 1
    assert log[-1].endswith("calling the handler function resulted in a panic, the process should exit")


def test_a_reader_is_streamed(function: Deployed) -> None:
    """Whatever its length, and a failure to read it is the invocation's."""
    with function.running(HANDLER="stream") as environment:
        reply = environment.invoke({"name": "ä" * 100_000})
        assert reply is not None
        assert reply.body == ("ä" * 100_000).encode()
    (document,) = function.answers({}, HANDLER="torn")
    assert document == {"errorMessage": "torn", "errorType": "errorString"}


def test_a_function_url_streams_status_and_headers_first(function: Deployed) -> None:
    """Eight zero bytes separate them from the body."""
    with function.running(HANDLER="url") as environment:
        reply = environment.invoke({})
        assert reply is not None
        assert reply.body == b'{"statusCode":201}' + bytes(8) + b"made"


def test_a_handler_of_bytes_reads_and_writes_them(function: Deployed) -> None:
    """Nothing in between."""
    with function.running(HANDLER="bytes") as environment:
        reply = environment.invoke(body=b'{"a": 1}')
        assert reply is not None
        assert reply.body == b'raw {"a": 1}'


def test_sigterm_is_passed_on_to_those_who_ask_for_it(function: Deployed) -> None:
    """The function registers an extension, so it is told before its environment is shut down."""
    with function.running(HANDLER="sigterm") as environment:
        assert environment.invoke({}) is not None
        environment.terminate()
        assert environment.events()[-1] == "asked to end"


def test_events_of_services_have_their_types(function: Deployed) -> None:
    """As they come from S3, SQS, SNS, DynamoDB, Kinesis, EventBridge, CloudWatch Logs and HTTP."""
    image = {"s": {"S": "é"}, "n": {"N": "12.5"}, "l": {"L": [{"BOOL": True}]}, "m": {"M": {"k": {"NULL": True}}}}
    logged = gzip.compress(json.dumps({"logEvents": [{"id": "1", "timestamp": 1, "message": "line"}]}).encode())
    kinesis = {"data": base64.b64encode(b"data").decode(), "approximateArrivalTimestamp": 1545084650.5}
    event = {
        "S3": {"Records": [{"eventTime": "2026-11-24T00:00:00.000Z", "s3": {"object": {"key": "in/a+b%C3%A9.csv"}}}]},
        "SQS": {"Records": [{"body": "text"}]},
        "SNS": {"Records": [{"Sns": {"Message": "told", "Timestamp": "2026-11-24T00:00:00.000Z"}}]},
        "DB": {"Records": [{"dynamodb": {"NewImage": image, "ApproximateCreationDateTime": 1545084650}}]},
        "KDS": {"Records": [{"kinesis": kinesis}]},
        "Bus": {"detail-type": "Scheduled Event", "time": "2026-11-24T00:00:00Z", "detail": {}},
        "Logs": {"awslogs": {"data": base64.b64encode(logged).decode()}},
        "HTTP": {"requestContext": {"http": {"method": "PUT"}}},
        "REST": {"pathParameters": {"id": "7"}},
        "URL": {"rawPath": "/p"},
    }
    (answer,) = function.answers(event, HANDLER="records")
    assert answer == [
        *("in/a bé.csv", "text", "told", "é", 12, True, True, image, "data", 1545084650.5),
        *("Scheduled Event", "line", "PUT", "7", "/p"),
    ]
