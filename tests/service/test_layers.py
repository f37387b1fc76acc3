"""Layers: published, found, listed, deleted, and what functions may have of them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from jlambda.errors import CodeError, InvalidParameter, ResourceNotFound
from jlambda.model.function import FunctionConfiguration
from jlambda.runtimes.code import CodeStore
from jlambda.service import layers as module
from jlambda.service.layers import Layers

ARN = "arn:aws:lambda:us-east-1:123456789012:layer:"


def zipped(**files: str) -> bytes:
    """A zip with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def test_a_version_has_what_was_said_of_it(layers: Layers) -> None:
    """Digest and sizes of its zip, description, licence, runtimes, architectures and time; by name, ARN and version's ARN."""
    made = layers.publish(
        "tools", zipped(a="12345"), description="d", license="MIT", runtimes=["python3.13"], architectures=["arm64"]
    )
    assert (made.name, made.version, made.description, made.license) == ("tools", 1, "d", "MIT")
    assert (made.runtimes, made.architectures, made.created_at) == (("python3.13",), ("arm64",), 1_700_000_000.0)
    assert (made.code_size, made.unpacked_bytes) == (len(zipped(a="12345")), 5)
    assert layers.arn("tools", 1) == f"{ARN}tools:1"
    assert layers.get("tools", 1) == layers.get(f"{ARN}tools", 1) == layers.get_by_arn(f"{ARN}tools:1") == made


def test_no_number_comes_twice(layers: Layers) -> None:
    """Deleted versions are gone from every list, and their numbers are not given again."""
    for _ in range(11):
        layers.publish("tools", zipped(a="1"))
    layers.delete("tools", 11)
    layers.delete("tools", 11)
    assert layers.publish(f"{ARN}tools", zipped(a="1")).version == 12
    assert [each.version for each in layers.versions("tools")] == [12, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    with pytest.raises(ResourceNotFound, match=r"The resource you requested does not exist\."):
        layers.get("tools", 11)


def test_lists_choose_by_runtime_and_architecture(layers: Layers) -> None:
    """The latest version that matches stands for its layer; a layer without one is not listed."""
    layers.publish("b", zipped(a="1"), runtimes=["python3.13"], architectures=["arm64"])
    layers.publish("b", zipped(a="1"), runtimes=["python3.12", "python3.13"])
    layers.publish("b", zipped(a="1"), runtimes=["nodejs22.x"])
    layers.publish("a", zipped(a="1"))
    assert [(each.name, each.version) for each in layers.latest()] == [("a", 1), ("b", 3)]
    assert [(each.name, each.version) for each in layers.latest("python3.13")] == [("b", 2)]
    assert [(each.name, each.version) for each in layers.latest("python3.13", "arm64")] == [("b", 1)]
    assert [each.version for each in layers.versions("b", "python3.13")] == [2, 1]
    assert layers.versions("nothing") == []


@pytest.mark.parametrize(
    ("name", "version", "error", "said"),
    [
        ("tools", 2, ResourceNotFound, "The resource you requested does not exist."),
        ("nothing", 1, ResourceNotFound, "The resource you requested does not exist."),
        ("tools", 0, InvalidParameter, "Layer Version Cannot be less than 1"),
        ("a b", 1, InvalidParameter, "neither a layer's name nor the ARN"),
    ],
)
def test_what_is_not_there(layers: Layers, name: str, version: int, error: type[Exception], said: str) -> None:
    """AWS's words for what cannot be found."""
    layers.publish("tools", zipped(a="1"))
    with pytest.raises(error, match=said):
        layers.get(name, version)


@pytest.mark.parametrize("arn", [f"{ARN}tools", f"{ARN}tools:2", "arn:aws:lambda:eu-west-1:123456789012:layer:tools:1"])
def test_an_arn_that_leads_nowhere(layers: Layers, arn: str) -> None:
    """A version's ARN needs the version, this account and this region."""
    layers.publish("tools", zipped(a="1"))
    with pytest.raises(ResourceNotFound):
        layers.get_by_arn(arn)


def test_what_is_no_zip_is_refused(layers: Layers) -> None:
    """And takes no number."""
    with pytest.raises(CodeError, match="Could not unzip uploaded file"):
        layers.publish("tools", b"nonsense")
    assert layers.publish("tools", zipped(a="1")).version == 1


@pytest.mark.parametrize(
    ("arns", "said"),
    [
        ([f"{ARN}l{n}:1" for n in range(6)], r"Cannot reference more than 5 layers\."),
        ([f"{ARN}tools:9"], rf"Layer version {ARN}tools:9 does not exist\."),
        ([f"{ARN}nothing:1"], rf"Layer version {ARN}nothing:1 does not exist\."),
        ([f"{ARN}tools"], "name one of its versions"),
        (["arn:aws:lambda:eu-west-1:123456789012:layer:tools:1"], "Layers are expected to be in region us-east-1"),
        (["arn:aws:lambda:us-east-1:210987654321:layer:tools:1"], "does not exist"),
        (
            [f"{ARN}tools:1", f"{ARN}tools:2"],
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            rf"{ARN}tools:1 and {ARN}tools:2 are versions of the same layer\.",
        ),
        ([f"{ARN}tools:1"] * 2, "Two different versions of the same layer"),
        ([5], "5 is neither a layer's name nor the ARN"),
    ],
)
def test_layers_that_do_not_go_together(layers: Layers, arns: list[Any], said: str) -> None:
    """AWS's words for what a function cannot have."""
    layers.publish("tools", zipped(a="1"))
    layers.publish("tools", zipped(a="2"))
    with pytest.raises(InvalidParameter, match=said):
        layers.chosen(arns)


def test_functions_keep_layers_that_are_deleted(layers: Layers, code: CodeStore) -> None:
    """A deleted version cannot be chosen any more, but who had it goes on; its package stays as long as it is had."""
    for name in ("one", "two"):
        layers.publish(name, zipped(**{name: "1", "both": name}))
    arns = (f"{ARN}one:1", f"{ARN}two:1")
    layers.put_merged(layers.chosen(arns), code.put_source("1").folder)
    layers.delete("one", 1)
    with pytest.raises(InvalidParameter, match="does not exist"):
        layers.chosen(arns)
    layers.chosen(arns, held=arns)
    code.remove_unused(layers.in_use([FunctionConfiguration("f", layers=arns)]))
    found = layers.folder(arns)
    assert found is not None
    assert {path.name: path.read_text() for path in found.iterdir()} == {"one": "1", "two": "1", "both": "two"}
    code.remove_unused(layers.in_use([]))
    assert not found.exists()
    assert layers.folder(()) is None


def test_code_and_layers_have_one_limit(layers: Layers, code: CodeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they unpack to is counted together, and said."""
    layers.publish("tools", zipped(a="x" * 60))
    chosen, package = layers.chosen([f"{ARN}tools:1"]), code.put_source("y" * 41).folder
    monkeypatch.setattr(module, "UNZIPPED_BYTES", 100)
    with pytest.raises(InvalidParameter, match=r"allowed size of 100 bytes. The actual size is 101 bytes\."):
        layers.put_merged(chosen, package)
    layers.put_merged([], package)


def test_the_accounts_code_size_counts_versions(layers: Layers) -> None:
    """Each version that is there counts with its zip."""
    sizes = [layers.publish("tools", zipped(a="1" * n)).code_size for n in (1, 2)]
    assert layers.stored_bytes() == sum(sizes)
    layers.delete("tools", 1)
    assert layers.stored_bytes() == sizes[1]
