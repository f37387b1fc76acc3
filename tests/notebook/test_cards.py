"""Cards and tables: everything escaped, nothing executable, themes respected."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.notebook.cards import Card, Kind, Row, table_html, table_text
from tests.notebook.reading import Reader

TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30)
KINDS: list[Kind] = ["text", "code", "folded"]


@given(TEXT, TEXT, st.lists(st.builds(Row, TEXT, TEXT, st.sampled_from(KINDS), st.just("")), max_size=4))
def test_whatever_a_card_says_it_is_text(title: str, note: str, rows: list[Row]) -> None:
    """No text of a function can become a tag, an attribute or a script."""
    reader = Reader(Card(title, note, rows).html())
    assert reader.tags <= {"div", "b", "span", "table", "tr", "th", "td", "pre", "details", "summary"}
    assert reader.attributes <= {"style", "scope", "class"}
    assert reader.open == []
    shown = "".join(reader.texts)
    assert all(text in shown for text in (title, note, *(row.text for row in rows)))


def test_a_card_uses_the_colours_of_the_theme() -> None:
    """Every colour is a JupyterLab variable with a fallback, so that dark themes stay legible."""
    html = Card("f", "", [Row("a", "b", kind) for kind in KINDS], "bad").html() + table_html(["a"], [["b"]])
    colours = re.findall(r"(?<![-\w])(?:color|background|border[-a-z]*): ([^;\"]+)", html)
    plain = re.compile(r"(none|inherit|collapse|3px|\d+px solid )?(var\(--jp-[\w-]+, .+\))?")
    assert colours
    assert all(plain.fullmatch(colour) for colour in colours)


def test_a_card_as_text_lines_up() -> None:
    """Labels share a column, further lines of a value stand below the first."""
    card = Card("λ hello", "a note", [Row("ARN", "arn:aws"), Row("variables", "A=1\nB=2", "code")])
    assert card.text() == "λ hello  a note\n  ARN        arn:aws\n  variables  A=1\n             B=2"


def test_lines_of_a_text_stay_lines() -> None:
    """What several triggers made is told one below the other, in HTML too."""
    html = Card("f", "", [Row("made", "queue <a>\nqueue b"), Row("limits", "one line")]).html()
    assert '<div style="white-space: pre-line">queue &lt;a&gt;\nqueue b</div>' in html
    assert html.count("pre-line") == 1


@pytest.mark.parametrize(("lines", "summary"), [("one", "1 line"), ("one\ntwo", "2 lines")])
def test_folded_rows_say_how_much_is_folded(lines: str, summary: str) -> None:
    """A click opens them; no script is needed for that."""
    assert f'<summary style="cursor: pointer">{summary}</summary>' in Card("f", "", [Row("logs", lines, "folded")]).html()


def test_a_table_lines_up() -> None:
    """Columns are as wide as their widest text, as HTML the texts are escaped."""
    assert table_text(["name", "memory"], [["hello", "128 MB"], ["a", "1024 MB"]]) == (
        "name   memory\nhello  128 MB\na      1024 MB"
    )
    several = table_text(["name", "how"], [["a", "one\ntwo"], ["b\nc", "three"]])
    assert several == "name  how\na     one\n      two\nb     three\nc"
    assert "<td" in table_html(["name"], [["<b>"]])
    assert "&lt;b&gt;" in table_html(["name"], [["<b>"]])
