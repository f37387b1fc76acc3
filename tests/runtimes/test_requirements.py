"""Requirements: how they are written, when they are the same, and what pip says, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from jlambda.errors import InvalidParameter
from jlambda.runtimes.language import Tool
from jlambda.runtimes.requirements import complaint, parsed

PYTHON = Tool("/usr/bin/python3", "3.13.1", "python3.13")
OTHER = Tool("/usr/bin/python3.12", "3.12.2", "python3.12")


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ("requests==2.*", ("requests==2.*",)),
        ("requests == 2.* rich flask>=3", ("requests == 2.*", "rich", "flask>=3")),
        (["requests>=2, <3", "rich[jupyter]"], ("requests>=2, <3", "rich[jupyter]")),
        ("tomli; python_version < '3.11'", ("tomli; python_version < '3.11'",)),
        ("mine @ https://example.com/mine.zip", ("mine @ https://example.com/mine.zip",)),
        (["rich", "rich"], ("rich",)),
        ("", ()),
        ([], ()),
    ],
)
def test_requirements_are_written_as_pip_takes_them(given: str | list[str], lines: tuple[str, ...]) -> None:
    """One or several in a text, a text for each, or none."""
    assert parsed(given) == (lines, ())
    assert bool(parsed(given)) == bool(lines)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--index-url=http://x", "options of pip go into a requirements.txt"),
        ("nope.txt", "nope.txt: there is no such file of requirements"),
        ([3], "requirement 3: use text such as"),
    ],
)
def test_what_is_no_requirement_is_refused(given: object, said: str) -> None:
    """Before pip is asked."""
    with pytest.raises(InvalidParameter, match=said):
        parsed(given)  # type: ignore[arg-type]  # on purpose


def test_the_same_is_built_once(tmp_path: Path) -> None:
    """Whatever the order; another Python, another line in a file or another wheel at a path is another thing."""
    file, wheel = tmp_path / "requirements.txt", tmp_path / "mine-1-py3-none-any.whl"
    file.write_text("rich\n")
    wheel.write_bytes(b"1")
    assert parsed("a b").key(PYTHON) == parsed(["b", "a"]).key(PYTHON) != parsed("a b").key(OTHER)
    of_file, of_wheel = parsed(file).key(PYTHON), parsed(str(wheel)).key(PYTHON)
    file.write_text("rich==1\n")
    wheel.write_bytes(b"22")
    assert parsed(file).key(PYTHON) != of_file
    assert parsed(str(wheel)).key(PYTHON) != of_wheel


def test_what_a_file_of_requirements_names_counts_too(tmp_path: Path) -> None:
    """Another file, a constraint, a package on the disk; a file that names itself is read once."""
    top, other, limits = (tmp_path / name for name in ("requirements.txt", "other.txt", "limits.txt"))
    mine = tmp_path / "mine" / "setup.py"
    mine.parent.mkdir()
    top.write_text("# -r nope.txt\n-r other.txt\n--constraint=limits.txt\n--no-index\n-e ./mine\nrich==1  # why\n\n")
    other.write_text("-r requirements.txt\n")
    keys = set()
    for path in (other, limits, mine, mine):
        path.write_text(f"{path.read_text() if path.exists() else ''}# more\n")
        keys.add(parsed(top).key(PYTHON))
    assert len(keys) == 4
    other.write_bytes(b"\xff")
    with pytest.raises(InvalidParameter, match=r"other.txt cannot be read: it is not UTF-8"):
        parsed(top).key(PYTHON)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement x==9 (from versions: 1, 2, 3, 4, 5, 6, 7)\n"
            "ERROR: No matching distribution found for x==9\n",
            "pip finds no x==9 for Python 3.13.1: there are … 3, 4, 5, 6, 7",
        ),
        (
            "Collecting y\n  error: subprocess-exited-with-error\n"
            "ERROR: Failed to build 'y' when building wheel\n[notice] new pip\n",
            "pip: Failed to build 'y' when building wheel",
        ),
        (
            "WARNING: Retrying after ... NameResolutionError(\n"
            "ERROR: Could not find a version that satisfies the requirement x (from versions: none)\n",
            "pip cannot reach the package index: is there a network? Without one, wheels in a folder do: "
            "PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER",
        ),
        ("ERROR: Invalid requirement: 'x=1'\nHint: = is not a valid operator.\n", "pip: Invalid requirement: 'x=1'"),
        (
            "ERROR: Could not find a version that satisfies the requirement x (from versions: none)\n",
            "pip finds no x for Python 3.13.1: check its name",
        ),
        ("something\nelse went wrong\n", "pip: else went wrong"),
        ("", "pip: it said nothing"),
    ],
)
def test_what_pip_says_is_one_line(output: str, said: str) -> None:
    """What is missing, what there is, or its own words."""
    assert complaint(output, PYTHON) == said
