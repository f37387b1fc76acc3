"""Packages that are unpacked, and those that cannot be."""

from __future__ import annotations

import io
import stat
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import CodeError
from jlambda.runtimes.unzip import unpack

LINK = stat.S_IFLNK | 0o777
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def packed(files: dict[str, bytes], mode: int = stat.S_IFREG | 0o644, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files that all have one mode."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data, method)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("package", "said"),
    [
        (packed({}), "^Uploaded file must be a non-empty zip$"),
        (packed({"x" * 256: b""}), "whose name is too long: xxx"),
        (packed({"d/" * 2_100 + "x": b""}), "whose name is too long: d/d/"),
        (packed({"a": b"", "a/b": b""}), "^the package holds 'a' both as a file and as a folder$"),
        (packed({"link": b""}, LINK), "^the symbolic link link cannot point"),
        (packed({"link": b"a\0b"}, LINK), "^the symbolic link link cannot point"),
        (packed({"link": bytes(10_000_000)}, LINK), "^the symbolic link link cannot point"),
        (packed({"link": b"a" * 4_096}, LINK), "^the symbolic link link cannot point"),
    ],
    ids=["nothing", "long", "deep", "both", "link to nothing", "link to half a name", "endless link", "long link"],
)
def test_a_package_that_no_disk_takes(tmp_path: Path, package: bytes, said: str) -> None:
    """It is the package that is refused, in words that do not tell where it was to be unpacked."""
    with pytest.raises(CodeError, match=said) as caught:
        unpack(package, tmp_path / "task")
    assert str(tmp_path) not in str(caught.value)


@given(
    st.sampled_from([packed({"app.py": b"x = 1\n" * 9, "lib/data": bytes(99)}, method=method) for method in METHODS]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4),
)
def test_a_zip_that_is_damaged_anywhere(package: bytes, damage: list[tuple[float, bytes]]) -> None:
    """It is unpacked or refused, whatever its bytes, and nothing is written outside."""
    spoilt = bytearray(package)
    for where, data in damage:
        at = int(where * len(package))
        spoilt[at : at + len(data)] = data
    with tempfile.TemporaryDirectory() as folder:
        with suppress(CodeError):
            unpack(bytes(spoilt), Path(folder, "task"))
        assert {path.name for path in Path(folder).iterdir()} <= {"task"}
