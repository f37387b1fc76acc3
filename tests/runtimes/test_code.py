"""The store of deployment packages."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jlambda.errors import CodeError, StateError
from jlambda.runtimes import code
from jlambda.runtimes.code import CodeStore, Package
from jlambda.runtimes.handler import SHIPPED_GLOBALS
from jlambda.runtimes.unzip import unpack


@pytest.fixture
def store(tmp_path: Path) -> CodeStore:
    return CodeStore(tmp_path / "state" / "code")


def packed(*entries: tuple[str, bytes] | tuple[str, bytes, int]) -> bytes:
    """A zip of names, contents and, where given, file modes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data, *mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode[0] if mode else 0) << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def link(name: str, target: str) -> tuple[str, bytes, int]:
    """An entry that is a symbolic link."""
    return name, target.encode(), stat.S_IFLNK | 0o777


def contents(package: Package) -> dict[str, str]:
    """All files of an unpacked package."""
    return {str(path.relative_to(package.folder)): path.read_text() for path in package.folder.rglob("*") if path.is_file()}


def leftovers(tmp_path: Path) -> list[str]:
    """What is in the store."""
    folder = tmp_path / "state" / "code"
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


def test_cell_becomes_a_module(store: CodeStore) -> None:
    """A cell is lambda_function.py, and the package is known by the digest of its zip."""
    package = store.put_source("x = 'é'\n")
    zipped = store.zip(package.sha256)
    assert contents(package) == {"lambda_function.py": "x = 'é'\n"}
    assert package.size == len(zipped)
    assert package.key == hashlib.sha256(zipped).hexdigest()
    assert base64.b64decode(package.sha256).hex() == package.key
    assert store.folder(package.sha256) == package.folder


def test_equal_code_is_one_package(store: CodeStore, tmp_path: Path) -> None:
    """The same code gives the same digest, whenever and however often it is stored; other code another one."""
    first = store.put_source("x = 1")
    written = first.folder.stat().st_mtime_ns
    assert store.put_source("x = 1") == first
    assert first.folder.stat().st_mtime_ns == written
    assert CodeStore(tmp_path / "elsewhere").put_source("x = 1").sha256 == first.sha256
    assert store.put_source("x = 2").sha256 != first.sha256
    assert store.put_source("x = 1", use=b"pickle").sha256 != first.sha256


def test_shipped_globals_stand_beside_the_module(store: CodeStore) -> None:
    """Objects that come with a cell are a file of the package."""
    package = store.put_source("x = 1", use=b"pickle")
    assert (package.folder / SHIPPED_GLOBALS).read_bytes() == b"pickle"


def test_folder_is_stored_with_its_modes(store: CodeStore, tmp_path: Path) -> None:
    """Every file of a folder is kept, what may be executed stays so, byte code is left out, times do not matter."""
    source = tmp_path / "source"
    (source / "pkg" / "__pycache__").mkdir(parents=True)
    (source / "app.py").write_text("app")
    (source / "pkg" / "mod.py").write_text("mod")
    (source / "pkg" / "__pycache__" / "mod.pyc").write_text("pyc")
    (source / "run.sh").write_text("run")
    (source / "run.sh").chmod(0o700)
    (source / "link.py").symlink_to("pkg/mod.py")
    (source / "folder").symlink_to("pkg")
    package = store.put_folder(source)
    os.utime(source / "app.py", (0, 0))
    assert store.put_folder(source) == package
    assert contents(package) == {"app.py": "app", "pkg/mod.py": "mod", "run.sh": "run", "link.py": "mod"}
    assert (package.folder / "folder").readlink() == Path("pkg")
    modes = {name: stat.S_IMODE((package.folder / name).stat().st_mode) for name in ("app.py", "run.sh", "pkg")}
    assert modes == {"app.py": 0o644, "run.sh": 0o755, "pkg": 0o755}


def test_everybody_may_read(store: CodeStore) -> None:
    """A process of another user, in its sandbox, can read the code, whatever the umask."""
    before = os.umask(0o077)
    try:
        package = store.put_zip(packed(("a/b.py", b"x", stat.S_IFREG | 0o600)))
    finally:
        os.umask(before)
    paths = [package.folder, package.folder.parent, package.folder / "a", package.folder / "a" / "b.py"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o755, 0o755, 0o755, 0o644]
    assert stat.S_IMODE(package.folder.parent.parent.stat().st_mode) == 0o700


