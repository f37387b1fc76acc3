"""Node.js: what a cell may be, errors and logs as AWS's runtime writes them, callbacks, streaming, layers' paths."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import pytest

import jlambda
from jlambda.errors import CodeError
from jlambda.handle import Function
from jlambda.runtimes.language import numbers
from jlambda.runtimes.languages import language_of
from tests.conftest import need


@pytest.fixture
def deploy(session: jlambda.Session):  # type: ignore[no-untyped-def]
    """Deploys JavaScript."""
    need(bool(language_of("nodejs").tools()), language_of("nodejs").install)

    def make(source: str | Path, **options: object) -> Function:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return session.deploy(source, "js", **{"runtime": "nodejs", "memory": 1769, "timeout": 10, **options})  # type: ignore[arg-type]

    return make


MODULES = {
    "CommonJS": "const { EOL } = require('node:os');\nexports.handler = async () => EOL;",
    "ES module": "import { EOL } from 'node:os';\nexport const handler = async () => EOL;",
    "top-level await": "const end = await Promise.resolve('\\n');\nexport const handler = async () => end;",
    "export default": "export default { handler: async () => '\\n' };",
    "callback": "exports.handler = (event, context, callback) => setTimeout(() => callback(null, '\\n'), 5);",
    "context.succeed": "exports.handler = (event, context) => { setTimeout(() => context.succeed('\\n'), 5); };",
    "another name": "export async function main() { return '\\n'; }",
    "plain return": "exports.handler = () => '\\n';",
}


@pytest.mark.parametrize("source", MODULES.values(), ids=MODULES)
def test_what_a_cell_may_be(deploy, source: str) -> None:  # type: ignore[no-untyped-def]
    """A cell is a module of either kind, and its handler a function of any of the shapes that AWS takes."""
    function = deploy(source)
    assert [function(), function()] == ["\n", "\n"]


def test_typescript_runs_where_node_runs_it(deploy) -> None:  # type: ignore[no-untyped-def]
    """On a Node.js that leaves types out; an older one says which is new enough."""
    source = "export const handler = async (event: { n: number }): Promise<number> => event.n + 1;\n"
    (tool, *_) = language_of("nodejs").tools()
    if numbers(tool.version) >= (22, 18):
        assert deploy(source)({"n": 1}) == 2
        with pytest.raises(CodeError, match=r"^Cell In\[7\], line 2: SyntaxError.*: Unexpected token `=`"):
            deploy(source + "const = 2;\n", origin="Cell In[7]")
        with pytest.raises(CodeError, match=r"^Cell In\[7\], line 2: SyntaxError.*enum is not supported"):
            deploy(source + "enum A { X }\n", origin="Cell In[7]")
    else:
        with pytest.raises(CodeError, match=r"runs JavaScript; for TypeScript install 22\.18 or newer"):
            deploy(source, runtime=tool.runtime)


@pytest.mark.parametrize(
    ("source", "line"), [("\nexports.handler = (;\n", 2), ("\nexport const a = 1;\n\nexport const = 2;\n", 4)]
)
def test_a_syntax_error_shows_the_cell_s_line(deploy, source: str, line: int) -> None:  # type: ignore[no-untyped-def]
    """Before anything is deployed."""
    with pytest.raises(CodeError, match=rf"^Cell In\[7\], line {line}: SyntaxError: Unexpected token"):
        deploy(source, origin="Cell In[7]")


def test_a_callback_waits_for_an_empty_event_loop_unless_told_not_to(deploy) -> None:  # type: ignore[no-untyped-def]
    """As on AWS: the answer is sent once nothing is left to do."""
    source = (
        "exports.handler = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = event;\n"
        "setTimeout(() => {}, 2000); callback(null, 1); };"
    )
    function = deploy(source)
    function(False)
    assert function.invoke(True).record.duration_ms >= 2_000
    assert function.invoke(False).record.duration_ms < 2_000


@pytest.mark.parametrize(
    ("source", "handler", "document"),
    [
        ("exports.other = 1;", "index.handler", ("Runtime.HandlerNotFound", "index.handler is undefined or not exported")),
        ("exports.handler = 1;", "index.handler", ("Runtime.HandlerNotFound", "index.handler is not a function")),
        ("exports.handler = 1;", "nothing", ("Runtime.MalformedHandlerName", "Bad handler")),
        ("exports.handler = 1;", "other.handler", ("Runtime.ImportModuleError", "Error: Cannot find module 'other'")),
        ("require('not-there');", "index.handler", ("Runtime.ImportModuleError", "Error: Cannot find module 'not-there'")),
        ("throw new TypeError('no luck');", "index.handler", ("TypeError", "no luck")),
    ],
)
def test_init_errors(deploy, source: str, handler: str, document: tuple[str, str]) -> None:  # type: ignore[no-untyped-def]
    """Types and messages are AWS's, with a trace."""
    found = json.loads(deploy(source, handler=handler).invoke().payload)
    assert found["errorType"] == document[0]
    assert found["errorMessage"].split("\n")[0] == document[1]
    assert isinstance(found["trace"], list)


