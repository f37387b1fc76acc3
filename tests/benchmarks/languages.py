"""Every language that is installed: one warm invocation, and a cold start against the language's own trivial program."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import jlambda
from jlambda.errors import InvalidParameter
from jlambda.runtimes.dotnet.compiling import compile_assembly
from jlambda.runtimes.languages import choose

from .measure import Call, Figure, alternate, median, percentile

EVENT = {"name": "Ada", "count": 7}
_ROUNDS, _EACH, _COLD = 10, 100, 15


class Subject(NamedTuple):
    """A language: a function that returns its event, and a program that does nothing with how it is compiled and run.

    In the commands PROGRAM is the program's file, FOLDER the one that it is in; "csc" stands for the C# compiler, wherever it
    is. `target_ms` is for a warm invocation.
    """

    runtime: str
    source: str
    program: tuple[str, str]
    compile: tuple[str, ...]
    command: tuple[str, ...]
    target_ms: float


_ANOTHER_PYTHON = "def handler(event, context): return event"
_RIC = f'#!/bin/sh\nexec {sys.executable} -m awslambdaric "$_HANDLER"\n'
SUBJECTS = {
    "Node.js": Subject("nodejs", "exports.handler = async (e) => e;", ("a.js", ""), (), ("node", "PROGRAM"), 0.7),
    "Ruby": Subject("ruby", "def handler(event:, context:) = event", ("a.rb", ""), (), ("ruby", "PROGRAM"), 0.4),
    "Java": Subject(
        "java",
        "import java.util.Map;\npublic class Echo { public Object handleRequest(Map<String, Object> event) { return event; } }",
        ("A.java", "public class A { public static void main(String[] words) { } }"),
        ("javac", "PROGRAM"),
        ("java", "-cp", "FOLDER", "A"),
        0.4,
    ),
    "Go": Subject(
        "go",
        'package main\n\nimport "github.com/aws/aws-lambda-go/lambda"\n\n'
        "func main() { lambda.Start(func(event any) (any, error) { return event, nil }) }\n",
        ("a.go", "package main\n\nfunc main() {}\n"),
        ("go", "build", "-o", "FOLDER/a", "PROGRAM"),
        ("FOLDER/a",),
        0.4,
    ),
    "C#": Subject(
        "dotnet",
        "using System.Collections.Generic;\n"
        "public class Echo { public Dictionary<string, object> Handler(Dictionary<string, object> e) => e; }",
        ("A.cs", "class A { static void Main() { } }"),
        ("csc",),
        ("dotnet", "FOLDER/A.dll"),
        0.4,
    ),
    "bash": Subject("bash", "handler() { printf '%s' \"$1\"; }", ("a.sh", ""), (), ("bash", "PROGRAM"), 0.0),
}


def run(folder: Path) -> list[Figure]:
    """Medians: warm against AWS's client for Python where that is installed, cold against the trivial program."""
    figures: list[Figure] = []
    with warnings.catch_warnings(), jlambda.Session(folder) as session:
        warnings.simplefilter("ignore", RuntimeWarning)  # another version may stand in
        subjects = {**_another_python(session), **SUBJECTS}
        functions = {"awslambdaric": _awslambdaric(session)} if importlib.util.find_spec("awslambdaric") else {}
        for name, subject in subjects.items():
            try:
                functions[name] = session.deploy(subject.source, f"f{len(functions)}", runtime=subject.runtime, memory=1769)
            except InvalidParameter as missing:
                print(f"  {missing}", flush=True)
        warm = alternate({name: _call(function) for name, function in functions.items()}, _ROUNDS, _EACH)
        theirs = median(warm["awslambdaric"]) if "awslambdaric" in warm else None
        for name, seconds in warm.items():
            middle = median(seconds)
            ratio = middle / theirs if theirs and name != "awslambdaric" else None
            target = subjects[name].target_ms if name in subjects else 0.0
            under = f"under {target * 1000:.0f} us" if target else ""
            figures.append(Figure(f"{name}, warm, p50", middle * 1e6, "us", ratio, "awslambdaric", under))
            figures.append(Figure(f"{name}, warm, p99", percentile(seconds, 0.99) * 1e6, "us"))
        for name in [name for name in subjects if name in functions]:
            figures += _cold(session, name, functions[name], subjects[name])
    return figures


