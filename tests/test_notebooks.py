"""Every notebook runs in a real kernel, and shows what it promises."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from jlambda.notebook.quickstart import run_notebook
from jlambda.runtimes.languages import language_of
from tests.conftest import need

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

_SIX = ("python", "node", "ruby", "go", "java", "csharp")
#: the languages that a notebook needs to be there
_LANGUAGES = {"09-languages": ("nodejs", "ruby", "go", "java", "dotnet")}
#: one counts how often a thread runs in half a second
_MARKS = {"02-life-of-an-environment": pytest.mark.measures}
#: what each notebook's output has, in this order
PROMISES = {
    # real weather, a cold and a warm call, a failure with the cell's line, a timeout, and frames of all that
    "01-first-function": (
        r"48 months",
        r"'mean_high_c': 7\.1",  # January 2012
        r"took +[\d.]+ ms \(warm start\)",
        r"Cell In\[\d+\], line 12, in handler",
        r"could not convert string to float: 'T'",
        r"Task timed out after 1\.00 seconds",
        r"took +[\d.]+ ms \(cold start, init [\d.]+ ms\)",
        r"REPORT RequestId:",
    ),
    # cold and warm, globals and /tmp, frozen, killed in three ways and replaced
    "02-life-of-an-environment": (
        r'"calls": 1, "diary": \["first"\]',
        r"took +[\d.]+ ms \(cold start, init [5-9]\d\d\.\d+ ms\)",
        r'"calls": 2, "diary": \["first", "second"\]',
        r"took +[\d.]+ ms \(warm start\)",
        r"'calls': 3, 'diary': \['first', 'second', 'third'\]",
        r"'calls': 1, 'diary': \['fourth'\]",
        r"during a call of half a second: [2-5]\d\n",
        r"during a second without a call: 1?\d\n",
        r"mortal  timeout\n.* Task timed out after 3\.00 seconds",
        r'"calls": 1, "diary": \["well", "still-well", "wait", "after-wait"\]',
        r"mortal  out_of_memory\n.* signal: killed\n.*\n.* 128 of 128 MB",
        r"mortal  error\n.* exit status 3",
        r"'grow',\s+'exit',\s+'after-all'\]",
        r"\{'is there a diary': False\}",
        r"\{'life': 2, 'mortal': 2, 'pulse': 1\}",
        r"λ doctor  functions run",
        r"frozen when idle +yes",
    ),
    # files that start a function, one at a time and 48 at once, a table, and one that fails three times and is told of
    "03-s3-events": (
        r"48 files; the first is in/Seattle 2012-01\.csv",
        r"triggers +s3://weather-reports/in/\*\.csv\n +made +bucket weather-reports",
        r"0 +s3 +success +True",
        r"in/Seattle 2012-01\.csv: 31 days, 1065 bytes",
        r"clean/Seattle 2012-01\.csv \d+\nin/Seattle 2012-01\.csv 1065",
        r"'key': 'in/Seattle\+2012-01\.csv'",
        r"49 invocations in \d+ environments\n\{'success': 49",
        r"48 months\n",
        r"2015-12 +284\.5",
        r"clean-report +retrying +1",
        r"(\d+ +[123] +error +KeyError\s+){3}",
        r"RetriesExhausted after 3 attempts\nKeyError 'precipitation'\nin/Seattle\+2016-01\.csv",
        r"clean-report +s3://weather-reports/in/\*\.csv +Enabled +cell",
        r"'FilterRules'",
    ),
    # a batch window, one bad message that takes its batch along and then does not, a stream's summary, bisecting, a checkpoint
    "04-streams-and-queues": (
        r"365 messages; the first is",
        r"triggers +sqs:readings\?window=1",
        r"batch of 3\n",
        r"365 days stored by \d+ invocations in \d+ environments",
        r"(sqs +error +JSONDecodeError[^\n]*\s+\d* *){2}",
        r'"2016/01/01"[^\n]*\n\{"date": "2016/01/02", "precipitation": "0\.3", "temp_m\n\{"date": "2016/01/03"',
        r"receive 1: Unterminated string[^\n]*\n2 of 3 stored\nreceive 2: Unterminated string[^\n]*\n0 of 1 stored",
        r'"precipitation": "0\.3", "temp_m\n',
        r"2015-12 +31 +284\.5 +8\.4\n2016-01 +2 +1\.5",
        r"days +30\.0 +29\.0\nrain_mm +5\.9 +45\.9",
        r"2016-02-01 +2016-02-08 +8 +error +KeyError",
        r"2016-02-05 +2016-02-05 +1 +success",
        r"(2016-02-06 +2016-02-06 +1 +error +KeyError\n\d+ +){2}2016-02-07 +2016-02-08 +2 +success",
        r"RetryAttemptsExhausted after 2 attempts",
        r"'rain_mm': \{'S': 'a lot'\}",
        r"7 days in the summary\n",
        r"28 days in the summary\n",
        r"2016-03 +7 +42\.0",
        r"(2016-03-\d\d +6 +True [^\n]*\n?){7}",
        r"summarise +dynamodb:days\?bisect&on_failure=sqs:given-up&parallel=4",
    ),
    # routes, statuses of function and gateway, an authorizer that is asked twice, CORS, a function URL
    "05-http-api": (
        r"31 days",
        r"GET /days/\{date\} is at http://127\.0\.0\.1:\d+/_execute-api/",
        r'"routeKey": "GET /days/\{date\}"',
        r'HTTP/1\.1 200 OK\n[^{]*\{"date": "2015-12-08", "rain_mm": 54\.1',
        r"'2015-12-11', '2015-12-13'",
        r"GET /days/2015-12-08 +200.*\n.*GET /days/1815-12-08 +404.*\n.* 400 .*\n.* 201 .*\n.*DELETE /days/2016-01-01 +404",
        r"500 \{\"message\":\"Internal Server Error\"\}\n.*TypeError: list indices",
        r" 401 .*\n.* 403 .*\n.* 201 .*\n.* 201 ",
        r"2 questions to the doorkeeper\nit was \{'observer': 'Ada'\}",
        r"204 \{'access-control-allow-origin': 'https://umbrella\.example', 'access-control-allow-methods': 'GET,PUT'\}",
        r"made +function URL http://127\.0\.0\.1:\d+/_lambda-url/",
        r"set-cookie: seen=yes",
        r"doorkeeper +http +2 +0",
        r"postcard +url +1 +0",
        r"weather +PUT /days/\{date\} +Enabled",
    ),
    # a retry on the moved clock, a repair in time, destinations, what runs twice, and the same once it is idempotent
    "06-asynchronous": (
        r"<EventHandle [-0-9a-f]{36} pending>",
        r"success at attempt 1",
        r"waiting for 1 event to be tried again, the next in",
        r"charge\s+retrying\s+1",
        r"ahead +1 minute of real time",
        r"charge\s+dead\s+3",
        r"(?s)1\s+error\s+ValueError.*2\s+error\s+ValueError.*3\s+error\s+ValueError",
        r"success at attempt 2",
        r"shipping order 4\nsorry, order 5: RetriesExhausted after 2 attempts, could not convert string to float: 'a lot'",
        r"\{\"order\": 6, \"amount\": \"nothing\"\}\ncould not convert string to float: 'nothing'",
        r"λ chaos charge +on",
        r"λ chaos charge +off",
        r"of these +6 twice · 5 killed",
        r'\{"order": 122, "amount": "10\.00"\} +23 +killed, retried · delivered twice +3',
        r"30 orders, 41 payments: 10 customers paid more than once",
        r"10 of 30 events ran more than once",
        r"30 orders, 30 payments: 0 customers paid more than once",
        r"it ran 16 times",
        r"dead\s+0\s+RecursiveInvocation",
    ),
    # scaling, a reservation, throttles, provisioned environments and what spills over
    "07-concurrency": (
        r"environments: 1\n",
        r"environments: 12\n",
        r"served: 3  throttled: 5",
        r"Rate Exceeded: shop \(ReservedFunctionConcurrentInvocationLimitExceeded\)",
        r"throttled +TooManyRequestsException",
        r"Rate Exceeded: shop \(Reserved",
        r"minimum value of \[100\]\. \(at most 900 can be reserved now\)",
        r"IN_PROGRESS\n",
        r"provisioned concurrency: READY\n +environments +4 of 4 initialised · 4 of them not at work",
        r"(?s)(False.*?){4}",
        r"None\n",
        r"5 ran, 2 refused: Rate Exceeded: small \(ConcurrentInvocationLimitExceeded\)",
    ),
    # one that computes, its bill at two sizes, its tuning; one that waits; one that hoards until it is killed; a flame, a bill
    "08-memory-cpu-cost": (
        r"124 days, 5\.0 mm on average",
        r'"low": 4\.0, "high": 6\.1',
        r"128 MB: \d+ ms    1769 MB: \d+ ms",
        r" 128 MB +\d+ ms billed  0\.\d{4} GB-s  \$0\.\d{10}\n 1769 MB ",
        r"128 MB +0\.07 .*\n(.*MB.*\n){3}1769 MB +1\.00 .*\n3008 MB +1\.70 ",
        r"Ratios carry over to AWS, milliseconds do not",
        r"times_as_fast +times_as_dear +usd_per_million",
        r"changed +(memory 1769 → \d+ MB|nothing)",
        r"128 MB +0\.07 +[3-9]\d\.\d+ ms .*cheapest",
        r"3[345] maps, [123] errors, the first: maps failed: .*signal: killed",
        r"Max Memory Used: 128 MB\nStatus: error\nError Type: Runtime\.OutOfMemory",
        r"init \d+ ms, handler \d+ ms",
        r"AWS's list prices for what ran here",
        *(rf"{name} +\d+\.\d" for name in ("ask +20", "bootstrap +40", "maps +36", "table +4")),
    ),
    # six languages that agree, what each takes, and a compiler's complaint with the cell's line
    "09-languages": (
        *(rf"primes_{name} +\[\('largest', 299993\), \('primes', 25997\)\]\n" for name in _SIX),
        r"init_ms +duration_ms +max_memory_mb +usd_per_million",
        *(rf"{name}( +[\d.]+){{4}}\n" for name in _SIX),
        r"CodeError: Cell In\[\d+\], line 4: ';' expected",
    ),
}


def executed(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a copy of the notebook; returns all its output as text."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    shutil.copytree(path.parent, folder, ignore=shutil.ignore_patterns(".*"))
    out = io.StringIO()
    status = run_notebook(folder / path.name, out, {"IPYTHONDIR": str(folder / ".ipython")})
    assert status == 0, out.getvalue()
    return out.getvalue()


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem, marks=_MARKS.get(path.stem, ())) for path in NOTEBOOKS])
def test_a_notebook_shows_what_it_promises(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell succeeds, or fails where it is meant to, and the output says what the text says."""
    for name in _LANGUAGES.get(path.stem, ()):
        language = language_of(name)
        need(bool(language.tools()), f"{language.name}: {language.install}")
    text = executed(path, tmp_path / "copy", monkeypatch)
    at = 0
    for promise in PROMISES[path.stem]:
        found = re.compile(promise).search(text, at)
        assert found, f"{promise!r} is missing from\n{text[at:]}"
        at = found.end()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_clean(path: Path) -> None:
    """Valid, without outputs, execution counts or metadata of whoever ran it last."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
