"""The control plane: functions are created, updated, found and deleted here. Runs nothing."""

from __future__ import annotations

import threading
import time
import uuid
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import jlambda.store.secrets as secret_rules
from jlambda.errors import CodeError, InvalidParameter, ResourceNotFound, StateError
from jlambda.model.arn import LATEST, Account, check_function_name, parse_reference
from jlambda.model.function import FunctionConfiguration, changes, check_values, with_settings
from jlambda.model.runtime import THIS_PYTHON
from jlambda.runtimes import languages
from jlambda.runtimes.code import CodeStore, Package
from jlambda.runtimes.handler import SHIPPED_GLOBALS
from jlambda.runtimes.languages import Choice
from jlambda.service.building import package_of
from jlambda.service.shipping import own_files, pickled_globals
from jlambda.service.source import MODULE, Source, chosen_handler, read_source
from jlambda.service.version import DeployedVersion, version_key
from jlambda.store.functions import Functions
from jlambda.store.secrets import Secrets

Changes = dict[str, tuple[object, object]]

#: how many functions a message lists
_NAMES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may say of a function; None keeps what the function has, or takes Lambda's default.

    `use` are objects that become globals of the module; `classpath` holds libraries to compile with; `is_strict` refuses a
    runtime that another version would have to stand in for; `origin` is how a traceback names where the source came from.
    """

    handler: str | None = None
    runtime: str | None = None
    memory_mb: int | None = None
    timeout_s: int | None = None
    environment: Mapping[str, str] | None = None
    secrets: Mapping[str, str] | None = field(default=None, repr=False)
    description: str | None = None
    ephemeral_storage_mb: int | None = None
    architecture: str | None = None
    use: Mapping[str, object] | None = field(default=None, repr=False)
    classpath: tuple[str, ...] = ()
    is_strict: bool = False
    origin: str = ""


class ControlPlane:
    """The functions of one session. `retired` is called with a version's key when it is replaced or deleted."""

    def __init__(
        self, functions: Functions, secrets: Secrets, code: CodeStore, account: Account, retired: Callable[[str], None]
    ) -> None:
        self._functions, self._secrets, self._code, self._account, self._retired = functions, secrets, code, account, retired
        self._lock = threading.RLock()
        self._warned: set[str] = set()
        self._versions: dict[str, DeployedVersion] = {}

    def deploy(
        self, source: str | Path | Callable[..., object], name: str | None, settings: Settings
    ) -> tuple[FunctionConfiguration, Changes | None]:
        """Create or update a function: its configuration now, and what changed (None for a new one).

        Nothing of a function changes unless all of it is in order. Raises `InvalidParameter` and `CodeError`.
        """
        choice = self._choose(name, settings)
        settings = replace(settings, runtime=choice.runtime if settings.runtime else None)
        brought = read_source(source, dict(settings.use or {}), settings.origin) if choice.is_python else None
        name = name if name is not None or brought is None else brought.name
        if name is None:
            raise CodeError("a function needs a name: deploy(source, name=...)")
        check_function_name(name)
        with self._lock:
            before = self._functions.get(name)
            held = self._secrets.values(name) if before else {}
            wanted, values = _configured(before or FunctionConfiguration(name=name), held, settings)
            wanted.checked()
            check_values(values)
            secret_rules.check_size(wanted.environment, values)
            if brought is not None:
                wanted = self._with_code(brought, before, settings.handler, wanted).checked()
                return self._put(before, replace(wanted, origin=brought.origin), values)
            wanted = self._with_package(source, choice, before, settings, wanted).checked()
            return self._put(before, replace(wanted, origin=settings.origin), values)

    def _choose(self, name: str | None, settings: Settings) -> Choice:
        """What serves the function's runtime; says once if that is another version of it."""
        before = self._functions.get(name) if name else None
        runtime = settings.runtime or (before.runtime if before else THIS_PYTHON)
        choice = languages.choose(runtime, is_strict=settings.is_strict)
        if choice.warning and runtime not in self._warned:
            self._warned.add(runtime)
            warnings.warn(choice.warning, RuntimeWarning, stacklevel=4)
        if settings.use and not choice.is_own_python:
            raise CodeError(f"objects can be shipped to {THIS_PYTHON} only, the notebook's own Python")
        return choice

    def _with_package(
        self,
        source: str | Path | Callable[..., object],
        choice: Choice,
        before: FunctionConfiguration | None,
        settings: Settings,
        wanted: FunctionConfiguration,
    ) -> FunctionConfiguration:
        """`wanted` with the package of a language other than Python, which is built and stored, and its handler."""
        is_same = before is not None and languages.language_of(before.runtime) is choice.language
        handler = before.handler if before is not None and is_same else None
        built = package_of(
            source,
            choice,
            handler=settings.handler,
            before=handler,
            classpath=settings.classpath,
            origin=settings.origin,
        )
        package = self._code.put_zip(built.data)
        return replace(wanted, handler=built.handler, code_sha256=package.sha256, code_size=package.size)

    def _with_code(
        self, source: Source, before: FunctionConfiguration | None, handler: str | None, wanted: FunctionConfiguration
    ) -> FunctionConfiguration:
        """`wanted` with the source's package, which is stored, and its handler."""
        found, old = before.handler if before else None, self._folder(before)
        if source.text is None:
            package = self._put_path(source)
            handler = chosen_handler(source, handler, found, package.folder, old)
        else:
            handler = chosen_handler(source, handler, found, None, old)
            package = self._put_text(source, source.text)
        return replace(wanted, handler=handler, code_sha256=package.sha256, code_size=package.size)

    def _put_path(self, source: Source) -> Package:
        assert source.path is not None
        if source.path.is_dir():
            return self._code.put_folder(source.path)
        try:
            return self._code.put_zip(source.path.read_bytes())
        except OSError as error:
            raise CodeError(f"{source.path} cannot be read: {error.strerror}") from None

    def _put_text(self, source: Source, text: str) -> Package:
        if not source.use and not source.modules:
            return self._code.put_source(text)
        use = pickled_globals(source.use)
        files = own_files({*use.modules, *source.modules})
        if f"{MODULE}.py" in files:
            raise CodeError(f"{MODULE}.py is the name of the function's own module: rename yours")
        shipped = {SHIPPED_GLOBALS: use.data} if source.use else {}
        return self._code.put_files({f"{MODULE}.py": text.encode(), **shipped, **dict(sorted(files.items()))})

    def _folder(self, configuration: FunctionConfiguration | None) -> Path | None:
        """Where the code of an earlier deployment is, None if there is none."""
        try:
            return self._code.folder(configuration.code_sha256) if configuration else None
        except StateError:
            return None

    def _put(
        self, before: FunctionConfiguration | None, wanted: FunctionConfiguration, values: dict[str, str]
    ) -> tuple[FunctionConfiguration, Changes | None]:
        changed = None if before is None else changes(before, wanted)
        held = self._secrets.values(wanted.name)
        if before is not None and changed is not None and values != held:
            changed.setdefault("secrets", (before.secrets, wanted.secrets))
        if before is not None and not changed:
            if before.origin != wanted.origin:  # the same code from another cell: tracebacks name the new one
                before = replace(before, origin=wanted.origin)
                self._functions.put(before)
                self._versions.pop(wanted.name, None)  # made again with the same key: its environments stay
            return before, changed
        wanted = replace(wanted, revision_id=str(uuid.uuid4()), last_modified=time.time())
        if values != held:
            self._secrets.put(wanted.name, values)
        try:
            self._functions.put(wanted)
        except StateError:
            with suppress(StateError):
                self._secrets.put(wanted.name, held)
            raise
        self._forget(wanted.name, before)
        return wanted, changed

    def _forget(self, name: str, configuration: FunctionConfiguration | None) -> None:
        """Have no more invocations run on this version; those that run finish."""
        self._versions.pop(name, None)
        if configuration is not None:
            self._retired(version_key(configuration))

    def get(self, reference: str) -> FunctionConfiguration:
        """A function by name, NAME:QUALIFIER or ARN. Raises `ResourceNotFound`."""
        name, qualifier = parse_reference(reference, self._account)
        configuration = self._functions.get(name)
        if configuration is None or (qualifier or LATEST) != LATEST:
            raise self._not_found(name, qualifier)
        return configuration

    def _not_found(self, name: str, qualifier: str | None) -> ResourceNotFound:
        names = [each.name for each in self._functions.list()]
        there_are = ", ".join(names[:_NAMES_SHOWN]) + (" …" if len(names) > _NAMES_SHOWN else "") if names else "none"
        return ResourceNotFound(f"Function not found: {self._account.function_arn(name, qualifier)} (deployed: {there_are})")

    def list(self) -> list[FunctionConfiguration]:
        """All functions, by name."""
        return self._functions.list()

    def version(self, name: str) -> DeployedVersion:
        """What an invocation of the function called `name` runs. Raises `ResourceNotFound`."""
        return self._versions.get(name) or self._load(name)

    def resolve(self, reference: str) -> tuple[DeployedVersion, str | None]:
        """What an invocation of a name, NAME:QUALIFIER or ARN runs, and the qualifier that was given."""
        name, qualifier = parse_reference(reference, self._account)
        if (qualifier or LATEST) != LATEST:
            raise self._not_found(name, qualifier)
        return self.version(name), qualifier

    def _load(self, name: str) -> DeployedVersion:
        with self._lock:
            found = self._versions.get(name)
            if found is None:
                configuration = self._functions.get(name)
                if configuration is None:
                    raise self._not_found(name, LATEST)
                folder = self._code.folder(configuration.code_sha256)
                code = f"{folder.parent.name}/{folder.name}"
                values, redact = self._secrets.values(name), self._secrets.redact(name)
                how = languages.starting(languages.choose(configuration.runtime), configuration, self._code.put_zip)
                found = self._versions[name] = DeployedVersion(configuration, code, values, redact, self._account, how)
            return found

    def delete(self, reference: str) -> None:
        """Delete a function; its records stay. Raises `ResourceNotFound`."""
        with self._lock:
            configuration = self.get(reference)
            self._functions.delete(configuration.name)
            self._secrets.delete(configuration.name)
            self._forget(configuration.name, configuration)

    def reset(self) -> None:
        """Delete all functions and their code."""
        with self._lock:
            for configuration in self._functions.list():
                self.delete(configuration.name)
            self._code.remove_unused(set())


