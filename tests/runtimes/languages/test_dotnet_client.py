"""What a function in C# sees and says: handlers, binding, the context, errors and logs, all as AWS's runtime."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jlambda.model import frames
from jlambda.runtimes.languages import language_of
from tests.conftest import need
from tests.runtimes.languages.bridged import Bridged, Deployed
from tests.runtimes.running import FUNCTION_ARN, REQUEST_ID

FUNCTION = """using Amazon.Lambda.Core;

public class Function
{
    private static int calls;

    private class Refused : Exception
    {
        public Refused(string message, Exception cause) : base(message, cause) { }
    }

    public async Task<object?> Handler(Dictionary<string, string> e, ILambdaContext context)
    {
        switch (e["do"])
        {
            case "fields":
                return new Dictionary<string, object?>
                {
                    ["id"] = context.AwsRequestId, ["group"] = context.LogGroupName, ["stream"] = context.LogStreamName,
                    ["name"] = context.FunctionName, ["version"] = context.FunctionVersion,
                    ["arn"] = context.InvokedFunctionArn,
                    ["memory"] = context.MemoryLimitInMB, ["left"] = context.RemainingTime.TotalMilliseconds,
                    ["identity"] = context.Identity, ["client"] = context.ClientContext, ["tenant"] = context.TenantId,
                };
            case "identity":
                var client = context.ClientContext;
                var who = context.Identity;
                var app = client.Client;
                return new object[] { who.IdentityId, who.IdentityPoolId, client.Custom, client.Environment, app.AppTitle };
            case "refuse":
                throw new Refused("no näme", new IOException("disk"));
            case "later":
                await Task.Delay(1);
                throw new InvalidOperationException("later");
            case "several":
                throw new AggregateException(new IOException("one"), new IOException("two"));
            case "count":
                return ++calls;
            case "log":
                Console.Write("no end, ");
                Console.WriteLine("{0}é", "h");
                Console.Error.WriteLine("err");
                context.Logger.LogLine("line");
                context.Logger.LogDebug("fine");
                context.Logger.LogWarning("{count} of {all}", 1, 2);
                context.Logger.LogError(new IOException("disk"), "went wrong");
                LambdaLogger.Log("static");
                return null;
            case "trace":
                return Environment.GetEnvironmentVariable("_X_AMZN_TRACE_ID") ?? "none";
            case "itself":
                var list = new List<object>();
                list.Add(list);
                return list;
            default:
                return e;
        }
    }
}
"""


@pytest.fixture(scope="module", autouse=True)
def dotnet() -> None:
    need(bool(language_of("dotnet").tools()), ".NET")


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return Deployed(tmp_path_factory.mktemp("dotnet"), "dotnet", {"Function.cs": FUNCTION})


@pytest.fixture(scope="module")
def environment(function: Deployed) -> Iterator[Bridged]:
    with function.running() as running:
        yield running


def answer(environment: Bridged, what: str, **extra: object) -> Any:
    """What the function answers to ``{"do": what}``."""
    reply = environment.invoke({"do": what}, extra=extra)
    assert reply is not None
    return reply.value


def test_the_context_has_awss_fields(environment: Bridged) -> None:
    """All of them, and the time that is left."""
    found = answer(environment, "fields")
    assert found.pop("left") > 0
    assert found == {
        "id": REQUEST_ID,
        "group": "/aws/lambda/f",
        "stream": "2026/11/24/[$LATEST]abc",
        "name": "f",
        "version": "$LATEST",
        "arn": FUNCTION_ARN,
        "memory": 128,
        "identity": None,
        "client": None,
        "tenant": None,
    }


def test_client_context_and_identity_are_parsed(environment: Bridged) -> None:
    """They come as JSON."""
    sent = '{"custom": {"k": "é"}, "env": {"e": 1}, "client": {"app_title": "t"}}'
    who = '{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}'
    assert answer(environment, "identity", client_context=sent, cognito_identity=who) == ["i", "p", {"k": "é"}, {"e": "1"}, "t"]


def test_an_error_is_awss_document_and_the_environment_goes_on(environment: Bridged) -> None:
    """Type, message, frames with the function's lines and none of the runtime's, and the cause; the log has it too."""
    before = len(environment.events())
    count = answer(environment, "count")
    reply = environment.invoke({"do": "refuse"})
    assert reply is not None
    assert reply.kind == frames.ERROR
    document = reply.value
    assert isinstance(document, dict)
    assert list(document) == ["errorType", "errorMessage", "stackTrace", "cause"]
    assert (document["errorType"], document["errorMessage"]) == ("Refused", "no näme")
    line = next(number for number, text in enumerate(FUNCTION.splitlines(), 1) if "new Refused(" in text)
    assert document["stackTrace"][0].startswith("at Function.Handler(")
    assert document["stackTrace"][0].endswith(f" in /var/task/Function.cs:line {line}")
    assert not any("Jlambda" in frame or "System.Reflection" in frame for frame in document["stackTrace"])
    assert document["cause"] == {"errorType": "IOException", "errorMessage": "disk", "stackTrace": []}
    log = "\n".join(environment.events()[before:])
    assert re.match(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{REQUEST_ID}\tfail\tFunction\+Refused: no näme", log)
    assert answer(environment, "count") == count + 1


def test_other_errors(environment: Bridged) -> None:
    """After an await, several at once, and a result that JSON cannot hold."""
    later = answer(environment, "later")
    assert (later["errorType"], later["errorMessage"]) == ("InvalidOperationException", "later")
    several = answer(environment, "several")
    assert [each["errorMessage"] for each in several["causes"]] == ["one", "two"]
    itself = answer(environment, "itself")
    assert itself["errorType"] == "JsonSerializerException"
    assert itself["errorMessage"].startswith(
        "Error converting the response object of type System.Object from the Lambda function to JSON"
    )


def test_logs(function: Deployed) -> None:
    """Time, request and level before each line; what has no end is left as it is; levels may be chosen, JSON too."""
    with function.running() as environment:
        answer(environment, "log")
        text = "\n".join(environment.events())
        stamp = rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{REQUEST_ID}\t"
        expected = [
            "no end, <>info\thé",
            "<>fail\terr",
            "<>info\tline",
            "<>warn\t1 of 2",
            "<>fail\twent wrong",
            "System.IO.IOException: disk",
        ]
        assert re.sub(stamp, "<>", text).splitlines() == [*expected, "<>static"]
    with function.running(AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="DEBUG") as environment:
        answer(environment, "log")
        records = [json.loads(line[line.index("{") :]) for event in environment.events() for line in event.splitlines()]
        assert ("Debug", "fine") in {(each["level"], each["message"]) for each in records}
        assert records[-2] | {"timestamp": "", "stackTrace": ""} == {
            "timestamp": "",
            "level": "Error",
            "requestId": REQUEST_ID,
            "message": "went wrong",
            "errorType": "System.IO.IOException",
            "errorMessage": "disk",
            "stackTrace": "",
        }


SHAPES = """using System.Text.Json;
using Amazon.Lambda.Core;
using Amazon.Lambda.Serialization.SystemTextJson;

