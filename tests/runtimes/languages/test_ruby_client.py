"""What a function in Ruby sees and says: handlers, the context, errors, logs and layers, all as AWS's runtime."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jlambda.model import frames
from jlambda.runtimes.language import on_path
from tests.conftest import need
from tests.runtimes.languages.bridged import Deployed
from tests.runtimes.running import DEADLINE_MS, FUNCTION_ARN, REQUEST_ID

FUNCTION = """require 'logger'
LOG = Logger.new($stdout)

class Refused < StandardError; end

def lambda_handler(event:, context:)
  __send__(event['do'], context)
end

def refuse(_) = raise(Refused, 'no näme')
def misspell(_) = mispelt
def leave(_) = exit(3)
def sink(_) = sink(_)
def log(_) = LOG.info('hällo')
def bytes(_) = StringIO.new("\\xff raw")
def not_json(_) = "\\xff"

def fields(context)
  %i[aws_request_id deadline_ms function_name function_version identity invoked_function_arn log_group_name
     log_stream_name memory_limit_in_mb client_context].to_h { |name| [name, context.public_send(name)] }
end

def time(context) = [context.get_remaining_time_in_millis, context.clock_diff]

at_exit { puts 'goodbye' }
"""


@pytest.fixture(autouse=True)
def ruby() -> None:
    need(bool(on_path("ruby")), "Ruby")


@pytest.fixture
def function(tmp_path: Path) -> Deployed:
    return Deployed(tmp_path, "ruby", {"lambda_function.rb": FUNCTION})


@pytest.mark.parametrize(
    ("file", "source", "handler"),
    [
        ("app.rb", "def go(event:, context:) = event", "app.go"),
        ("app.rb", "class App\n  def self.go(event:, context:) = event\nend", "app.App.go"),
        ("app.rb", "module A\n  class B\n    def self.go(event:, context:) = event\n  end\nend", "app.A::B.go"),
        ("lib/app.rb", "def go(event:, context:) = event", "lib/app.go"),
        ("lib/app.rb", "def go(**given) = given[:event]", "lib/app.go"),
    ],
)
def test_the_handler_string_names_a_method(tmp_path: Path, file: str, source: str, handler: str) -> None:
    """Of the file, or of a class or module in it."""
    assert Deployed(tmp_path, "ruby", {file: source}, handler).answers({"é": [1, None]}) == [{"é": [1, None]}]


def test_the_context_has_awss_fields(function: Deployed) -> None:
    """All of them, and the time that is left."""
    fields, (left, difference) = function.answers({"do": "fields"}, {"do": "time"})
    assert fields == {
        "aws_request_id": REQUEST_ID,
        "deadline_ms": DEADLINE_MS,
        "function_name": "f",
        "function_version": "$LATEST",
        "identity": None,
        "invoked_function_arn": FUNCTION_ARN,
        "log_group_name": "/aws/lambda/f",
        "log_stream_name": "2026/11/24/[$LATEST]abc",
        "memory_limit_in_mb": "128",
        "client_context": None,
    }
    assert 0 < left < DEADLINE_MS
    assert isinstance(difference, int)


def test_client_context_and_identity_are_parsed(function: Deployed) -> None:
    """They come as JSON."""
    with function.running() as environment:
        extra = {"client_context": '{"custom": {"k": "é"}}', "cognito_identity": '{"cognitoIdentityId": "i"}'}
        reply = environment.invoke({"do": "fields"}, extra=extra)
    assert reply is not None
    assert isinstance(reply.value, dict)
    assert reply.value["client_context"] == {"custom": {"k": "é"}}
    assert reply.value["identity"] == {"cognitoIdentityId": "i"}


def test_an_error_is_awss_document_and_the_environment_goes_on(function: Deployed) -> None:
    """Its type is that of the exception, in the function's phase; the stack has the function's frames alone."""
    with function.running() as environment:
        reply = environment.invoke({"do": "refuse"})
        assert reply is not None
        assert reply.kind == frames.ERROR
        document = reply.value
        assert isinstance(document, dict)
        assert (document["errorType"], document["errorMessage"]) == ("Function<Refused>", "no näme")
        stack = document["stackTrace"]
        assert re.fullmatch(r"/var/task/lambda_function\.rb:10:in [`'](Object#)?refuse'", stack[0])
        assert len(stack) == 2
        log = "\n".join(environment.events())
        assert log.startswith("Error raised from handler method\n{\n")
        assert json.loads(log.partition("\n")[2]) == document
        assert environment.invoke({"do": "time"}) is not None


@pytest.mark.parametrize(
    ("what", "error_type", "message"),
    [
        ("misspell", "NameError", "mispelt"),
        ("leave", "SystemExit", "exit"),
        ("sink", "SystemStackError", "stack level too deep"),
    ],
)
def test_a_critical_error_ends_the_process(function: Deployed, what: str, error_type: str, message: str) -> None:
    """Its document is the answer first, and what `at_exit` was given still runs."""
    with function.running() as environment:
        reply = environment.invoke({"do": what})
        assert reply is not None
        document = reply.value
        assert isinstance(document, dict)
        assert document["errorType"] == f"Function<{error_type}>"
        assert message in document["errorMessage"]
        assert 0 < len(document["stackTrace"]) <= 100
        assert environment.close() == 255
        assert environment.events()[0] == "Critical exception from handler"
        assert environment.events()[-1] == "goodbye"


def test_a_missing_method_fails_its_first_invocation(tmp_path: Path) -> None:
    """AWS's runtime looks for it no earlier."""
    (document,) = Deployed(tmp_path, "ruby", {"app.rb": "1"}, "app.nope").answers({})
    assert document["errorType"] == "Function<NoMethodError>"
    assert re.fullmatch(r"undefined method `nope' for #<LambdaHandler:0x[0-9a-f]+>", document["errorMessage"])


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        ("require 'not/there'", "app.go", "LoadError", "cannot load such file -- not/there"),
        ("def go(event:, context:) = 1", "other.go", "LoadError", "cannot load such file -- other"),
        ("raise 'early'", "app.go", "RuntimeError", "early"),
        ("exit", "app.go", "SystemExit", "exit"),
        ("eval 'def ('", "app.go", "SyntaxError", "syntax error"),
        ("def go(event:, context:) = 1", "app.a.b.go", "ArgumentError", "Invalid handler"),
    ],
)
def test_an_error_of_the_init_phase_is_awss_document(
    tmp_path: Path, source: str, handler: str, error_type: str, message: str
) -> None:
    """Whatever ends the loading of the file, `exit` included."""
    with Deployed(tmp_path, "ruby", {"app.rb": source}, handler).running() as environment:
        first = environment.first
        assert first is not None
        assert first.kind == frames.FAILED
        document = first.value
        assert isinstance(document, dict)
        assert document["errorType"] == f"Init<{error_type}>"
        assert message in document["errorMessage"]
        assert environment.close() == 252
        assert environment.events()[0] == f"Init error when loading handler {handler}"