def test_links_may_point_about_within(store: CodeStore) -> None:
    """Symbolic links are kept as long as they stay inside, even those that lead nowhere."""
    package = store.put_zip(
        packed(("a/b.py", b"x"), link("c/up.py", "../a/b.py"), link("loop", "loop"), link("none", "nosuch"))
    )
    assert (package.folder / "c" / "up.py").read_text() == "x"
    assert (package.folder / "loop").readlink() == Path("loop")


def test_zip_is_kept_as_it_is(store: CodeStore) -> None:
    """The digest of a zip that was given is that of its own bytes."""
    data = packed(("app.py", b"x"), ("empty/", b""))
    package = store.put_zip(data)
    assert store.zip(package.sha256) == data
    assert package.key == hashlib.sha256(data).hexdigest()
    assert (package.folder / "empty").is_dir()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "entries",
    [
        [("/etc/passwd", b"x")],
        [("../up.py", b"x")],
        [("a/../../up.py", b"x")],
        [link("out", "/etc")],
        [link("out", "..")],
        [link("a/out", "../../up")],
        [("a/b/c/keep", b""), link("a/b/here", "../.."), link("out", "a/b/here/../up")],
        [link("out", "loop/../.."), link("loop", ".")],
        [link("a", "b"), ("a/file", b"x")],
        [("a", b"x"), ("a/b", b"x")],
        [("a", b"x"), link("a", "b")],
    ],
)
def test_package_that_would_write_elsewhere(store: CodeStore, tmp_path: Path, entries: list[tuple[str, bytes]]) -> None:
    """A package that reaches out of its folder, or contradicts itself, is refused and leaves nothing."""
    with pytest.raises(CodeError):
        store.put_zip(packed(*entries))
    assert leftovers(tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:0],
        lambda data: b"not a zip" + data[:0],
        lambda data: data[:-30],
        lambda data: data.replace(b"content", b"c0ntent"),
    ],
    ids=["empty", "text", "cut off", "changed"],
)
def test_zip_that_is_damaged(store: CodeStore, tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    """A damaged zip is refused in AWS's words."""
    with pytest.raises(
        CodeError, match=r"^Could not unzip uploaded file\. Please check your file, then try to upload again\.$"
    ):
        store.put_zip(spoil(packed(("app.py", b"content" * 10))))
    assert leftovers(tmp_path) == []


def test_zip_that_grows_too_large(store: CodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """250 MB are the limit for unpacked code, counted as they are written: a bomb does not go off."""
    monkeypatch.setattr("jlambda.runtimes.unzip.UNZIPPED_BYTES", 1_000)
    assert store.put_zip(packed(("zeros", bytes(1_000)))).folder.is_dir()
    with pytest.raises(CodeError, match=r"^Unzipped size must be smaller than 1000 bytes$"):
        store.put_zip(packed(("zeros", bytes(500)), ("more", bytes(501))))
    assert len(leftovers(tmp_path)) == 1


def test_folder_that_is_too_large(store: CodeStore, tmp_path: Path) -> None:
    """A folder over the limit is refused before it is read into memory."""
    source = tmp_path / "source"
    source.mkdir()
    with open(source / "zeros", "wb") as file:
        file.truncate(10**12)
    with pytest.raises(CodeError, match=r"^Unzipped size must be smaller than 262144000 bytes$"):
        store.put_folder(source)


def test_folder_that_is_not_there(store: CodeStore, tmp_path: Path) -> None:
    """The message names the folder."""
    with pytest.raises(CodeError, match="nosuch is not a folder"):
        store.put_folder(tmp_path / "nosuch")


def test_folder_that_cannot_be_read(store: CodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is the code's, not the store's."""
    (tmp_path / "app.py").write_text("x")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(CodeError, match=r"cannot be read: Permission denied \(.*app\.py\)$"):
        store.put_folder(tmp_path)


def test_disk_is_full(store: CodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk refuses, the error is one line that says what to do, nothing is left, and the next try works."""

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(code, "_sync", full)
    with pytest.raises(StateError, match=r"code cannot be written: No space left on device; free space or .*$") as caught:
        store.put_source("x = 1")
    assert "\n" not in str(caught.value)
    assert leftovers(tmp_path) == []
    monkeypatch.undo()
    assert store.put_source("x = 1").folder.is_dir()


def test_state_folder_is_a_file(tmp_path: Path) -> None:
    """A store that cannot be made is a StateError as well."""
    (tmp_path / "code").write_text("")
    with pytest.raises(StateError):
        CodeStore(tmp_path / "code").put_source("x = 1")


def test_package_that_is_gone(store: CodeStore) -> None:
    """A package that somebody deleted is missed with a hint."""
    package = store.put_source("x = 1")
    (package.folder.parent / "package.zip").unlink()
    with pytest.raises(StateError, match=r"package\.zip cannot be read"):
        store.zip(package.sha256)
    store.remove_unused(set())
    with pytest.raises(StateError, match="is gone: deploy the function again"):
        store.folder(package.sha256)


def test_unused_packages_are_removed(store: CodeStore, tmp_path: Path) -> None:
    """Only what is to be kept stays; the rest of an interrupted write goes too."""
    store.remove_unused(set())
    kept, dropped = store.put_source("x = 1"), store.put_source("x = 2")
    (kept.folder.parent.parent / ".new-abc").mkdir()
    store.remove_unused({kept.sha256})
    assert leftovers(tmp_path) == [kept.key]
    assert store.put_source("x = 2").folder == dropped.folder


def test_many_threads_store_the_same(store: CodeStore, tmp_path: Path) -> None:
    """Storing the same code at the same time stores it once."""
    found: list[Package] = []
    threads = [threading.Thread(target=lambda: found.append(store.put_source("x = 1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert leftovers(tmp_path) == [found[0].key]


def test_a_package_that_takes_long_holds_up_no_other(store: CodeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants the same one waits for it, and it is unpacked once; what is removed as unused is none of it."""
    large, begun, may_go, unpacked = packed(("a.py", b"1")), threading.Event(), threading.Event(), list[bytes]()

    def slowly(package: bytes, root: Path) -> None:
        unpacked.append(package)
        if package == large:
            begun.set()
            assert may_go.wait(60)
        unpack(package, root)

    monkeypatch.setattr(code, "unpack", slowly)
    found: list[Package] = []
    threads = [threading.Thread(target=lambda: found.append(store.put_zip(large))) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    other = store.put_source("x = 2")
    assert other.folder.is_dir() and not found
    removing = threading.Thread(
        target=store.remove_unused, args=({other.sha256, base64.b64encode(hashlib.sha256(large).digest()).decode()},)
    )
    removing.start()
    may_go.set()
    for thread in (*threads, removing):
        thread.join()
    assert len(set(found)) == 1 and unpacked.count(large) == 1
    assert found[0].folder.is_dir() and other.folder.is_dir()


def test_many_files_are_written_through_at_once(store: CodeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call for all of them, and one for the store's own folder, in place of one for each."""
    synced: list[str] = []
    monkeypatch.setattr(code, "_MANY", 3)
    monkeypatch.setattr(code, "_sync", lambda path: synced.append(str(path)))
    monkeypatch.setattr(os, "sync", lambda: synced.append("all"))
    package = store.put_files({f"{number}.py": b"" for number in range(3)})
    assert synced == ["all", str(package.folder.parent.parent)]


def test_files_carry_the_times_of_their_zip(store: CodeStore) -> None:
    """A file is as old as its zip says, wherever and whenever it was unpacked; a zip without dates does no harm."""
    undated = packed(("a", b"1")).replace(b"\x00\x00\x21\x00", b"\x00\x00\x00\x00")
    for package in (store.put_source("x = 1"), store.put_zip(packed(("a", b"1")))):
        assert {path.stat().st_mtime for path in package.folder.iterdir()} == {315_532_800}
    assert (store.put_zip(undated).folder / "a").read_bytes() == b"1"
