"""What a function in Java sees and says: handlers, binding, the context, errors and logs, all as AWS's runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jlambda.model import frames
from jlambda.runtimes.language import on_path
from tests.conftest import need
from tests.runtimes.languages.bridged import Bridged, Deployed
from tests.runtimes.running import DEADLINE_MS, FUNCTION_ARN, REQUEST_ID

IMPORTS = """import com.amazonaws.services.lambda.runtime.*;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.*;
import java.math.*;
import java.time.*;
import java.util.*;
"""
FUNCTION = (
    IMPORTS
    + """
public class Function implements RequestHandler<Map<String, Object>, Object> {
    static int calls;

    static class Refused extends RuntimeException {
        Refused(String message, Throwable cause) { super(message, cause); }
    }

    static class Itself {
        public Itself getSelf() { return this; }
    }

    public Object handleRequest(Map<String, Object> event, Context context) {
        switch ((String) event.get("do")) {
            case "fields": return fields(context);
            case "identity": return identity(context);
            case "refuse": throw new Refused("no n\\u00e4me", new IOException("disk"));
            case "silent": throw new IllegalStateException();
            case "exit": System.exit(3);
            case "sink": return sink(event);
            case "fill": List<byte[]> all = new ArrayList<>(); while (true) all.add(new byte[1 << 20]);
            case "itself": return new Itself();
            case "count": return ++calls;
            case "log": return log(context);
            case "trace": return System.getProperty("com.amazonaws.xray.traceHeader");
            default: return event;
        }
    }

    Object sink(Object deeper) { return sink(sink(deeper)); }

    Object log(Context context) {
        System.out.print("no end, ");
        System.out.println("h\\u00e4llo");
        System.err.println("err");
        context.getLogger().log("plain");
        context.getLogger().log("warned", LogLevel.WARN);
        context.getLogger().log("bytes".getBytes());
        LambdaRuntime.getLogger().log("fine", LogLevel.DEBUG);
        return null;
    }

    Object fields(Context c) {
        Map<String, Object> all = new TreeMap<>();
        all.put("id", c.getAwsRequestId()); all.put("group", c.getLogGroupName()); all.put("stream", c.getLogStreamName());
        all.put("name", c.getFunctionName()); all.put("version", c.getFunctionVersion());
        all.put("arn", c.getInvokedFunctionArn());
        all.put("memory", c.getMemoryLimitInMB()); all.put("left", c.getRemainingTimeInMillis());
        all.put("identity", c.getIdentity()); all.put("client", c.getClientContext()); all.put("tenant", c.getTenantId());
        return all;
    }

    Object identity(Context c) {
        ClientContext client = c.getClientContext();
        CognitoIdentity who = c.getIdentity();
        return List.of(who.getIdentityId(), who.getIdentityPoolId(), client.getCustom(), client.getEnvironment(),
            client.getClient().getAppTitle());
    }
}
"""
)
#: what the Runtime API is told where AWS's runtime names no type in the document
NO_TYPE = "Runtime.BadFunctionCode"


@pytest.fixture(scope="module", autouse=True)
def java() -> None:
    need(bool(on_path("javac")), "a JDK")


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return Deployed(tmp_path_factory.mktemp("java"), "java", {"Function.java": FUNCTION})


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
    assert 0 < found.pop("left") <= 2**31 - 1
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
    assert DEADLINE_MS > 2**31


def test_client_context_and_identity_are_parsed(environment: Bridged) -> None:
    """They come as JSON."""
    sent = '{"custom": {"k": "é"}, "env": {"e": 1}, "client": {"app_title": "t"}}'
    who = '{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}'
    assert answer(environment, "identity", client_context=sent, cognito_identity=who) == ["i", "p", {"k": "é"}, {"e": "1"}, "t"]


def test_an_error_is_awss_document_and_the_environment_goes_on(environment: Bridged) -> None:
    """Class names, frames without the runtime's own, and the cause; the log has the stack trace."""
    before = len(environment.events())
    count = answer(environment, "count")
    reply = environment.invoke({"do": "refuse"})
    assert reply is not None
    assert reply.kind == frames.ERROR
    document = reply.value
    assert isinstance(document, dict)
    assert (document["errorType"], document["errorMessage"]) == ("Function$Refused", "no näme")
    line = next(number for number, text in enumerate(FUNCTION.splitlines(), 1) if "new Refused(" in text)
    # the second is what the compiler made of the interface's generic method
    assert document["stackTrace"] == [
        f"Function.handleRequest(Function.java:{line})",
        "Function.handleRequest(Function.java:8)",
    ]
    assert document["cause"]["errorType"] == "java.io.IOException"
    log = "\n".join(environment.events()[before:])
    assert log.startswith(
        f"no näme: Function$Refused\nFunction$Refused: no näme\n\tat Function.handleRequest(Function.java:{line})"
    )
    assert "Caused by: java.io.IOException: disk" in log
    assert answer(environment, "count") == count + 1


