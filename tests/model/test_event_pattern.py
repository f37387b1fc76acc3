"""What is a pattern of events."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.event_pattern import PATTERN_CHARS, is_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        {"body": {"colour": ["red", "blue", None, 5, True]}},
        {"a": [{"exists": False}]},
        {"a": [{"prefix": "x"}, {"suffix": ".csv"}, {"prefix": {"equals-ignore-case": "x"}}]},
        {"a": [{"equals-ignore-case": "X"}, {"wildcard": "a*b"}, {"cidr": "10.0.0.0/24"}]},
        {"a": [{"numeric": ["=", 1]}], "b": [{"numeric": [">", 0, "<=", 5.5]}]},
        {"a": [{"anything-but": ["x", 5]}, {"anything-but": "x"}, {"anything-but": {"prefix": "x"}}]},
        {"a": [{"anything-but": {"suffix": ["x", "y"]}}]},
        {"$or": [{"a": [1]}, {"b": {"c": [2]}}], "d": [3]},
    ],
)
def test_patterns(pattern: object) -> None:
    """Lists of what may be there, at any depth, with AWS's operators."""
    assert is_pattern(json.dumps(pattern))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "5",
        "[" * 100_000,
        '{"a": "red"}',
        '{"a": 5}',
        '{"a": []}',
        '{"a": {}}',
        '{"a": [["red"]]}',
        '{"a": [{"like": "x"}]}',
        '{"a": [{"prefix": 5}]}',
        '{"a": [{"exists": "yes"}]}',
        '{"a": [{"exists": true, "prefix": "x"}]}',
        '{"a": [{"numeric": [">", "5"]}]}',
        '{"a": [{"numeric": [">"]}]}',
        '{"a": [{"numeric": ["about", 5]}]}',
        '{"a": [{"numeric": [[], 5]}]}',
        '{"a": [{"anything-but": []}]}',
        '{"a": [{"anything-but": {"numeric": ["x"]}}]}',
        '{"a": [{"anything-but": null}]}',
        '{"$or": [{"a": [1]}]}',
        '{"$or": {"a": [1]}}',
        '{"$or": [{"a": [1]}, {"a": 1}]}',
        json.dumps({"a": ["x" * PATTERN_CHARS]}),
        None,
    ],
)
def test_what_is_no_pattern(text: object) -> None:
    """Text that is no JSON object, members without a list, operators that there are not."""
    assert not is_pattern(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from(
                ["$or", "exists", "prefix", "suffix", "numeric", "anything-but", "equals-ignore-case", "wildcard"]
            ),
            inner,
            max_size=3,
        )
    ),
)


@given(json_values | st.text())
def test_any_text_has_an_answer(value: object) -> None:
    """Whatever comes, it is a pattern or none."""
    assert is_pattern(json.dumps(value)) in (True, False)
    assert is_pattern(value) in (True, False)
