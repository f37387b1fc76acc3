"""What a Python environment is started with, and which function is the handler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jlambda.errors import CodeError
from jlambda.model.arn import Account
from jlambda.model.function import RESERVED_VARIABLES, FunctionConfiguration
from jlambda.model.runtime import THIS_PYTHON
from jlambda.runtimes import python
from jlambda.runtimes.python import find_handler
from jlambda.runtimes.variables import environment_variables

FUNCTION = FunctionConfiguration("hello", memory_mb=256, environment={"STAGE": "dev"}, secrets=("TOKEN",))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def handler(event, context): pass", "handler"),
        ("def lambda_handler(e, c): pass", "lambda_handler"),
        ("def lambda_handler(e, c): pass\ndef handler(e, c): pass", "handler"),
        ("def helper(x): pass\ndef main(event, context): pass", "main"),
        ("def main(event, context=None): pass\ndef other(a, b, c): pass", "main"),
        ("def main(event, *rest): pass", "main"),
        ("def main(event, context, *, debug=False): pass", "main"),
        ("async def handler(e, c): pass", "handler"),
        ("class handler:\n    def __init__(self, e, c): pass", "handler"),
        ("handler = make()", "handler"),
        ("other, handler = make()", "handler"),
        ("handler: object = make()", "handler"),
        ("from app import handler", "handler"),
        ("from app import main as handler", "handler"),
        ("try:\n    import fast\nexcept ImportError:\n    def main(e, c): pass\nelse:\n    main = fast.main", "main"),
        ("if True:\n    def main(e, c): pass\nelse:\n    def main(e, c, d=1): pass", "main"),
        ("class A:\n    def method(self, x): pass\ndef main(e, c):\n    def inner(a, b): pass", "main"),
    ],
)
def test_handler_is_found(source: str, expected: str) -> None:
    """`handler` first, then `lambda_handler`, else the only function that takes an event and a context."""
    assert find_handler(source, "lambda_function.py") == f"lambda_function.{expected}"


def test_handler_is_named_after_its_file() -> None:
    """The module part of the handler string is the file's name."""
    assert find_handler("def handler(e, c): pass", "some/app.py") == "app.handler"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "def a(e, c): pass\ndef b(e, c): pass",
            "which one is the handler: a, b? Name it `handler`, or choose with --handler",
        ),
        ("x = 1", "no handler: define `def handler(event, context)` (there is no function at all)"),
        ("def a(x): pass\ndef b(): pass", "no handler: define `def handler(event, context)` (there is only a, b)"),
        ("def a(x, y, *, z): pass", "no handler: define `def handler(event, context)` (there is only a)"),
        ("x = 1\ndef f(:", "lambda_function.py, line 2: invalid syntax"),
        ("\0", "lambda_function.py: source code string cannot contain null bytes"),
    ],
)
def test_handler_is_not_found(source: str, expected: str) -> None:
    """Where no handler can be told, one line says which functions there are."""
    with pytest.raises(CodeError) as caught:
        find_handler(source, "lambda_function.py")
    assert str(caught.value) == expected


def test_environment_variables_are_lambdas_own_and_the_functions() -> None:
    """Every variable that AWS documents is there, the function's own and its secrets too, and nothing else."""
    found = environment_variables(
        FUNCTION, {"TOKEN": "t0ken"}, Account("210987654321", "eu-west-1"), "stream", python.variables()
    )
    expected = {
        "STAGE": "dev",
        "TOKEN": "t0ken",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{THIS_PYTHON}",
        "AWS_LAMBDA_FUNCTION_NAME": "hello",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/hello",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": "lambda_function.lambda_handler",
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
    }
    assert {name: found[name] for name in expected} == expected
    set_later, of_long_ago = {"_X_AMZN_TRACE_ID", "AWS_LAMBDA_INITIALIZATION_TYPE"}, {"AWS_ACCESS_KEY"}
    assert found.keys() >= RESERVED_VARIABLES - set_later - of_long_ago
    assert "HOME" not in found
    assert found["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def test_function_may_set_what_lambda_does_not_reserve() -> None:
    """PATH, TZ, LANG and the log format are the function's if it names them; reserved names are Lambda's."""
    own = FunctionConfiguration("f", environment={"PATH": "/x", "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_REGION": "mine"})
    found = environment_variables(own, {}, Account(), "stream", python.variables())
    assert (found["PATH"], found["AWS_LAMBDA_LOG_FORMAT"], found["AWS_REGION"]) == ("/x", "JSON", "us-east-1")


def test_start_names_what_the_bootstrap_needs() -> None:
    """The members are plain JSON; where the code lies is the sandbox's to say."""
    assert python.start(FUNCTION) == {"handler": "lambda_function.lambda_handler", "site_packages": python.site_packages()}


def test_site_packages_are_folders_of_this_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Installed packages come from the folders that this interpreter has, once each, missing ones left out."""
    real = tmp_path / "site-packages"
    real.mkdir()
    monkeypatch.setattr(sys, "path", ["", str(real), "/usr/lib/python3", "/nonexistent/site-packages", str(real)])
    assert python.site_packages() == [str(real)]


def test_entry_and_preload_are_light() -> None:
    """The runtime and what is preloaded are the standard library and jlambda's own, and add little memory."""
    module = python.ENTRY.partition(":")[0]
    program = (
        f"import sys\nimport {module}\nimport {', '.join(python.PRELOAD)}\n"
        "print(open('/proc/self/status').read().partition('VmRSS:')[2].split()[0])\n"
        "print(*{name.partition('.')[0] for name in sys.modules} - {*sys.stdlib_module_names, '__main__'})\n"
        "print(*(name for name in sys.modules if name.startswith('jlambda.')))\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    resident_kib, packages, ours = done.stdout.splitlines()
    assert int(resident_kib) < 24_000
    assert packages == "jlambda"
    assert {name for name in ours.split() if not name.startswith("jlambda.runtimes")} <= {
        "jlambda.errors",
        "jlambda.model",
        "jlambda.model.frames",
        "jlambda.model.limits",
        "jlambda.model.lineage",
    }
