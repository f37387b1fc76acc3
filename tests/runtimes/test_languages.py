"""Where tools of other languages are looked for."""

from __future__ import annotations

from pathlib import Path

from jlambda.runtimes.language import below


def test_tools_are_found_below_folders(tmp_path: Path) -> None:
    """In the order of the folders, then of the names; a folder that is not there, or may not be read, has none."""
    for name in ("two/b/bin/tool", "two/a/bin/tool", "one/c/bin/tool"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    roots = [tmp_path / "two", tmp_path / "nowhere", closed, tmp_path / "one"]
    found = [path.relative_to(tmp_path).as_posix() for path in below(roots, "*/bin/tool")]
    assert found == ["two/a/bin/tool", "two/b/bin/tool", "one/c/bin/tool"]
