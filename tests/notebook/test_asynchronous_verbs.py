"""`%lambda queue` and `%lambda chaos` in a real shell."""

from __future__ import annotations

import pytest

import jlambda
from jlambda.errors import InvalidParameter
from tests.notebook.conftest import Run


def test_the_queue_is_a_table(run: Run, session: jlambda.Session) -> None:
    """Of all functions or of one: states, attempts, when events are due, and why."""
    run("%%lambda fails -q\ndef handler(event, context): raise ValueError(event)")
    run("%%lambda other -q\ndef handler(event, context): raise KeyError(event)")
    assert run("%lambda queue").value.empty
    run("a = fails.submit(1, type='Event'); b = other.submit(1, type='Event')")
    assert session.queue.settle(30)
    table = run("%lambda queue").value
    assert table["function"].tolist() == ["fails", "other"]
    assert table["reason"].tolist() == ["ValueError", "KeyError"]
    assert table["state"].tolist() == ["retrying"] * 2
    assert table["due_in_s"].between(0, 60).all()
    assert table["due_at"].notna().all()
    run("%lambda clock +4m")
    table = run("%lambda queue fails").value
    assert table[["function", "state", "attempts", "reason"]].values.tolist() == [["fails", "dead", 3, "RetriesExhausted"]]
    assert table["due_at"].isna().all()
    assert table["age_s"].min() > 180
    assert "there is no function 'fail'" in str(run("%lambda queue fail").error)


def test_chaos_shows_what_ran_twice(run: Run, session: jlambda.Session) -> None:
    """On, as it goes, and off."""
    run("%%lambda pay -q\ndef handler(event, context): return event")
    begun = run("%lambda chaos pay --duplicates 1 --kills 1 --seed 7").value
    assert begun.is_on
    run("handle = pay.submit({'order': 1}, type='Event')")
    run("%lambda clock +1m")
    assert session.wait("10 seconds")
    run("%lambda chaos pay")
    shown = run("from IPython.display import display; display(pay.chaos(off=True))").displayed[0]
    assert "asked for           100% delivered twice · 100% killed · seed 7" in shown["text/plain"]
    assert "ran more than once  1" in shown["text/plain"]
    assert '{"order": 1}  1       killed, retried · delivered twice  3' in shown["text/plain"]
    assert "killed, retried · delivered twice" in shown["text/html"]
    assert not run("%lambda chaos pay --off").value.is_on


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--kills many", "'many' is no part of the events"),
        ("--kills 3", "between 0 and 1"),
        ("--seed x", "seed"),
        ("", "begin it"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, options: str, told: str) -> None:
    """In one line."""
    run("%%lambda pay -q\ndef handler(event, context): return event")
    error = run(f"%lambda chaos pay {options}").error
    assert isinstance(error, InvalidParameter)
    assert told in str(error)
