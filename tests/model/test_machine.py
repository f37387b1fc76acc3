"""The two questions that facts answer by themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.notebook.machines import STRICT


@pytest.mark.parametrize(
    ("kernel", "is_older"),
    [
        ("5.14.0-362.el9", False),
        ("5.13.19-arch", True),
        ("4.18", True),
        ("6.1.0", False),
        ("10.0.1", False),
        ("unknown", False),
    ],
)
def test_kernels_are_compared_by_number(kernel: str, is_older: bool) -> None:
    """Not by text; and a version that says nothing is not held against the machine."""
    assert replace(STRICT, kernel=kernel).is_older_than(5, 14) is is_older


@pytest.mark.parametrize(
    ("folders", "above"),
    [
        (("/home/ada",), "/home/ada"),
        (("/usr/local", "/home"), "/home"),
        (("/home/ada/venv", "/home/adam"), ""),
        ((), ""),
    ],
)
def test_a_folder_shows_what_is_below_it(folders: tuple[str, ...], above: str) -> None:
    """The home folder itself and what holds it, not what lies in it or is called alike."""
    assert replace(STRICT, folders=folders).folder_above("/home/ada") == above
