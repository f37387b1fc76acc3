"""`@jlambda.function` and `jlambda.Executor` in the cells of a notebook."""

from __future__ import annotations

from tests.notebook.conftest import Run

DEPLOY = """import json, jlambda
RATE = 3
def scale(n):
    return n * RATE
@jlambda.function(memory=256)
def work(event, context):
    text = json.dumps([scale(n) for n in range(event)])
    return 12 / event, text
"""


def test_a_function_of_a_cell(run: Run) -> None:
    """It takes along what it uses of the notebook."""
    assert run(DEPLOY).error is None
    assert run("work(3)").value == [4.0, "[0, 3, 6]"]


def test_its_traceback_points_at_the_cell(run: Run) -> None:
    """At the cell that it was written in, and the line there."""
    run("1 + 1")
    run(DEPLOY)
    error = run("work(0)").error
    assert error is not None
    text = "\n".join(error._render_traceback_())  # type: ignore[attr-defined]
    assert "Cell In[2], line 8, in work\n    return 12 / event, text" in text


def test_redefining_a_helper_is_another_package(run: Run) -> None:
    """And running the same cells again is none."""
    run(DEPLOY)
    assert run(DEPLOY + "work.changes").value == {}
    assert set(run(DEPLOY.replace("n * RATE", "n + RATE") + "work.changes").value) == {"code"}
    assert run("work(2)").value == [6.0, "[3, 4]"]


def test_an_executor_runs_what_cells_define(run: Run) -> None:
    """Functions and classes of the notebook, and the exceptions that they raise."""
    run(DEPLOY)
    run("class Odd(Exception):\n    pass\ndef check(n):\n    if n % 2: raise Odd(n)\n    return scale(n)\n")
    run("pool = jlambda.Executor()")
    assert run("list(pool.map(check, [0, 2, 4]))").value == [0, 6, 12]
    error = run("pool.submit(check, 3).result()").error
    assert type(error).__name__ == "Odd"
    assert isinstance(error, run("Odd").value)
    assert run("pool.shutdown()").error is None
