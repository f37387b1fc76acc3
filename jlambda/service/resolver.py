"""What an invocation runs: from a name, a qualifier or an ARN to a deployed version, looked up once and kept.

Knows the store; changes nothing in it. Whoever changes a function tells, with `forget`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from pathlib import Path

from jlambda.errors import ResourceNotFound
from jlambda.model.alias import Alias
from jlambda.model.arn import LATEST, Account, parse_reference
from jlambda.model.function import FunctionConfiguration
from jlambda.model.spelling import nearest
from jlambda.runtimes import languages
from jlambda.runtimes.code import CodeStore
from jlambda.service.layers import Layers
from jlambda.service.version import Access, DeployedVersion
from jlambda.store.functions import Functions
from jlambda.store.secrets import Secrets

#: how many functions a message lists
_NAMES_SHOWN = 10


class Resolver:
    """Deployed versions by name and version, and aliases, read from the store when they are first asked for."""

    def __init__(self, functions: Functions, secrets: Secrets, code: CodeStore, layers: Layers, account: Account) -> None:
        self._functions, self._secrets, self._code, self._account = functions, secrets, code, account
        self._layers = layers
        #: what gives functions their endpoint and credentials; set once, before anything is resolved
        self.access: Access | None = None
        self._lock = threading.RLock()  # who finds nothing while loading looks the aliases up for a hint
        self._latest: dict[str, DeployedVersion] = {}
        self._published: dict[tuple[str, str], DeployedVersion] = {}
        self._aliases: dict[str, dict[str, Alias]] = {}

    def version(self, name: str, version: str = LATEST) -> DeployedVersion:
        """What an invocation of a version of the function called `name` runs. Raises `ResourceNotFound`."""
        if version == LATEST:
            return self._latest.get(name) or self._load(name, LATEST)
        return self._published.get((name, version)) or self._load(name, version)

    def resolve(self, reference: str, qualifier: str | None = None) -> tuple[DeployedVersion, str | None]:
        """What an invocation of a name, NAME:QUALIFIER or ARN runs, and the qualifier that was given.

        An alias that points to two versions is drawn for, at each call.
        """
        name, in_reference = parse_reference(reference, self._account)
        qualifier = qualifier if qualifier is not None else in_reference
        return self.qualified(name, qualifier), qualifier

    def qualified(self, name: str, qualifier: str | None) -> DeployedVersion:
        """`resolve` for the name of a function alone."""
        if qualifier is None or qualifier == LATEST or qualifier.isdigit():
            return self.version(name, qualifier or LATEST)
        alias = self.aliases(name).get(qualifier)
        if alias is None:
            raise self.not_found(name, qualifier)
        return self.version(name, alias.route(random.random()) if alias.weights else alias.version)

    def configuration(self, reference: str) -> FunctionConfiguration:
        """A function, or one of its versions, as it was named; an alias stands for the version that it points to first."""
        name, qualifier = parse_reference(reference, self._account)
        version = qualifier or LATEST
        if version != LATEST and not version.isdigit():
            alias = self.aliases(name).get(version)
            if alias is None:
                raise self.not_found(name, qualifier)
            version = alias.version
        configuration = self._functions.get(name, version)
        if configuration is None:
            raise self.not_found(name, qualifier)
        return configuration

    def aliases(self, name: str) -> dict[str, Alias]:
        """The aliases of a function, by name."""
        found = self._aliases.get(name)
        if found is None:
            with self._lock:
                found = self._aliases[name] = self._functions.aliases(name)
        return found

    def not_found(self, name: str, qualifier: str | None) -> ResourceNotFound:
        """The error for what is not there; it says what is."""
        names = [each.name for each in self._functions.list()]
        if name in names:
            known = [*(each.version for each in self._functions.versions(name)), *self.aliases(name)]
            # of the versions none is nearer than another
            near = nearest(f"{name}:{qualifier}", (f"{name}:{alias}" for alias in self.aliases(name)))
            there_are = f"{name} has {_listed(known)}" if known else f"{name} has no version yet: publish makes one"
        else:
            there_are, near = f"deployed: {_listed(names)}", nearest(name, names)
        return ResourceNotFound(f"Function not found: {self._account.function_arn(name, qualifier)}", f"{there_are}{near}")

    def forget(self, name: str, version: str = LATEST) -> None:
        """A version was changed or deleted: what is asked for next is read anew."""
        with self._lock:
            if version == LATEST:
                self._latest.pop(name, None)
            else:
                self._published.pop((name, version), None)

    def forget_aliases(self, name: str) -> None:
        """An alias of a function was changed."""
        with self._lock:
            self._aliases.pop(name, None)

    def _load(self, name: str, version: str) -> DeployedVersion:
        with self._lock:
            configuration = self._functions.get(name, version)
            if configuration is None:
                raise self.not_found(name, version)
            code = _below_code_root(self._code.folder(configuration.code_sha256))
            layers = self._layers.folder(configuration.layers)
            owner = secrets_of(name, version)
            values, redact = self._secrets.values(owner), self._secrets.redact(owner)
            how = languages.starting(languages.choose(configuration.runtime), configuration, self._code.put_zip, layers)
            shown = _below_code_root(layers)
            loaded = DeployedVersion(configuration, code, values, redact, self._account, how, shown, self.access)
            if version == LATEST:
                self._latest[name] = loaded
            else:
                self._published[name, version] = loaded
            return loaded


def _below_code_root(folder: Path | None) -> str:
    return f"{folder.parent.name}/{folder.name}" if folder else ""


def secrets_of(name: str, version: str) -> str:
    """Under what name the secrets of a version are kept."""
    return name if version == LATEST else f"{name}:{version}"


def _listed(names: Sequence[str]) -> str:
    """The first of these names, and whether there are more."""
    return ", ".join(names[:_NAMES_SHOWN]) + (" …" if len(names) > _NAMES_SHOWN else "") or "none"