def test_errors_of_every_kind(deploy) -> None:  # type: ignore[no-untyped-def]
    """Thrown, rejected, called back, not an Error at all, or nobody's: the document is AWS's."""
    function = deploy("""
exports.handler = (event, context, callback) => {
  if (event === 'thrown') throw new RangeError('boom');
  if (event === 'called back') callback(new RangeError('boom'));
  if (event === 'text') return Promise.reject('boom');
  if (event === 'circular') { const it = {}; it.it = it; return Promise.resolve(it); }
  if (event === 'nobody') setTimeout(() => { throw new RangeError('boom'); }, 1);
  if (event === 'unhandled') { Promise.reject(new RangeError('boom')); return new Promise((r) => setTimeout(r, 1000)); }
};
""")
    for event in ("thrown", "called back"):
        found = json.loads(function.invoke(event).payload)
        assert (found["errorType"], found["errorMessage"]) == ("RangeError", "boom")
        assert found["trace"][0] == "RangeError: boom"
        assert re.fullmatch(r"    at exports\.handler \(/var/task/index\.js:\d+:\d+\)", found["trace"][1])
    assert json.loads(function.invoke("text").payload) == {"errorType": "string", "errorMessage": "boom", "trace": []}
    assert function.invoke("circular").record.error_type == "Runtime.MarshalError"
    assert function.invoke("nobody").record.error_type == "RangeError"
    unhandled = json.loads(function.invoke("unhandled").payload)
    assert (unhandled["errorType"], unhandled["errorMessage"]) == ("Runtime.UnhandledPromiseRejection", "RangeError: boom")


LOGS = """
exports.handler = async () => {
  console.log('one %s', 'two', { a: 1 });
  console.warn('several\\nlines');
  console.debug('hidden?');
  console.error(new RangeError('boom'));
};
"""


def test_console_in_text(deploy) -> None:  # type: ignore[no-untyped-def]
    """Time, request id, level and message with tabs between; a call is one event, whatever lines it has."""
    invocation = deploy(LOGS).invoke()
    messages = [event.message.split("\t", 3) for event in invocation.logs if "\t" in event.message[:30]]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z", at) for at, *_ in messages)
    assert {request_id for _, request_id, *_ in messages} == {invocation.record.request_id}
    assert [(level, text.split("\n    at")[0]) for _, _, level, text in messages] == [
        ("INFO", "one two { a: 1 }"),
        ("WARN", "several\nlines"),
        ("DEBUG", "hidden?"),
        ("ERROR", "RangeError: boom"),
    ]


def test_console_in_json(deploy) -> None:  # type: ignore[no-untyped-def]
    """An object a line, levels below the one that is set left out, errors taken apart."""
    invocation = deploy(LOGS, env={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}).invoke()
    lines = [json.loads(event.message) for event in invocation.logs if event.message.startswith("{")]
    assert [(line["level"], line["requestId"]) for line in lines] == [
        (level, invocation.record.request_id) for level in ("INFO", "WARN", "ERROR")
    ]
    assert [line["message"].split("\n    at")[0] for line in lines] == [
        "one two { a: 1 }",
        "several\nlines",
        "RangeError: boom",
    ]
    assert (lines[2]["errorType"], lines[2]["errorMessage"]) == ("RangeError", "boom")
    assert list(lines[0]) == ["timestamp", "level", "requestId", "message"]


def test_a_response_is_streamed(deploy) -> None:  # type: ignore[no-untyped-def]
    """`awslambda.streamifyResponse` sends what is written, of any size; an HTTP prelude comes before the body."""
    function = deploy("""
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event === 'early') throw new RangeError('boom');
  if (event === 'http') stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  for (let i = 0; i < 100; i++) stream.write(event === 'large' ? 'x'.repeat(100000) : `${i},`);
  if (event === 'late') throw new RangeError('boom');
  stream.end();
});
""")
    text = "".join(f"{i}," for i in range(100)).encode()
    assert function.invoke("plain").payload == text
    assert len(function.invoke("large").payload) == 10_000_000
    assert function.invoke("http").payload == b'{"statusCode":201}' + bytes(8) + text
    for event in ("early", "late"):
        assert function.invoke(event).record.error_type == "RangeError"
    assert function.invoke("plain").payload == text


def test_packages_beside_the_code_and_handlers_in_folders(deploy, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A folder as AWS takes it: node_modules, package.json, any handler string."""
    root = tmp_path / "bundle"
    (root / "node_modules" / "left").mkdir(parents=True)
    (root / "node_modules" / "left" / "index.js").write_text("module.exports = (text) => `<${text}>`;")
    (root / "src").mkdir()
    (root / "src" / "app.js").write_text("import left from 'left';\nexport const api = { get: async (e) => left(e) };")
    (root / "package.json").write_text('{"type": "module"}')
    assert deploy(root, handler="src/app.api.get")("a") == "<a>"


def test_variables_are_those_of_aws(deploy) -> None:  # type: ignore[no-untyped-def]
    """NODE_PATH leads to layers first."""
    function = deploy("exports.handler = async () => process.env.NODE_PATH;")
    major = language_of("nodejs").tools()[0].runtime.removeprefix("nodejs").removesuffix(".x")
    expected = f"/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:"
    assert function().startswith(expected)
    assert function.invoke().logs[0].message.startswith("START")
    assert deploy("exports.handler = async () => 1;").invoke().logs[0].message.startswith("INIT_START Runtime Version: nodejs:")
