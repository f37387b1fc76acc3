"""Code signing configurations, and which functions have one. Kept and shown: nothing is signed or checked here."""

from __future__ import annotations

import builtins
import secrets
import string
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jlambda.errors import CodeSigningConfigNotFound, ResourceConflict, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.service.tags import check_tags
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources

_ALPHABET = string.ascii_lowercase + string.digits
# https://docs.aws.amazon.com/lambda/latest/api/API_CodeSigningConfig.html
_ID_CHARS = 17


@dataclass(frozen=True, slots=True)
class CodeSigningConfig:
    """`publishers` are ARNs of signing profiles; `policy` is Warn or Enforce; `last_modified` in seconds since the epoch."""

    id: str
    description: str | None
    publishers: tuple[str, ...]
    policy: str
    last_modified: float


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a function has: the ARN of a configuration."""

    arn: str


class CodeSigning:
    """The code signing configurations of one session."""

    def __init__(
        self,
        database: Database,
        targets: Targets,
        account: Account,
        lock: threading.RLock,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._targets, self._account, self._lock, self._clock = targets, account, lock, clock
        self._configs = Resources(database, "code-signing-config", CodeSigningConfig)
        self._chosen = Resources(database, "code-signing", _Chosen)

    def arn(self, config: CodeSigningConfig) -> str:
        """The ARN of a configuration."""
        return self._account.arn(_owner(config.id))

    def has(self, identity: str) -> bool:
        """Whether there is a configuration with this id."""
        return self._configs.get(_owner(identity)) is not None

    def create(self, request: Mapping[str, Any]) -> CodeSigningConfig:
        """Make a configuration; `request` has the members of CreateCodeSigningConfig, whose tags are only checked here."""
        check_tags(request.get("Tags") or {})
        identity = "csc-" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_CHARS))
        made = CodeSigningConfig(identity, None, (), "Warn", 0.0)
        return self._configs.put(self._changed(made, request), _owner(identity))

    def update(self, arn: str, request: Mapping[str, Any]) -> CodeSigningConfig:
        """Change what `request` names. Raises `ResourceNotFound`."""
        with self._lock:
            changed = self._changed(self.get(arn), request)
            return self._configs.put(changed, _owner(changed.id))

    def get(self, arn: str) -> CodeSigningConfig:
        """The configuration with this ARN. Raises `ResourceNotFound`."""
        found = self._find(arn)
        if found is None:
            raise ResourceNotFound(f"The Lambda code signing configuration {arn} can not be found.")
        return found

    def list(self) -> list[CodeSigningConfig]:
        """All configurations, by id."""
        return self._configs.values()

    def delete(self, arn: str) -> None:
        """Delete a configuration. Raises `ResourceNotFound`, and `ResourceConflict` where a function has it."""
        with self._lock:
            found = self.get(arn)
            if functions := self.functions(arn):
                raise ResourceConflict(
                    f"The code signing configuration is used by {functions[0]}: take it from that function first."
                )
            self._configs.forget(_owner(found.id))

    # -- functions that have one -----------------------------------------------------------------------------------------

    def choose(self, reference: str, arn: str) -> str:
        """Give a function a configuration; the function's name. Raises `ResourceNotFound`, `CodeSigningConfigNotFound`."""
        with self._lock:
            name = self._targets.unqualified(reference)
            self.check(arn)
            self._chosen.put(_Chosen(arn), f"function:{name}")
            return name

    def chosen(self, reference: str) -> tuple[str, str | None]:
        """A function's name, and the ARN of the configuration that it has. Raises `ResourceNotFound`."""
        name = self._targets.unqualified(reference)
        found = self._chosen.get(f"function:{name}")
        return name, found.arn if found else None

    def unchoose(self, reference: str) -> None:
        """Take a function's configuration away, if it has one. Raises `ResourceNotFound`."""
        with self._lock:
            self._chosen.delete(f"function:{self._targets.unqualified(reference)}")

    def functions(self, arn: str) -> builtins.list[str]:
        """The ARNs of the functions that have a configuration, by name. Raises `ResourceNotFound`."""
        self.get(arn)
        return [self._account.arn(owner) for owner, _, chosen in self._chosen.items() if chosen.arn == arn]

    def check(self, arn: str) -> None:
        """Raise `CodeSigningConfigNotFound` where a function cannot have this configuration."""
        if self._find(arn) is None:
            raise CodeSigningConfigNotFound(
                f"The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}."
            )

    def _find(self, arn: str) -> CodeSigningConfig | None:
        prefix = self._account.arn("code-signing-config:")
        return self._configs.get(_owner(arn.removeprefix(prefix))) if arn.startswith(prefix) else None

    def _changed(self, config: CodeSigningConfig, request: Mapping[str, Any]) -> CodeSigningConfig:
        publishers = (request.get("AllowedPublishers") or {}).get("SigningProfileVersionArns")
        policy = (request.get("CodeSigningPolicies") or {}).get("UntrustedArtifactOnDeployment")
        description = request.get("Description")
        return replace(
            config,
            description=config.description if description is None else description,
            publishers=config.publishers if publishers is None else tuple(publishers),
            policy=policy or config.policy,
            last_modified=self._clock(),
        )


def _owner(identity: str) -> str:
    return f"code-signing-config:{identity}"
