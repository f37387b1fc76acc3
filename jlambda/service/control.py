"""The control plane: functions, their versions and aliases are created, updated, found and deleted here. Runs nothing."""

from __future__ import annotations

import builtins
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import jlambda.store.secrets as secret_rules
from jlambda.errors import CodeError, InvalidParameter, ResourceConflict, ResourceNotFound, StateError
from jlambda.model.arn import LATEST, Account, check_function_name
from jlambda.model.function import FunctionConfiguration, changes, check_values
from jlambda.model.layer import LayerVersion, layer_version_arn
from jlambda.model.runtime import THIS_PYTHON
from jlambda.runtimes import languages
from jlambda.runtimes.code import CodeStore, Package, zipped_folder
from jlambda.runtimes.handler import SHIPPED_GLOBALS
from jlambda.runtimes.languages import Choice
from jlambda.service.aliases import Aliases
from jlambda.service.building import package_of
from jlambda.service.layers import Layers
from jlambda.service.resolver import Resolver, secrets_of
from jlambda.service.revision import check_revision, new_revision
from jlambda.service.settings import Settings, configured
from jlambda.service.shipping import own_files, pickled_globals
from jlambda.service.source import MODULE, Source, chosen_handler, read_source
from jlambda.service.version import Access, DeployedVersion, version_key
from jlambda.store.functions import Functions
from jlambda.store.secrets import Secrets

Changes = dict[str, tuple[object, object]]