namespace Some.Where;

public enum Colour { Red, Green }

public record Point(int X, int? Y, List<Colour> Colours);

public class Bean
{
    public string? Name { get; set; }
    public DateTime At { get; set; }
    public Dictionary<string, Point>? Points { get; set; }
    public int Hidden { private get; set; }
}

public class Upper : ILambdaSerializer
{
    public T Deserialize<T>(Stream stream) => (T)(object)new StreamReader(stream).ReadToEnd().ToUpperInvariant();

    public void Serialize<T>(T value, Stream stream) => stream.Write(System.Text.Encoding.UTF8.GetBytes($"[{value}]"));
}

public class ByJsonSerializer : DefaultLambdaJsonSerializer { }

public class Shapes
{
    public static Point Record(Point e) => e;

    public Bean Bean(Bean e, ILambdaContext context) => e;

    public string Text(string e) => e + e;

    public int Number(int e) => e + 1;

    public void Nothing() { }

    public string None() => "none";

    public string? Null(string? e) => e;

    public string Context(ILambdaContext context) => context.FunctionName;

    public async Task Later(int e) => await Task.Delay(e);

    public async Task<List<int>> Numbers(int[] e) { await Task.Yield(); return e.Reverse().ToList(); }

    public Stream Bytes(Stream e) => e;

    public Task<Stream> BytesLater(Stream e, ILambdaContext c) => Task.FromResult(e);

    public JsonElement Any(JsonElement e) => e;

