"""Filter patterns of CloudWatch Logs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.telemetry.log_pattern import compiled

EVENT = json.dumps(
    {"level": "ERROR", "n": 5, "ok": False, "gone": None, "user": {"name": "Ada L", "tags": ["a", "b"]}, "ip": "10.0.0.7"}
)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "anything", True),
        ("   ", "anything", True),
        ("ERROR", "[ERROR] boom", True),
        ("ERROR", "[error] boom", False),
        ("ERROR boom", "boom ERROR", True),
        ("ERROR boom", "ERROR", False),
        ('"went wrong"', "it went wrong", True),
        ('"went wrong"', "wrong went", False),
        ('"say \\"hi\\""', 'they say "hi"', True),
        ("?ERROR ?WARN", "a WARN", True),
        ("?ERROR ?WARN", "an INFO", False),
        ("INFO ?WARN", "INFO only", True),
        ("ERROR -timeout", "ERROR boom", True),
        ("ERROR -timeout", "ERROR timeout", False),
        ('-"out of memory"', "out of memory", False),
        ("%4\\d\\d%", "GET 404", True),
        ("%4\\d\\d%", "GET 200", False),
        ('{ $.level = "ERROR" }', EVENT, True),
        ('{ $.level = "WARN" }', EVENT, False),
        ('{$.level="ERR*"}', EVENT, True),
        ("{ $.level = ERROR }", EVENT, True),
        ('{ $.level != "WARN" }', EVENT, True),
        ('{ $.nothing != "WARN" }', EVENT, False),
        ("{ $.n = 5 }", EVENT, True),
        ("{ $.n >= 5 && $.n < 6 }", EVENT, True),
        ("{ $.n > 5 || ($.ok IS FALSE && $.n <= 5) }", EVENT, True),
        ("{ $.level > 5 }", EVENT, False),
        ("{ $.ok IS TRUE }", EVENT, False),
        ("{ $.gone IS NULL }", EVENT, True),
        ("{ $.nothing IS NULL }", EVENT, False),
        ("{ $.nothing NOT EXISTS }", EVENT, True),
        ("{ $.gone NOT EXISTS }", EVENT, False),
        ('{ $.user.name = "Ada L" }', EVENT, True),
        ('{ $.user.tags[1] = "b" }', EVENT, True),
        ('{ $.user.tags[7] = "b" }', EVENT, False),
        ("{ $.['user'].['name'] = \"Ada*\" }", EVENT, True),
        ("{ $.ip = %10\\.0\\.0\\.[0-9]+% }", EVENT, True),
        ('{ $.level = "ERROR" }', "plain text", False),
        ('{ $.level = "ERROR" }', '"ERROR"', False),
    ],
)
def test_what_a_pattern_means(pattern: str, text: str, expected: bool) -> None:
    """Terms, phrases, optional and excluded ones, regular expressions, conditions on JSON."""
    assert compiled(pattern)(text) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            '"open',
            "{ $.a = 1",
            "{ }",
            "{ a = 1 }",
            "{ $.a }",
            "{ $.a IS NOTHING }",
            "{ $.a = }",
            "{ $.a < x }",
            "{ ($.a = 1 }",
        ),
        *("{ $.a = 1 $.b = 2 }", "%[%", "[ip, user]"),
    ],
)
def test_a_wrong_pattern_says_what_is_wrong(pattern: str) -> None:
    """In one line that has the pattern in it."""
    with pytest.raises(InvalidParameter, match="Invalid filter pattern"):
        compiled(pattern)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_pattern_is_one_or_is_refused(pattern: str, text: str) -> None:
    """Nothing else happens."""
    try:
        matches = compiled(pattern)
    except InvalidParameter:
        return
    assert matches(text) in (True, False)


@given(st.lists(st.text("abcXYZ", min_size=1, max_size=4), min_size=1, max_size=4), st.text("abcXYZ ", max_size=20))
def test_terms_are_all_in_the_text(terms: list[str], text: str) -> None:
    """That is what they mean; with a question mark, one of them is."""
    assert compiled(" ".join(terms))(text) == all(term in text for term in terms)
    assert compiled(" ".join(f"?{term}" for term in terms))(text) == any(term in text for term in terms)
