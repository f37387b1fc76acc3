"""AWS's own runtime clients in place of ours: what they do with our Runtime API is what they do on AWS."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

import jlambda
from jlambda import process
from jlambda.handle import Function
from jlambda.runtimes import builds
from tests.conftest import need

_PYTHON = """
import os, sys
count = 0
def handler(event, context):
    global count
    count += 1
    if event.get("fail"):
        raise LookupError("boom ☃")
    if event.get("large"):
        return "x" * 7_000_000
    if event.get("leave"):
        os._exit(3)
    return {"echo": event, "count": count, "arn": context.invoked_function_arn, "id": context.aws_request_id,
            "memory": context.memory_limit_in_mb, "left": context.get_remaining_time_in_millis() > 0}
"""


@pytest.fixture
def awslambdaric(session: jlambda.Session, tmp_path: Path) -> Function:
    """A function whose bootstrap is AWS's runtime interface client for Python."""
    need(importlib.util.find_spec("awslambdaric") is not None, "awslambdaric: pip install awslambdaric")
    package = tmp_path / "package"
    package.mkdir()
    (package / "lambda_function.py").write_text(_PYTHON)
    bootstrap = package / "bootstrap"
    bootstrap.write_text(f'#!/bin/sh\nexec {sys.executable} -m awslambdaric "$_HANDLER"\n')
    bootstrap.chmod(0o755)
    return session.deploy(package, "ric", runtime="provided.al2023", handler="lambda_function.handler", memory=1769, timeout=10)


def test_awslambdaric_is_served_as_on_aws(awslambdaric: Function) -> None:
    """Results, contexts, errors, limits and exits are those that AWS's client gives."""
    first = awslambdaric.invoke({"a": "é ☃"})
    assert first.error is None, first.error
    assert first.result == {
        "echo": {"a": "é ☃"},
        "count": 1,
        "arn": awslambdaric.arn,
        "id": first.record.request_id,
        "memory": "1769",
        "left": True,
    }
    failed = awslambdaric.invoke({"fail": True})
    assert json.loads(failed.payload)["stackTrace"][0].startswith('  File "/var/task/lambda_function.py", line 8, in handler')
    assert (failed.error.error_type, failed.error.message) == ("LookupError", "boom ☃")  # type: ignore[union-attr]
    assert awslambdaric.invoke({"large": True}).record.error_type == "Function.ResponseSizeTooLarge"
    assert awslambdaric({})["count"] == 1  # AWS's client does not survive the answer 413
    assert awslambdaric.invoke({"leave": True}).error.message.endswith("exit status 3")  # type: ignore[union-attr]
    assert awslambdaric({})["count"] == 1


def test_awslambdaric_tells_of_a_module_that_is_missing(
    session: jlambda.Session, awslambdaric: Function, tmp_path: Path
) -> None:
    """An init error is passed on, character by character."""
    broken = session.deploy(tmp_path / "package", "ric", handler="nothing.handler")
    document = json.loads(broken.invoke({}).payload)
    assert document["errorType"] == "Runtime.ImportModuleError"
    assert document["errorMessage"] == "Unable to import module 'nothing': No module named 'nothing'"
    assert awslambdaric.name == "ric"


_NODE = """
let count = 0;
exports.handler = async (event, context) => {
  count += 1;
  if (event.fail) throw new RangeError("boom ☃");
  if (event.reject) return Promise.reject(new Error("later"));
  if (event.leave) process.exit(3);
  if (event.large) return "x".repeat(7000000);
  console.log("seen é");
  return {
    echo: event, count, id: context.awsRequestId, arn: context.invokedFunctionArn, memory: context.memoryLimitInMB,
    left: context.getRemainingTimeInMillis() > 0,
  };
};
"""


@pytest.fixture
def node_ric(session: jlambda.Session, tmp_path: Path) -> Function:
    """A function whose bootstrap is AWS's runtime interface client for Node.js, where that has been built."""
    built = Path(os.environ.get("JLAMBDA_NODE_RIC") or builds.cache_folder() / "aws-lambda-ric" / "node_modules")
    if not (built / "aws-lambda-ric" / "dist" / "rapid-client.node").is_file():
        pytest.skip(f"no aws-lambda-ric in {built}: .ci/node-ric builds it there, which takes some minutes")
    package = tmp_path / "package"
    shutil.copytree(built, package / "node_modules", symlinks=True, ignore=shutil.ignore_patterns("deps"))
    (package / "index.js").write_text(_NODE)
    (package / "broken.js").write_text("throw new TypeError('no luck');\n")
    bootstrap = package / "bootstrap"
    bootstrap.write_text('#!/bin/sh\nexec node node_modules/aws-lambda-ric/bin/index.mjs "$_HANDLER"\n')
    bootstrap.chmod(0o755)
    return session.deploy(package, "ric", runtime="provided.al2023", handler="index.handler", memory=1769, timeout=10)


def test_aws_lambda_ric_for_nodejs_is_served_as_on_aws(node_ric: Function) -> None:
    """Results, contexts, errors, limits and exits are those that AWS's client gives."""
    first = node_ric.invoke({"a": "é ☃"})
    assert first.result == {
        "echo": {"a": "é ☃"},
        "count": 1,
        "id": first.record.request_id,
        "arn": node_ric.arn,
        "memory": "1769",
        "left": True,
    }
    assert any(event.message.endswith(f"\t{first.record.request_id}\tINFO\tseen é") for event in first.logs)
    for event, error in (({"fail": 1}, ("RangeError", "boom ☃")), ({"reject": 1}, ("Error", "later"))):
        document = json.loads(node_ric.invoke(event).payload)
        assert (document["errorType"], document["errorMessage"]) == error
        assert document["trace"][0] == ": ".join(error)
    assert node_ric.invoke({"large": True}).record.error_type == "Function.ResponseSizeTooLarge"
    node_ric.invoke({"leave": True})
    assert node_ric({})["count"] == 1


def test_aws_lambda_ric_for_nodejs_tells_of_a_failed_init(session: jlambda.Session, node_ric: Function, tmp_path: Path) -> None:
    """An init error is passed on, and so is a handler that is not there."""
    broken = session.deploy(tmp_path / "package", node_ric.name, handler="broken.handler")
    assert broken.invoke({}).record.error_type == "TypeError"
    missing = session.deploy(tmp_path / "package", node_ric.name, handler="index.nothing")
    assert missing.invoke({}).record.error_type == "Runtime.HandlerNotFound"


def test_a_program_that_runs_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """A compiler that hangs does not hang the notebook, and leaves nothing behind."""
    began = time.monotonic()
    done = process.run(["/bin/sh", "-c", "echo begun; sleep 60 & sleep 60"], timeout_s=0.3)
    assert (done.exit_code, done.output) == (None, "begun\n")
    assert time.monotonic() - began < 10
    assert process.run([str(tmp_path / "nothing")], timeout_s=1).exit_code == 127