    public Dictionary<string, object?> Plain(Dictionary<string, object> e)
    {
        var own = new Dictionary<string, object?>
        {
            ["text"] = "<é>\\u2028", ["none"] = null, ["numbers"] = new List<object> { 1, 2L, 0.5, true }, ["event"] = e,
            ["texts"] = new Dictionary<string, string> { ["a"] = "b" }, ["array"] = new object[] { new object[0] },
        };
        if (e.ContainsKey("more"))
        {
            own["more"] = new[] { new { At = DateTime.UnixEpoch, None = (string?)null } };
        }
        return own;
    }

    [LambdaSerializer(typeof(ByJsonSerializer))]
    public Dictionary<string, object?> PlainByJsonSerializer(Dictionary<string, object> e) => Plain(e);

    public Dictionary<string, string> Texts(Dictionary<string, string> e) => e;

    public object? Whatever(object? e) => e;

    internal object Anonymous(Dictionary<string, object> e) => new { a = e["a"], none = (string?)null };

    [LambdaSerializer(typeof(Upper))]
    public string Own(string e) => e;

    [LambdaSerializer(typeof(CamelCaseLambdaJsonSerializer))]
    public Point Camel(Point e) => e;

    public int Three(int a, ILambdaContext b, int c) => a;

    public int NotContext(int a, int b) => a;

    public int Twice(int a) => a;

    public int Twice(int a, ILambdaContext b) => a;

    public async void Void() => await Task.Yield();

    public T Generic<T>(T a) => a;
}

public abstract class Half { public int Go(int e) => e; }
"""


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return Deployed(tmp_path_factory.mktemp("shapes"), "dotnet", {"Shapes.cs": SHAPES}, "Shapes::Some.Where.Shapes::Record")


@pytest.mark.parametrize(
    ("method", "event", "expected"),
    [
        ("Record", {"x": 1, "COLOURS": [1, 0], "unknown": 2}, {"X": 1, "Colours": [1, 0]}),
        (
            "Bean",
            {"Name": "é", "At": "2026-01-01T00:00:00Z", "points": {"p": {"X": 1}}},
            {"Name": "é", "At": "2026-01-01T00:00:00Z", "Points": {"p": {"X": 1}}},
        ),
        ("Text", "é", "éé"),
        ("Number", 41, 42),
        ("Nothing", {}, None),
        ("None", {}, "none"),
        ("Null", None, None),
        ("Context", {}, "f"),
        ("Later", 1, None),
        ("Numbers", [1, 2], [2, 1]),
        ("Bytes", {"a": [1]}, {"a": [1]}),
        ("BytesLater", [1], [1]),
        ("Any", {"a": [1.50, None]}, {"a": [1.50, None]}),
        ("Anonymous", {"a": [1]}, {"a": [1]}),
        ("Texts", {"a": "é", "b": None}, {"a": "é", "b": None}),
        ("Whatever", [{"a": 1}], [{"a": 1}]),
        ("Whatever", None, None),
        ("Own", "x", ['"X"']),
        ("Camel", {"x": 1, "y": 2}, {"x": 1, "y": 2}),
    ],
)
def test_signatures_and_shapes(shapes: Deployed, method: str, event: object, expected: object) -> None:
    """Events, streams and contexts; records, classes and JSON itself; tasks or not; serializers of the function's own."""
    with shapes.running(_HANDLER=f"Shapes::Some.Where.Shapes::{method}") as environment:
        reply = environment.invoke(event)
        assert reply is not None
        found = reply.body.decode() if method == "Own" else reply.value
        assert found == ('["X"]' if method == "Own" else expected)


@pytest.mark.parametrize(
    "event", [{"a": [1, None], "b": {"c": "é"}, "d": None}, {"more": 1}], ids=["plain", "with other types"]
)
def test_plain_values_are_written_as_the_serializer_writes_them(shapes: Deployed, event: object) -> None:
    """Byte for byte, whether JsonSerializer takes part or not."""
    answers = []
    for method in ("Plain", "PlainByJsonSerializer"):
        with shapes.running(_HANDLER=f"Shapes::Some.Where.Shapes::{method}") as environment:
            reply = environment.invoke(event)
            assert reply is not None
            answers.append(reply.body)
    assert answers[0] == answers[1]
    assert json.loads(answers[0])["event"] == event