class ControlPlane:
    """The functions of one session.

    `retired` is called with a version's key when it is replaced or deleted, `snapshot` with a version that is to have one.
    Two more may be set later: `alias_moved` is called with function and name of an alias that points elsewhere now, or is
    gone; `gone` with the name of a function that is deleted, and None, or with one of its versions.
    """

    def __init__(
        self,
        functions: Functions,
        secrets: Secrets,
        code: CodeStore,
        layers: Layers,
        account: Account,
        retired: Callable[[str], None],
        snapshot: Callable[[DeployedVersion], None],
        lock: threading.RLock,
    ) -> None:
        self._snapshot = snapshot
        self._functions, self._secrets, self._code, self._account, self._retired = functions, secrets, code, account, retired
        self._layers = layers
        self.alias_moved: Callable[[str, str], None] = lambda _function, _alias: None
        self._warned: set[str] = set()
        self._prepared: set[Choice] = set()
        self.gone: Callable[[str, str | None], None] = lambda _function, _version: None
        #: called with the name of a function that was made, changed or deleted; from any thread
        self.watchers: list[Callable[[str], None]] = []
        #: held by whatever changes functions and what belongs to them
        self.lock = lock
        self._resolver = Resolver(functions, secrets, code, layers, account)
        self.forget_aliases = self._resolver.forget_aliases
        #: what an invocation of a function called NAME runs; and what one of a name, NAME:QUALIFIER or ARN runs
        self.version, self.resolve = self._resolver.version, self._resolver.resolve
        self.qualified = self._resolver.qualified
        aliases = Aliases(functions, self._resolver, account, lock, self._alias_moved)
        self.aliases, self.alias, self.create_alias = aliases.list, aliases.get, aliases.create
        self.update_alias, self.change_alias, self.delete_alias = aliases.update, aliases.change, aliases.delete

    def give_access(self, access: Access) -> None:
        """Have functions find their endpoint and credentials in their environment."""
        self._resolver.access = access

    def deploy(
        self, source: str | Path | Callable[..., object], name: str | None, settings: Settings
    ) -> tuple[FunctionConfiguration, Changes | None]:
        """Create or update a function: its configuration now, and what changed (None for a new one).

        Nothing of a function changes unless all of it is in order. Raises `InvalidParameter` and `CodeError`.
        """
        choice = self._choose(name, settings)
        settings = replace(
            settings,
            runtime=choice.runtime if settings.runtime else None,
            layers=self._layer_arns(settings.layers),
            requirements=settings.requirements and layer_version_arn(settings.requirements, self._account),
        )
        brought = read_source(source, dict(settings.use or {}), settings.origin) if choice.is_python else None
        name = name if name is not None or brought is None else brought.name
        if name is None:
            raise CodeError("a function needs a name: deploy(source, name=...)")
        check_function_name(name)
        packed = None if brought is None or brought.text is not None else _packed(brought)
        if packed is not None:
            self._code.put_zip(packed)  # tens of thousands of files take seconds, in which others can change their functions
        with self.lock:
            before = self._functions.get(name)
            wanted, values, layers = self._wanted(before, name, settings)
            if brought is not None:
                wanted = self._with_code(brought, packed, before, settings.handler, wanted).checked()
            else:
                wanted = self._with_package(source, choice, before, settings, wanted).checked()
            self._layers.put_merged(layers, self._code.folder(wanted.code_sha256))
            origin = settings.origin if brought is None else brought.origin
            return self._put(before, replace(wanted, origin=origin), values)

    def configure(self, name: str, settings: Settings) -> tuple[FunctionConfiguration, Changes | None]:
        """Change settings of a function, its code apart: its configuration now, and what changed.

        Nothing changes unless all of it is in order. Raises `ResourceNotFound` and `InvalidParameter`.
        """
        settings = replace(settings, layers=self._layer_arns(settings.layers))
        with self.lock:
            before = self.get(name)
            wanted, values, layers = self._wanted(before, name, settings)
            self._layers.put_merged(layers, self._code.folder(wanted.code_sha256))
            return self._put(before, wanted, values)

    def with_held_secrets(self, name: str, wanted: Mapping[str, str | None]) -> dict[str, str]:
        """The values of a function's secrets: those of `wanted`, and what is held for a name that it gives no value.

        Raises `InvalidParameter` for a name without a value of which none is held.
        """
        held = self._secrets.values(self.get(name).name)
        found = {key: held.get(key) if value is None else value for key, value in wanted.items()}
        missing = [key for key, value in found.items() if value is None]
        if missing:
            raise InvalidParameter(f"the secret {missing[0]} has no value yet: give it one")
        return {key: value for key, value in found.items() if value is not None}

    def _wanted(
        self, before: FunctionConfiguration | None, name: str, settings: Settings
    ) -> tuple[FunctionConfiguration, dict[str, str], Sequence[LayerVersion]]:
        """The configuration that is asked for, the values of its secrets, and its layers; all in order."""
        held = self._secrets.values(name) if before else {}
        wanted, values = configured(before or FunctionConfiguration(name=name), held, settings)
        wanted.checked()
        check_values(values)
        secret_rules.check_size(wanted.environment, values)
        return wanted, values, self._layers.chosen(wanted.layers, before.layers if before else ())

    def _layer_arns(self, layers: Sequence[str] | None) -> Sequence[str] | None:
        if layers is None or isinstance(layers, str):
            return layers  # the latter is refused with all else that is wrong
        return [layer_version_arn(each, self._account) for each in layers]

    def _choose(self, name: str | None, settings: Settings) -> Choice:
        """What serves the runtime of a function of a cell."""
        before = self._functions.get(name) if name else None
        choice = self.choose(settings.runtime or (before.runtime if before else THIS_PYTHON), settings.is_strict, 5)
        if settings.use and not choice.is_own_python:
            raise CodeError(f"objects can be shipped to {THIS_PYTHON} only, the notebook's own Python")
        return choice

    def choose(self, runtime: str, is_strict: bool, stacklevel: int = 2) -> Choice:
        """What serves a runtime; says once if that is another version of it, or refuses it then."""
        choice = languages.choose(runtime, is_strict=is_strict)
        if choice.warning and runtime not in self._warned:
            self._warned.add(runtime)
            warnings.warn(choice.warning, RuntimeWarning, stacklevel)
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
        if choice not in self._prepared:  # the first invocation does not wait for it
            languages.client(choice)
            self._prepared.add(choice)
        package = self._code.put_zip(built.data)
        return replace(wanted, handler=built.handler, code_sha256=package.sha256, code_size=package.size)

    def _with_code(
        self,
        source: Source,
        packed: bytes | None,
        before: FunctionConfiguration | None,
        handler: str | None,
        wanted: FunctionConfiguration,
    ) -> FunctionConfiguration:
        """`wanted` with the source's package, which is stored, and its handler; `packed` is a zip, or that of a folder."""
        found, old = before.handler if before else None, self._folder(before)
        if source.text is None:
            assert packed is not None
            package = self._code.put_zip(packed)
            handler = chosen_handler(source, handler, found, package.folder, old)
        else:
            handler = chosen_handler(source, handler, found, None, old)
            package = self._put_text(source, source.text)
        return replace(wanted, handler=handler, code_sha256=package.sha256, code_size=package.size)

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
                self._resolver.forget(wanted.name)  # made again with the same key: its environments stay
            return before, changed
        return self.store(before, wanted, values), changed

    def store(
        self, before: FunctionConfiguration | None, wanted: FunctionConfiguration, values: dict[str, str]
    ) -> FunctionConfiguration:
        """Keep `wanted`, which is in order, and its secrets in the place of `before`, as a new revision."""
        wanted = replace(wanted, revision_id=new_revision(), deployment="", last_modified=time.time())
        held = self._secrets.values(wanted.name)
        if values != held:
            self._secrets.put(wanted.name, values)
        try:
            self._functions.put(wanted)
        except StateError:
            with suppress(StateError):
                self._secrets.put(wanted.name, held)
            raise
        self._forget(before)
        self.tell(wanted.name)
        return wanted

    def _alias_moved(self, function: str, alias: str) -> None:
        self.alias_moved(function, alias)
        self.tell(function)

    def tell(self, name: str) -> None:
        """Tell whoever watches that something of a function has changed."""
        for watcher in tuple(self.watchers):
            watcher(name)

    def _forget(self, configuration: FunctionConfiguration | None) -> None:
        """Have no more invocations run on this version; those that run finish."""
        if configuration is not None:
            self._resolver.forget(configuration.name, configuration.version)
            self._retired(version_key(configuration))

    def get(self, reference: str) -> FunctionConfiguration:
        """A function or version by name, NAME:QUALIFIER or ARN. Raises `ResourceNotFound`."""
        return self._resolver.configuration(reference)

    def list(self) -> list[FunctionConfiguration]:
        """All functions, by name."""
        return self._functions.list()

    # -- versions ------------------------------------------------------------------------------------------------------

    def publish(
        self, name: str, description: str | None = None, code_sha256: str | None = None, revision_id: str | None = None
    ) -> FunctionConfiguration:
        """Keep what is deployed as a version that never changes; the last one again if nothing has changed since.

        `code_sha256` and `revision_id`, if given, must be those of what is deployed: `InvalidParameter`,
        `PreconditionFailed`. With SnapStart this waits for the snapshot; where that fails there is no version, and a
        `FunctionError`.
        """
        published, is_new = self._publish(name, description, code_sha256, revision_id)
        if is_new and published.has_snapshot:
            try:
                self._snapshot(self.version(name, published.version))
            except BaseException:
                with suppress(ResourceNotFound):
                    self.delete_version(name, published.version)
                raise
        if is_new:
            self.tell(published.name)
        return published

    def _publish(
        self, name: str, description: str | None, code_sha256: str | None, revision_id: str | None
    ) -> tuple[FunctionConfiguration, bool]:
        """The version, and whether it is a new one."""
        with self.lock:
            latest = self.get(name)
            if code_sha256 is not None and code_sha256 != latest.code_sha256:
                raise InvalidParameter(
                    f"CodeSHA256 ({code_sha256}) is different from current CodeSHA256 in $LATEST ({latest.code_sha256}). "
                    "Please try again with the CodeSHA256 in $LATEST."
                )
            check_revision(revision_id, latest.revision_id)
            values = self._secrets.values(name)
            last = self._functions.versions(name)[-1:]
            if last and _is_same(last[0], latest) and self._secrets.values(secrets_of(name, last[0].version)) == values:
                return last[0], False
            made = replace(latest, revision_id=new_revision(), deployment="", last_modified=time.time())
            made = replace(made, pending="", settles_at=0.0)
            published = self._functions.publish(
                made if description is None else replace(made, description=description).checked()
            )
            if values:
                try:
                    self._secrets.put(secrets_of(name, published.version), values)
                except StateError:
                    with suppress(StateError):
                        self._functions.delete_version(name, published.version)
                    raise
            self._functions.put(latest.revised(new_revision()))  # on AWS, too, what is published is at another revision then
            return published, True

    def versions(self, name: str) -> builtins.list[FunctionConfiguration]:
        """$LATEST, then the published versions of a function, oldest first. Raises `ResourceNotFound`."""
        latest = self.get(name)
        return [latest, *self._functions.versions(latest.name)]

    def delete_version(self, name: str, version: str) -> None:
        """Delete one published version. Raises `ResourceConflict` where an alias points to it."""
        if version == LATEST:
            raise InvalidParameter("$LATEST version cannot be deleted without deleting the function.")
        with self.lock:
            configuration = self.get(f"{name}:{version}")
            uses = [each for each in self.aliases(name) if configuration.version in (each.version, *each.weights)]
            if uses:
                arns = ", ".join(self._account.function_arn(name, each.name) for each in uses)
                raise ResourceConflict(f"The following aliases reference version {version}: {arns}. Move them first.")
            self._functions.delete_version(name, configuration.version)
            self._secrets.delete(secrets_of(name, configuration.version))
            self._forget(configuration)
            self.gone(configuration.name, configuration.version)
        self.tell(configuration.name)

    # -- end -----------------------------------------------------------------------------------------------------------

    def delete(self, reference: str) -> None:
        """Delete a function with its versions and aliases; its records stay. Raises `ResourceNotFound`."""
        with self.lock:
            name = self.get(reference).name
            gone = self.versions(name)
            self._functions.delete(name)
            self._resolver.forget_aliases(name)
            for configuration in gone:
                self._secrets.delete(secrets_of(name, configuration.version))
                self._forget(configuration)
            self.gone(name, None)
        self.tell(name)

    def reset(self) -> None:
        """Delete all functions and their code."""
        with self.lock:
            for configuration in self._functions.list():
                self.delete(configuration.name)
            self._code.remove_unused(self._layers.in_use([]))


def _packed(source: Source) -> bytes:
    """A folder or zip as the package that it becomes."""
    assert source.path is not None
    if source.path.is_dir():
        return zipped_folder(source.path)
    try:
        return source.path.read_bytes()
    except OSError as error:
        raise CodeError(f"{source.path} cannot be read: {error.strerror}") from None


def _is_same(published: FunctionConfiguration, latest: FunctionConfiguration) -> bool:
    """Whether `latest` would be published as what is published already."""
    return published == replace(
        latest,
        version=published.version,
        revision_id=published.revision_id,
        last_modified=published.last_modified,
        description=published.description,
        origin=published.origin,
        deployment=published.deployment,
        pending=published.pending,
        settles_at=published.settles_at,
    )
