"""Layers merged into one folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import StateError
from jlambda.runtimes.code import CodeStore, merged_sha256
from jlambda.runtimes.merge import merge, unpacked_bytes

#: what a layer may hold: short paths, so that they meet, each a file or a link to something in the same folder
names = st.sampled_from("abc")
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
layers = st.lists(st.dictionaries(paths, st.binary(max_size=3) | names.map(lambda name: f"@{name}"), max_size=5), max_size=4)

Layer = dict[str, "bytes | str"]


def written(root: Path, layer: Layer) -> None:
    """A folder with these files and links, but for those that would lie below one of them."""
    root.mkdir(parents=True)
    for path, content in layer.items():
        if any(path.startswith(f"{other}/") for other in layer):
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            (root / path).write_bytes(content)
        else:
            (root / path).symlink_to(content[1:])


def read(root: Path) -> Layer:
    """The files and links below `root`."""
    found: Layer = {}
    for folder, folders, files in os.walk(root):
        for path in (Path(folder, name) for name in (*folders, *files)):
            if path.is_symlink():
                found[str(path.relative_to(root))] = f"@{path.readlink()}"
            elif path.is_file():
                found[str(path.relative_to(root))] = path.read_bytes()
    return found


def expected(given: Sequence[Layer]) -> Layer:
    """The rule itself: each file of a later layer replaces what has its path, and whatever stands in the way of it."""
    found: Layer = {}
    for layer in given:
        for path, content in layer.items():
            found = {
                other: held
                for other, held in found.items()
                if not (other == path or other.startswith(f"{path}/") or path.startswith(f"{other}/"))
            }
            found[path] = content
    return found


@given(layers)
def test_what_comes_later_wins(given: list[Layer]) -> None:
    """Merging is laying one layer over the other; nothing is written outside, whatever links the layers hold."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for number, layer in enumerate(given):
            written(root / str(number), layer)
        folders = [root / str(number) for number in range(len(given))]
        before = [read(folder) for folder in folders]
        merge(folders, root / "merged")
        assert read(root / "merged") == expected(before)
        assert [read(folder) for folder in folders] == before
        contents = [content for layer in before for content in layer.values()]
        assert unpacked_bytes(folders) == sum(len(content) for content in contents if isinstance(content, bytes))


def test_merged_layers_are_stored_once_and_whole(tmp_path: Path) -> None:
    """The same layers in the same order are the same folder; in another order they are another; one alone is itself."""
    store = CodeStore(tmp_path / "code")
    one, two = store.put_files({"python/m.py": b"1", "one": b"1"}), store.put_files({"python/m.py": b"2"})
    both, reverse = store.put_merged([one.sha256, two.sha256]), store.put_merged([two.sha256, one.sha256])
    assert read(both.folder) == {"python/m.py": b"2", "one": b"1"}
    assert read(reverse.folder) == {"python/m.py": b"1", "one": b"1"}
    assert store.put_merged([one.sha256, two.sha256]) == both
    assert store.put_merged([one.sha256]).folder == one.folder
    assert (both.folder / "one").stat().st_mode & 0o777 == 0o644
    store.remove_unused({merged_sha256([one.sha256, two.sha256])})
    assert read(store.folder(both.sha256)) == {"python/m.py": b"2", "one": b"1"}
    with pytest.raises(StateError):
        store.put_merged([two.sha256, one.sha256])


def test_files_that_cannot_be_shared_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links gets copies."""

    def refuse(self: Path, target: Path) -> None:
        raise OSError("no hard links here")

    written(tmp_path / "layer", {"a": b"1"})
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    merge([tmp_path / "layer"], tmp_path / "merged")
    assert read(tmp_path / "merged") == {"a": b"1"}
    assert (tmp_path / "merged" / "a").stat().st_nlink == 1