@pytest.mark.parametrize(
    ("what", "error_type", "message"),
    [
        ("silent", "java.lang.IllegalStateException", "java.lang.IllegalStateException"),
        ("itself", "java.lang.RuntimeException", "An error occurred during JSON serialization of response"),
    ],
)
def test_other_errors(environment: Bridged, what: str, error_type: str, message: str) -> None:
    """A message that is missing is the class's name; a result that JSON cannot hold is an error of the runtime's."""
    found = answer(environment, what)
    assert (found["errorType"], found["errorMessage"]) == (error_type, message)


@pytest.mark.parametrize(("what", "error_type"), [("sink", "StackOverflowError"), ("fill", "OutOfMemoryError")])
def test_an_error_of_the_jvm_is_told_and_ends_the_process(function: Deployed, what: str, error_type: str) -> None:
    """As on AWS: what is left of the process is not to be trusted."""
    with function.running() as environment:
        found = answer(environment, what)
        assert found["errorType"] == f"java.lang.{error_type}"
        assert environment.invoke({"do": "count"}) is None


def test_logs(function: Deployed) -> None:
    """Standard output and error as they are; the logger's levels in front, and only those that are wanted."""
    with function.running() as environment:
        answer(environment, "log")
        expected = ["no end, hällo", "err", "plain", "[WARN] warned", "bytes", "[DEBUG] fine"]
        assert [line for event in environment.events() for line in event.splitlines()] == expected
    with function.running(AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="INFO") as environment:
        answer(environment, "log")
        lines = [line for event in environment.events() for line in event.splitlines()]
        records = [json.loads(line) for line in lines if line.startswith("{")]
        assert [(each["level"], each["message"]) for each in records] == [
            ("UNDEFINED", "plain"),
            ("WARN", "warned"),
            ("UNDEFINED", "bytes"),
        ]
        assert {each["AWSRequestId"] for each in records} == {REQUEST_ID}


