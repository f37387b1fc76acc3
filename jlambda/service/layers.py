"""Layers: published, listed, deleted, and merged into what a function finds at ``/opt``. Runs nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.model.function import FunctionConfiguration
from jlambda.model.layer import LayerVersion, layer_arn, parse_layer, parse_layers
from jlambda.model.limits import UNZIPPED_BYTES
from jlambda.runtimes.code import CodeStore, Package, merged_sha256
from jlambda.runtimes.merge import unpacked_bytes
from jlambda.store.database import Database
from jlambda.store.resources import Resources


class Layers:
    """The layers of one session.

    A name may be the layer's ARN. Versions that are deleted go on in the functions that have them.
    """

    def __init__(
        self,
        database: Database,
        code: CodeStore,
        account: Account,
        lock: threading.RLock,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._code, self._account, self._lock, self._clock = code, account, lock, clock
        self._versions = Resources(database, "layer-version", LayerVersion)

    def arn(self, name: str, version: int | None = None) -> str:
        """The ARN of a layer, or of one of its versions."""
        return layer_arn(self._account, name, version)

    def publish(
        self,
        name: str,
        package: bytes | Path,
        *,
        description: str = "",
        runtimes: Sequence[str] = (),
        architectures: Sequence[str] = (),
        license: str | None = None,
    ) -> LayerVersion:
        """Make the next version of a layer from a zip or a folder. Raises `InvalidParameter` and `CodeError`."""
        name = self._name(name)
        stored = self._code.put_zip(package) if isinstance(package, bytes) else self._code.put_folder(package)
        return self._publish(name, stored, description, runtimes, architectures, license)

    def publish_once(
        self, name: str, package: bytes | Path | LayerVersion, *, description: str = "", runtimes: Sequence[str] = ()
    ) -> LayerVersion:
        """The latest version of a layer if that has this content, of a zip, a folder or another layer; else the next one."""
        name = self._name(name)
        if isinstance(package, LayerVersion):
            package = self._code.zip(package.code_sha256)
        stored = self._code.put_zip(package) if isinstance(package, bytes) else self._code.put_folder(package)
        with self._lock:
            if (latest := self.versions(name)) and latest[0].code_sha256 == stored.sha256:
                return latest[0]
            return self._publish(name, stored, description, runtimes, (), None)

    def _publish(
        self,
        name: str,
        stored: Package,
        description: str,
        runtimes: Sequence[str],
        architectures: Sequence[str],
        license: str | None,
    ) -> LayerVersion:
        with self._lock:
            every = self._versions.values(_owner(name))  # deleted ones too: no number comes twice
            made = LayerVersion(
                name,
                1 + max((each.version for each in every), default=0),
                stored.sha256,
                stored.size,
                unpacked_bytes([stored.folder]),
                description,
                license,
                tuple(runtimes),
                tuple(architectures),
                self._clock(),
            )
            return self._versions.put(made, _owner(name), str(made.version))

    def find(self, name: str, version: int) -> LayerVersion | None:
        """One version of a layer, None if it is not there (any more). Raises `InvalidParameter` for a number below 1."""
        name = self._name(name)
        if version < 1:
            raise InvalidParameter("Layer Version Cannot be less than 1")
        found = self._versions.get(_owner(name), str(version))
        return None if found is None or found.is_deleted else found

    def get(self, name: str, version: int) -> LayerVersion:
        """One version of a layer. Raises `ResourceNotFound`."""
        found = self.find(name, version)
        if found is None:
            raise ResourceNotFound("The resource you requested does not exist.")
        return found

    def get_by_arn(self, arn: str) -> LayerVersion:
        """The layer version with this ARN. Raises `ResourceNotFound`."""
        name, version, region, account = parse_layer(arn, self._account)
        if version is None or (region, account) != (self._account.region, self._account.id):
            raise ResourceNotFound("The resource you requested does not exist.")
        return self.get(name, version)

    def versions(self, name: str, runtime: str | None = None, architecture: str | None = None) -> list[LayerVersion]:
        """The versions of a layer that are made for a runtime and an architecture, the latest first."""
        every = self._versions.values(_owner(self._name(name)))
        found = [each for each in every if not each.is_deleted and each.is_for(runtime, architecture)]
        return sorted(found, key=lambda each: -each.version)

    def latest(self, runtime: str | None = None, architecture: str | None = None) -> list[LayerVersion]:
        """The latest matching version of each layer that has one, by name."""
        found: dict[str, LayerVersion] = {}
        for each in sorted(self._versions.values(), key=lambda each: (each.name, each.version)):
            if not each.is_deleted and each.is_for(runtime, architecture):
                found[each.name] = each
        return list(found.values())

    def delete(self, name: str, version: int) -> None:
        """Delete one version; no error if there is none."""
        with self._lock:
            if found := self.find(name, version):
                self._versions.forget(_owner(found.name), str(version))  # its policy too
                self._versions.put(replace(found, is_deleted=True), _owner(found.name), str(version))

    def chosen(self, arns: Sequence[str], held: Collection[str] = ()) -> Sequence[LayerVersion]:
        """The layer versions that a function is to have, in its order; of deleted ones it keeps those that it `held`.

        Raises `InvalidParameter` where one does not exist or they do not go together.
        """
        found = []
        for arn, reference in zip(arns, parse_layers(arns, self._account), strict=True):
            each = self._versions.get(_owner(reference.name), str(reference.version))
            if each is None or (each.is_deleted and arn not in held):
                raise InvalidParameter(f"Layer version {arn} does not exist.")
            found.append(each)
        return found

    def put_merged(self, layers: Sequence[LayerVersion], code: Path) -> None:
        """Have what these layers make together ready for functions with this code; `InvalidParameter` if it is too big."""
        if layers:
            together = unpacked_bytes([code]) + sum(each.unpacked_bytes for each in layers)
            if together > UNZIPPED_BYTES:
                raise InvalidParameter(
                    f"Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_BYTES} bytes. "
                    f"The actual size is {together} bytes."
                )
            self._code.put_merged([each.code_sha256 for each in layers])

    def folder(self, arns: Sequence[str]) -> Path | None:
        """What a function with these layers finds at ``/opt``, None if it has none. Raises `StateError` where it is gone."""
        return self._code.folder(merged_sha256(self._digests(arns))) if arns else None

    def in_use(self, functions: Iterable[FunctionConfiguration]) -> set[str]:
        """The digests of all packages that layers, and what `functions` have of them, are made of."""
        used = {each.code_sha256 for each in self._versions.values() if not each.is_deleted}
        for function in functions:
            if digests := self._digests(function.layers):
                used |= {*digests, merged_sha256(digests)}
        return used

    def stored_bytes(self) -> int:
        """What all versions' zips take, as the account's code size counts it."""
        return sum(each.code_size for each in self._versions.values() if not each.is_deleted)

    def _digests(self, arns: Sequence[str]) -> list[str]:
        return [each.code_sha256 for each in self.chosen(arns, held=arns)]

    def _name(self, text: str) -> str:
        return parse_layer(text, self._account).name


def _owner(name: str) -> str:
    return f"layer:{name}"