def _call(function: jlambda.Function) -> Call:
    return lambda: function(EVENT)


def _cold(session: jlambda.Session, name: str, function: jlambda.Function, subject: Subject) -> Iterator[Figure]:
    """Cold starts and runs of the trivial program in turn."""
    cold: list[float] = []
    bare: list[float] = []
    with _trivial(subject) as command:
        for _ in range(_COLD):
            session.engine.retire(session.control.version(function.name).key)
            time.sleep(0.1)  # the environment ends, and the blank that was taken is replaced
            began = time.perf_counter()
            function(EVENT)
            cold.append(time.perf_counter() - began)
            if command:
                began = time.perf_counter()
                subprocess.run(command, check=True)
                bare.append(time.perf_counter() - began)
    if not bare:
        yield Figure(f"{name}, cold, median", median(cold) * 1e3, "ms")
        return
    yield Figure(f"{name}, a trivial program, median", median(bare) * 1e3, "ms")
    limit = f"at most 1.2, plus 10 ms: {median(bare) * 1.2e3 + 10:.0f} ms"
    yield Figure(f"{name}, cold, median", median(cold) * 1e3, "ms", median(cold) / median(bare), "its program", limit)


@contextmanager
def _trivial(subject: Subject) -> Iterator[list[str]]:
    """The command that runs a language's trivial program, which is compiled; empty where there is none."""
    name, text = subject.program
    with tempfile.TemporaryDirectory(prefix="jlambda-trivial-") as folder:
        program = Path(folder, name)
        program.write_text(text)
        compiler, command = (
            [word.replace("PROGRAM", str(program)).replace("FOLDER", folder) for word in words]
            for words in (subject.compile, subject.command)
        )
        if compiler == ["csc"]:
            command[0] = _compile_csharp(Path(folder), name)
        elif compiler:
            subprocess.run(compiler, check=True, capture_output=True)
        yield command


def _compile_csharp(folder: Path, name: str) -> str:
    """Compile a C# program, for which there is no command; the ``dotnet`` that runs it."""
    tool = choose("dotnet").tool
    compile_assembly(tool, folder, Path(name).stem, [name], [], "{}, line {}".format, is_program=True)
    framework = {"name": "Microsoft.NETCore.App", "version": tool.version}
    about = folder / f"{Path(name).stem}.runtimeconfig.json"
    about.write_text(json.dumps({"runtimeOptions": {"framework": framework}}))
    return tool.path


def _another_python(session: jlambda.Session) -> Mapping[str, Subject]:
    """Another version of Python than this one, the newest that there is."""
    own = f"python3.{sys.version_info.minor}"
    for language in session.machine().languages:
        if language.language == "Python":
            others = [(program, runtime) for _, program, runtime in language.versions if runtime != own]
            if others:
                program, runtime = others[0]
                return {"Python": Subject(runtime, _ANOTHER_PYTHON, ("a.py", ""), (), (program, "PROGRAM"), 0.4)}
    return {}


def _awslambdaric(session: jlambda.Session) -> jlambda.Function:
    """A function on AWS's own runtime interface client."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "lambda_function.py").write_text(_ANOTHER_PYTHON)
        bootstrap = Path(folder, "bootstrap")
        bootstrap.write_text(_RIC)
        bootstrap.chmod(0o755)
        return session.deploy(
            Path(folder), "ric", runtime="provided.al2023", handler="lambda_function.handler", memory=1769, timeout=10
        )