def test_the_heap_fits_the_memory_unless_java_tool_options_say_otherwise(tmp_path: Path) -> None:
    """A function may choose its own heap, collector and compiler."""
    source = (
        IMPORTS
        + """
public class Function {
    public List<Object> handleRequest() {
        String collector = java.lang.management.ManagementFactory.getGarbageCollectorMXBeans().get(0).getName();
        return List.of(Runtime.getRuntime().maxMemory() >> 20, collector);
    }
}
"""
    )
    function = Deployed(tmp_path, "java", {"Function.java": source})
    (own,) = function.answers({}, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512")
    assert 360 < own[0] < 388
    assert own[1] == "Copy"
    (chosen,) = function.answers({}, JAVA_TOOL_OPTIONS="-Xmx100m -XX:+UseParallelGC")
    assert chosen[0] < 101
    assert chosen[1].startswith("PS ")


@pytest.mark.parametrize(
    ("body", "handler", "event", "expected"),
    [
        ("public String handleRequest(String e) { return e + e; }", None, "é", "éé"),
        ("public int go(int e, Context c) { return e + 1; }", "Function::go", 41, 42),
        ("public static int go(Integer e) { return e; }", "Function::go", "7", 7),
        ("public void go(List<Long> e) { if (e.get(0) + 1 != 3) throw new Error(); }", "Function::go", [2], None),
        ('public String go() { return "none"; }', "Function::go", {}, "none"),
        ("public String go(Context c) { return c.getFunctionName(); }", "Function::go", {}, "f"),
        (
            "public void go(InputStream in, OutputStream out) throws IOException { in.transferTo(out); }",
            "Function::go",
            [1],
            [1],
        ),
        (
            "public void go(InputStream in, OutputStream out, Context c) throws IOException { out.write(in.readAllBytes()); }",
            "Function::go",
            [1],
            [1],
        ),
        ("public int go(int e) { return 1; } public int go(int e, Context c) { return 2; }", "Function::go", 0, 2),
    ],
)
def test_signatures(tmp_path: Path, body: str, handler: str | None, event: object, expected: object) -> None:
    """Events, streams and contexts, in any of AWS's combinations; of several methods the one that takes more."""
    source = f"{IMPORTS}\npublic class Function {{ {body} }}\n"
    assert Deployed(tmp_path, "java", {"Function.java": source}, handler).answers(event) == [expected]


def test_interfaces_and_packages(tmp_path: Path) -> None:
    """A class alone is enough where it implements an interface, also through a generic parent."""
    files = {
        "a/Base.java": f"package a;\n{IMPORTS}\npublic abstract class Base<T> implements RequestHandler<T, List<T>> {{ }}",
        "a/App.java": f"""package a;
{IMPORTS}
public class App extends Base<App.Point> {{
    public record Point(int x, List<Integer> rest) {{ }}
    public List<Point> handleRequest(Point event, Context context) {{ return List.of(event, event); }}
}}""",
        "Streamed.java": f"""{IMPORTS}
public class Streamed implements RequestStreamHandler {{
    public void handleRequest(InputStream in, OutputStream out, Context c) throws IOException {{ in.transferTo(out); }}
}}""",
    }
    point = {"x": 1, "rest": [2]}
    folders = iter([tmp_path / "1", tmp_path / "2", tmp_path / "3"])

    def run(handler: str, event: object) -> list[Any]:
        folder = next(folders)
        folder.mkdir()
        return Deployed(folder, "java", files, handler).answers(event)

    assert run("a.App", point) == [[point, point]]
    assert run("a.App::handleRequest", point) == [[point, point]]
    assert run("Streamed", point) == [point]


@pytest.mark.parametrize(
    ("handler", "error_type", "message"),
    [
        ("a.Missing::go", "java.lang.ClassNotFoundException", "Class not found: a.Missing"),
        (
            "Function::missing",
            NO_TYPE,
            "No public method named missing with appropriate method signature found on class Function",
        ),
        ("String", "java.lang.ClassNotFoundException", "Class not found: String"),
        ("java.lang.String", NO_TYPE, "Class does not implement an appropriate handler interface: java.lang.String"),
        ("::go", NO_TYPE, "Invalid handler: `::go'"),
    ],
)
def test_a_handler_that_is_not_there_fails_every_invocation(
    function: Deployed, handler: str, error_type: str, message: str
) -> None:
    """With AWS's words."""
    with function.running(_HANDLER=handler) as environment:
        for _ in range(2):
            found = answer(environment, "count")
            assert (found["errorType"], found["errorMessage"]) == (error_type, message)


@pytest.mark.parametrize(
    ("body", "error_type", "message"),
    [
        ('public Function() { throw new IllegalStateException("no start"); }', "java.lang.IllegalStateException", "no start"),
        ('static { if (true) throw new Error("static"); }', "java.lang.Error", "Error loading class Function: static"),
    ],
)
def test_a_constructor_that_fails_fails_the_init_phase(tmp_path: Path, body: str, error_type: str, message: str) -> None:
    """As does what runs when the class is loaded."""
    source = f"public class Function {{ {body} public int handleRequest() {{ return 1; }} }}"
    with Deployed(tmp_path, "java", {"Function.java": source}).running() as environment:
        assert environment.first is not None
        assert environment.first.kind == frames.FAILED
        found = environment.first.value
        assert isinstance(found, dict)
        assert (found["errorType"], found["errorMessage"]) == (error_type, message)
