"""The control plane: functions are created, updated, found and deleted here. Runs nothing."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import jlambda.store.secrets as secret_rules
from jlambda.errors import CodeError, ResourceNotFound
from jlambda.model.arn import LATEST, Account, parse_reference
from jlambda.model.function import FunctionConfiguration, changes, check_variables, with_settings
from jlambda.runtimes.callables import Shipped, shipped_callable
from jlambda.runtimes.code import CodeStore, Package
from jlambda.runtimes.python import find_handler
from jlambda.service.version import DeployedVersion
from jlambda.store.functions import Functions
from jlambda.store.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may say of a function; None keeps what the function has, or takes Lambda's default."""

    handler: str | None = None
    runtime: str | None = None
    memory_mb: int | None = None
    timeout_s: int | None = None
    environment: Mapping[str, str] | None = None
    secrets: Mapping[str, str] | None = None
    description: str | None = None
    ephemeral_storage_mb: int | None = None
    architecture: str | None = None
    use: Mapping[str, object] | None = None
    origin: str = ""


class ControlPlane:
    """The functions of one session. `retired` is called with a version's key when it is replaced or deleted."""

    def __init__(
        self, functions: Functions, secrets: Secrets, code: CodeStore, account: Account, retired: Callable[[str], None]
    ) -> None:
        self._functions, self._secrets, self._code, self._account, self._retired = functions, secrets, code, account, retired
        self._lock = threading.RLock()
        self._versions: dict[str, DeployedVersion] = {}

    def deploy(
        self, source: str | Path | Callable[..., object], name: str | None, settings: Settings
    ) -> tuple[FunctionConfiguration, dict[str, tuple[object, object]] | None]:
        """Create or update a function: its configuration now, and what changed (None for a new one).

        Everything is checked before anything is written. Raises `InvalidParameter` and `CodeError`.
        """
        use, origin = dict(settings.use or {}), settings.origin
        shipped: Shipped | None = None
        if callable(source):
            shipped = shipped_callable(source)
            name, use, origin = name or shipped.name, shipped.globals | use, origin or shipped.origin
        if name is None:
            raise CodeError("a function needs a name: deploy(source, name=...)")
        with self._lock:
            before = self._functions.get(name)
            wanted = with_settings(
                before or FunctionConfiguration(name=name),
                handler=settings.handler or (shipped.handler if shipped else None),
                runtime=settings.runtime,
                memory_mb=settings.memory_mb,
                timeout_s=settings.timeout_s,
                environment=settings.environment,
                secrets=None if settings.secrets is None else tuple(sorted(settings.secrets)),
                description=settings.description,
                ephemeral_storage_mb=settings.ephemeral_storage_mb,
                architecture=settings.architecture,
            )
            is_handler_free = settings.handler is None and shipped is None
            if isinstance(source, str) and is_handler_free:
                wanted = replace(wanted, handler=find_handler(source, "lambda_function.py"))
            elif settings.handler and "." not in settings.handler and not isinstance(source, Path):
                wanted = replace(wanted, handler=f"lambda_function.{settings.handler}")
            wanted.checked()
            values = self._secrets.values(name) if settings.secrets is None else dict(settings.secrets)
            secret_rules.check_size(wanted.environment, values)
            package = self._package(source, shipped, use)
            wanted = replace(wanted, code_sha256=package.sha256, code_size=package.size, origin=origin)
            return self._put(before, wanted, values)

    def _package(self, source: str | Path | Callable[..., object], shipped: Shipped | None, use: dict[str, object]) -> Package:
        if isinstance(source, Path):
            if use:
                raise CodeError("objects can be shipped with a cell or a callable, not with a file, folder or zip")
            if source.suffix == ".zip" and source.is_file():
                return self._code.put_zip(source.read_bytes())
            if source.is_file():
                return self._code.put_source(source.read_text())
            return self._code.put_folder(source)
        text = shipped.source if shipped else str(source)
        return self._code.put_source(text, pickled(use) if use else None)

    def _put(
        self, before: FunctionConfiguration | None, wanted: FunctionConfiguration, values: dict[str, str]
    ) -> tuple[FunctionConfiguration, dict[str, tuple[object, object]] | None]:
        changed = None if before is None else changes(before, wanted)
        if before is not None:
            held = self._secrets.values(wanted.name)
            for key in sorted(set(values) | set(held)):
                if values.get(key) != held.get(key) and changed is not None:
                    changed.setdefault("secrets", (before.secrets, wanted.secrets))
        if changed == {} and before is not None:
            if before.origin != wanted.origin:  # the same code from another cell: tracebacks name the new one
                self._functions.put(replace(before, origin=wanted.origin))
                self._refresh(wanted.name)
            return replace(before, origin=wanted.origin), changed
        wanted = replace(wanted, revision_id=str(uuid.uuid4()), last_modified=time.time())
        self._secrets.put(wanted.name, values)
        self._functions.put(wanted)
        self._drop(wanted.name)
        return wanted, changed

    def _refresh(self, name: str) -> None:
        """Have the version made again, with the same key: its environments stay."""
        self._versions.pop(name, None)

    def _drop(self, name: str) -> None:
        version = self._versions.pop(name, None)
        if version is not None:
            self._retired(version.key)

    def get(self, reference: str) -> FunctionConfiguration:
        """A function by name, NAME:QUALIFIER or ARN. Raises `ResourceNotFound`."""
        name, qualifier = parse_reference(reference, self._account)
        configuration = self._functions.get(name)
        if configuration is None or (qualifier or LATEST) != LATEST:
            raise ResourceNotFound(f"Function not found: {self._account.function_arn(name, qualifier)}")
        return configuration

    def list(self) -> list[FunctionConfiguration]:
        """All functions, by name."""
        return self._functions.list()

    def version(self, reference: str) -> DeployedVersion:
        """What an invocation of `reference` runs."""
        found = self._versions.get(reference)
        return found or self._load(reference)

    def _load(self, reference: str) -> DeployedVersion:
        with self._lock:
            configuration = self.get(reference)
            found = self._versions.get(configuration.name)
            if found is None:
                folder = self._code.folder(configuration.code_sha256)
                values, redact = self._secrets.values(configuration.name), self._secrets.redact(configuration.name)
                found = DeployedVersion(configuration, f"{folder.parent.name}/{folder.name}", values, redact, self._account)
                self._versions[configuration.name] = found
            return found

    def delete(self, reference: str) -> None:
        """Delete a function; its records stay. Raises `ResourceNotFound`."""
        with self._lock:
            name = self.get(reference).name
            self._functions.delete(name)
            self._secrets.delete(name)
            self._drop(name)

    def reset(self) -> None:
        """Delete all functions and their code."""
        with self._lock:
            for configuration in self._functions.list():
                self.delete(configuration.name)
            self._code.remove_unused(set())


def pickled(use: Mapping[str, object]) -> bytes:
    """Objects as a cell ships them. Raises `CodeError` that names the one that cannot be shipped."""
    import dill

    for name, value in use.items():
        try:
            dill.dumps(value, recurse=True)
        except Exception as error:
            raise CodeError(f"{name} cannot be shipped ({type(value).__name__}: {error}); pass it in the event") from None
    return bytes(dill.dumps(dict(use), recurse=True))