def test_loggers_write_awss_format(function: Deployed) -> None:
    """With the request's id, and in JSON if the function logs JSON."""
    with function.running() as environment:
        environment.invoke({"do": "log"})
        stamp = r"I, \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} #\d+\]"
        assert re.fullmatch(rf"{stamp}  INFO {REQUEST_ID} -- : hällo", environment.events()[-1])
    with function.running(AWS_LAMBDA_LOG_FORMAT="JSON") as environment:
        environment.invoke({"do": "log"})
        record = json.loads(environment.events()[-1])
        del record["timestamp"]
        assert record == {"level": "INFO", "message": "hällo", "requestId": REQUEST_ID}
    with function.running(AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="WARN") as environment:
        environment.invoke({"do": "log"})
        assert environment.events() == []


def test_errors_are_one_record_in_json_logs(function: Deployed) -> None:
    """The document, with level, time and request."""
    with function.running(AWS_LAMBDA_LOG_FORMAT="JSON") as environment:
        environment.invoke({"do": "refuse"})
        record = json.loads(environment.events()[-1])
        assert (record["level"], record["errorType"], record["requestId"]) == ("ERROR", "Function<Refused>", REQUEST_ID)


def test_an_io_is_answered_as_it_is(function: Deployed) -> None:
    """Bytes that are not JSON, and a string that cannot be JSON is an error."""
    with function.running() as environment:
        reply = environment.invoke({"do": "bytes"})
        assert reply is not None
        assert (reply.kind, reply.body) == (frames.RAW, b"\xff raw")
        failed = environment.invoke({"do": "not_json"})
        assert failed is not None
        assert isinstance(failed.value, dict)
        assert failed.value["errorType"] == "Function<JSON::GeneratorError>"


def test_layers_hold_code_and_gems(tmp_path: Path) -> None:
    """Code in ruby/lib, gems in ruby/gems of the version that runs or of the one that they were made for."""
    source = "require 'shared'\nrequire 'stone'\ndef lambda_handler(event:, context:) = [SHARED, STONE]"
    function = Deployed(tmp_path, "ruby", {"lambda_function.rb": source})
    spec = "Gem::Specification.new('stone', '1.2') { |s| s.files = ['lib/stone.rb']; s.summary = s.author = 'x' }\n"
    gems = "ruby/gems/3.4.0"
    function.add_layer(
        {
            "ruby/lib/shared.rb": "SHARED = 1\n",
            f"{gems}/specifications/stone-1.2.gemspec": spec,
            f"{gems}/gems/stone-1.2/lib/stone.rb": "STONE = Gem.loaded_specs['stone'].version.to_s\n",
        }
    )
    assert function.answers({}) == [[1, "1.2"]]
