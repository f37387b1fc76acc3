"""Stack traces of functions whose code was a cell, in every language, as a notebook shows them."""

from __future__ import annotations

import re
import warnings

import pytest

import jlambda
from jlambda.runtimes.languages import language_of
from tests.conftest import need

NODE = """const inner = () => { throw new Error("no"); };
exports.handler = async () => {
  inner();
};
"""
JAVA = """public class Boom {
    static class Inner { static int go() { throw new IllegalStateException("no"); } }
    public int handleRequest(Object event) {
        return Inner.go();
    }
}
"""
CSHARP = """public class Function
{
    public int FunctionHandler(object e) => throw new Exception("no");
}
"""
RUBY = """def lambda_handler(event:, context:)
  exit 3
end
"""
GO = """package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() { panic("no") }) }
"""


@pytest.mark.parametrize(
    ("runtime", "source", "frames"),
    [
        ("nodejs", NODE, ["Error: no", r"    at inner \(Cell In\[3\]:1:29\)", r"    at exports\.handler \(Cell In\[3\]:3:3\)"]),
        ("java", JAVA, [r"Boom\$Inner\.go\(Cell In\[3\]:2\)", r"Boom\.handleRequest\(Cell In\[3\]:4\)"]),
        ("dotnet", CSHARP, [r"at Function\.FunctionHandler\(Object e\) in Cell In\[3\]:line 3"]),
        ("ruby", RUBY, [r"Cell In\[3\]:2:in [`'](Kernel#)?exit'", r"Cell In\[3\]:2:in [`'](Object#)?lambda_handler'"]),
        ("go", GO, [r"runtime/panic\.go:\d+ in gopanic", r"Cell In\[3\]:5 in main\.func1"]),
    ],
)
def test_a_stack_trace_points_at_the_cell(session: jlambda.Session, runtime: str, source: str, frames: list[str]) -> None:
    """Each frame is a line, with the cell's name and line number; those of the runtime that called it are not shown."""
    need(bool(language_of(runtime).tools()), runtime)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # another version may stand in
        function = session.deploy(source, name="f", runtime=runtime, origin="Cell In[3]", timeout=30)
    with pytest.raises(jlambda.FunctionError) as caught:
        function("leave")
    head, *shown, _ = caught.value._render_traceback_()
    assert head == "Traceback (most recent call last):"
    for pattern, line in zip(frames, shown, strict=True):
        assert re.fullmatch(pattern, line), line