def test_a_type_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """Nested, and behind many others."""
    others = "".join(f"public class A{number} {{ }}\n" for number in range(40))
    source = f"{others}public class Outer {{ public class Inner {{ public int Go(int e) => e + 1; }} }}"
    deployed = Deployed(tmp_path, "dotnet", {"Shapes.cs": source}, "Shapes::Outer+Inner::Go")
    assert deployed.answers(41) == [42]


def test_an_event_of_another_shape_is_an_error(shapes: Deployed) -> None:
    """AWS's error and its words."""
    (found,) = shapes.answers("x", _HANDLER="Shapes::Some.Where.Shapes::Number")
    assert found["errorType"] == "JsonSerializerException"
    assert found["errorMessage"].startswith(
        "Error converting the Lambda event JSON payload to type System.Int32: The JSON value could not be"
    )
    (found,) = shapes.answers({}, _HANDLER="Shapes::Some.Where.Shapes::Text")
    assert "JSON strings must be quoted" in found["errorMessage"]


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("Shapes", "Invalid lambda function handler: 'Shapes'"),
        ("Missing::A::B", "Could not find the specified handler assembly with the file name 'Missing'"),
        ("Shapes::A::B", "Unable to load type 'A' from assembly 'Shapes'."),
        (
            "Shapes::Some.Where.Shapes::B",
            "Unable to find method 'B' in type 'Some.Where.Shapes' from assembly 'Shapes': Found no",
        ),
        (
            "Shapes::Some.Where.Shapes::Three",
            "Method 'Three' of type 'Some.Where.Shapes' is not supported: the method has more than 2",
        ),
        ("Shapes::Some.Where.Shapes::NotContext", "the second parameter is not of type 'Amazon.Lambda.Core.ILambdaContext'"),
        (
            "Shapes::Some.Where.Shapes::Twice",
            "The method 'Twice' in type 'Some.Where.Shapes' appears to have a number of overloads",
        ),
        ("Shapes::Some.Where.Shapes::Void", "because it is an 'async void' method"),
        ("Shapes::Some.Where.Shapes::Generic", "because it is a generic method"),
        ("Shapes::Some.Where.Half::Go", "because its type 'Some.Where.Half' is abstract"),
    ],
)
def test_a_handler_that_cannot_be_one_fails_the_init_phase(shapes: Deployed, handler: str, message: str) -> None:
    """With AWS's type and words."""
    if "::" not in handler:
        handler = "Shapes::"
        message = "Invalid lambda function handler: 'Shapes::'"
    with shapes.running(_HANDLER=handler) as environment:
        assert environment.first is not None
        assert environment.first.kind == frames.FAILED
        found = environment.first.value
        assert isinstance(found, dict)
        assert found["errorType"] == "LambdaValidationException"
        assert message in found["errorMessage"]


def test_a_package_s_own_library_goes_before_ours(tmp_path: Path) -> None:
    """A publish folder brings Amazon.Lambda.Core; the runtime gives its handler that one's context."""
    core = (Path(__file__).parents[3] / "jlambda/runtimes/dotnet/client/core/Context.cs").read_text()
    (tmp_path / "core").mkdir()
    their = core.replace("string TraceId => null;", 'string TraceId => "theirs";')
    logging = (Path(__file__).parents[3] / "jlambda/runtimes/dotnet/client/core/Logging.cs").read_text()
    serializer = (Path(__file__).parents[3] / "jlambda/runtimes/dotnet/client/core/Serializer.cs").read_text()
    files = {"Context.cs": their, "Logging.cs": logging, "Serializer.cs": serializer}
    files["Dummy.cs"] = "public class Dummy { public int Handler(int e) => e; }"
    Deployed(tmp_path / "core", "dotnet", files, "Amazon.Lambda.Core::Dummy::Handler")
    library = tmp_path / "core" / "task" / "Amazon.Lambda.Core.dll"
    found = 'typeof(ILambdaContext).Assembly.Location.Contains("/task/")'
    text = f"using Amazon.Lambda.Core;\npublic class Function {{ public bool Handler(ILambdaContext c) => {found}; }}"
    (tmp_path / "f").mkdir()
    function = Deployed(tmp_path / "f", "dotnet", {"Function.cs": text})
    assert function.answers({}) == [False]
    (tmp_path / "f" / "task" / "Amazon.Lambda.Core.dll").write_bytes(library.read_bytes())
    assert function.answers({}) == [True]