def _configured(
    before: FunctionConfiguration, held: dict[str, str], settings: Settings
) -> tuple[FunctionConfiguration, dict[str, str]]:
    """The configuration that `settings` ask for, its code apart, and the values of its secrets.

    A name is either a variable's or a secret's: the one that is given now takes it from the other.
    """
    given = {"env": settings.environment, "secrets": settings.secrets}
    for option, mapping in given.items():
        if mapping is not None and not isinstance(mapping, Mapping):
            raise InvalidParameter(f"{option} is {type(mapping).__name__}: use a dict of names and values")
    environment = dict(before.environment if settings.environment is None else settings.environment)
    secrets = dict(held if settings.secrets is None else settings.secrets)
    both = sorted(map(str, environment.keys() & secrets.keys()))
    if both and settings.environment is not None and settings.secrets is not None:
        raise InvalidParameter(f"environment variable {both[0]}: give it as a variable or as a secret, not as both")
    for name in both:
        del (environment if settings.environment is None else secrets)[name]
    configured = with_settings(
        before,
        runtime=settings.runtime,
        memory_mb=settings.memory_mb,
        timeout_s=settings.timeout_s,
        environment=environment,
        secrets=tuple(sorted(secrets, key=str)),
        description=settings.description,
        ephemeral_storage_mb=settings.ephemeral_storage_mb,
        architecture=settings.architecture,
    )
    return configured, secrets
