"""Functions as the Lambda API creates, updates and shows them: requests with AWS's member names, on the control plane.

What a request says has been held to the API's own constraints (patterns, ranges, choices) by whoever hands it over.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jlambda.store.secrets as secret_rules
from jlambda.errors import InvalidParameter, ResourceConflict, ResourceNotFound
from jlambda.model.arn import LATEST, Account
from jlambda.model.function import MASK, RESERVED_VARIABLES, FunctionConfiguration, check_values
from jlambda.model.function_state import CREATING, UPDATING, at, check_active, state_members
from jlambda.model.limits import ENVIRONMENT_BYTES, FUNCTION_NAME_CHARS
from jlambda.model.role import DEFAULT_ROLE, role_arn
from jlambda.runtimes.code import CodeStore
from jlambda.service.code_signing import CodeSigning
from jlambda.service.control import ControlPlane
from jlambda.service.layers import Layers
from jlambda.service.revision import check_revision
from jlambda.service.settings import Settings, configured
from jlambda.service.tags import Tags, check_tags
from jlambda.service.targets import Targets
from jlambda.store.functions import Functions
from jlambda.store.secrets import Secrets

Request = Mapping[str, Any]

#: members that are kept as they are given; nothing else is done with them here
_KEPT = (*("Role", "VpcConfig", "DeadLetterConfig", "KMSKeyArn", "TracingConfig", "FileSystemConfigs", "SourceKMSKeyArn"),)
#: the value of SnapStart's ApplyOn that switches it on
_SNAP_START = "PublishedVersions"
#: what functions here cannot have, and what to do instead
_REFUSED = {
    "ImageConfig": "container images cannot be run here: give the code as a zip",
    "DurableConfig": "durable functions are not there yet: leave it out",
    "CapacityProviderConfig": "capacity providers are not there yet: leave it out",
    "TenancyConfig": "tenant isolation is not there yet: leave it out",
    "RuntimeConfig": "runtimes of your own are not there yet: use Runtime",
    "AcceleratorConfig": "accelerators are not there: leave it out",
    "PublishTo": "$LATEST.PUBLISHED belongs to capacity providers, which are not there yet: use Publish",
}


class ApiFunctions:
    """The functions of one session, for the API.

    With `is_strict` a runtime is refused where another version of it would serve. A change takes `settle_s` to settle; until
    then the function is Pending or its update InProgress, and cannot be changed again. Configurations that are given back
    have not settled; `details` tells of any how far it has come.
    """

    def __init__(
        self,
        control: ControlPlane,
        functions: Functions,
        secrets: Secrets,
        code: CodeStore,
        layers: Layers,
        targets: Targets,
        tags: Tags,
        signing: CodeSigning,
        account: Account,
        is_strict: bool,
        clock: Callable[[], float] = time.time,
        settle_s: float = 0.0,
    ) -> None:
        self._control, self._functions, self._secrets, self._code = control, functions, secrets, code
        self._layers, self._targets, self._tags, self._signing = layers, targets, tags, signing
        self._account, self._is_strict, self._clock, self._settle_s = account, is_strict, clock, settle_s

    def create(self, request: Request, package: bytes) -> FunctionConfiguration:
        """Make a function, or its first version if `Publish` is asked for; `request` is that of CreateFunction.

        Raises `ResourceConflict`, `InvalidParameter`, `CodeError` and `CodeSigningConfigNotFound`, having made nothing.
        """
        name = self._new_name(request["FunctionName"])
        if request.get("PackageType") == "Image":
            raise InvalidParameter(f"PackageType: {_REFUSED['ImageConfig']}")
        if not request.get("Runtime") or not request.get("Handler"):
            raise InvalidParameter(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
            )
        check_tags(request.get("Tags") or {})
        if request.get("CodeSigningConfigArn"):
            self._signing.check(request["CodeSigningConfigArn"])
        stored = self._code.put_zip(package)
        with self._control.lock:
            if self._functions.get(name):
                raise ResourceConflict(f"Function already exist: {name}")
            new = FunctionConfiguration(name, code_sha256=stored.sha256, code_size=stored.size)
            made = self._put(None, new, {}, request, CREATING)
            self._tags.put(f"function:{name}", request.get("Tags") or {})
            if request.get("CodeSigningConfigArn"):
                self._signing.choose(name, request["CodeSigningConfigArn"])
            return self._published(made) if request.get("Publish") else made

    def update_code(self, name: str, request: Request, package: bytes) -> FunctionConfiguration:
        """Give a function other code, or its next version if `Publish` is asked for; `request` is that of UpdateFunctionCode.

        Raises `ResourceNotFound`, `ResourceConflict`, `PreconditionFailed`, `InvalidParameter` and `CodeError`.
        """
        stored = self._code.put_zip(package)
        with self._control.lock:
            before = self._changeable(name, request)
            wanted = replace(before, code_sha256=stored.sha256, code_size=stored.size)
            given = {member: request[member] for member in ("Architectures", "SourceKMSKeyArn") if request.get(member)}
            held = self._secrets.values(before.name)
            if request.get("DryRun"):
                return self._asked(wanted, held, given)[0]
            made = self._put(before, wanted, held, given, UPDATING)
            return self._published(made) if request.get("Publish") else made

    def update_configuration(self, name: str, request: Request) -> FunctionConfiguration:
        """Change what `request` names, that of UpdateFunctionConfiguration. Raises as `update_code` does."""
        with self._control.lock:
            before = self._changeable(name, request)
            return self._put(before, before, self._secrets.values(before.name), request, UPDATING)

    def publish(self, name: str, request: Request) -> FunctionConfiguration:
        """Keep what a function is as a version; `request` is that of PublishVersion. Raises as `update_code` does."""
        with self._control.lock:
            self._changeable(name, request)
            return self._control.publish(name, request.get("Description"), request.get("CodeSha256"))

    def delete(self, name: str, qualifier: str | None = None) -> None:
        """Delete a function with all that belongs to it, or one version. Raises `ResourceNotFound` and `InvalidParameter`."""
        if qualifier is None:
            self._control.delete(name)
        elif qualifier == LATEST or qualifier.isdigit():
            self._control.delete_version(name, qualifier)
        else:
            raise InvalidParameter("Deletion of aliases is not currently supported.")

    def details(self, configuration: FunctionConfiguration) -> dict[str, Any]:
        """The members of a configuration that only the API knows: state, revision, and what is kept with defaults filled in."""
        shown = at(configuration, self._clock())
        kept = {member: value for member, value in shown.members.items() if member != "SourceKMSKeyArn"}
        details = {
            "Role": role_arn(DEFAULT_ROLE, self._account),
            "TracingConfig": {"Mode": "PassThrough"},
            **kept,
            "SnapStart": {
                "ApplyOn": _SNAP_START if shown.snap_start else "None",
                "OptimizationStatus": "On" if shown.has_snapshot else "Off",
            },
            "RevisionId": shown.revision_id,
            **state_members(shown),
        }
        if shown.layers:
            layers = self._layers.chosen(shown.layers, held=shown.layers)
            details["Layers"] = [
                {"Arn": arn, "CodeSize": layer.code_size} for arn, layer in zip(shown.layers, layers, strict=True)
            ]
        return details

    # -- what the above share --------------------------------------------------------------------------------------------

    def _new_name(self, reference: str) -> str:
        name = reference.rpartition(":")[2]
        if len(name) > FUNCTION_NAME_CHARS:
            raise InvalidParameter(
                f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: Member must have "
                f"length less than or equal to {FUNCTION_NAME_CHARS}"
            )
        name, qualifier = self._targets.parse(reference)
        if qualifier is not None:
            raise InvalidParameter(f"function name {reference!r}: a new function has neither versions nor aliases to name")
        return name

    def _changeable(self, name: str, request: Request) -> FunctionConfiguration:
        """A function that nothing is going on with, at the revision that a request has in mind."""
        found = self._functions.get(name)
        arn = self._account.function_arn(name)
        if found is None:
            raise ResourceNotFound(f"Function not found: {arn}")
        check_active(found, self._clock())
        shown = at(found, self._clock())
        if shown.pending:
            raise ResourceConflict(
                f"The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            )
        check_revision(request.get("RevisionId"), shown.revision_id)
        return shown

    def _put(
        self,
        before: FunctionConfiguration | None,
        base: FunctionConfiguration,
        held: dict[str, str],
        request: Request,
        pending: str,
    ) -> FunctionConfiguration:
        wanted, values = self._asked(base, held, request)
        layers = self._layers.chosen(wanted.layers, before.layers if before else ())
        self._layers.put_merged(layers, self._code.folder(wanted.code_sha256))
        settles_at = self._clock() + self._settle_s
        stored = self._control.store(before, replace(wanted, pending=pending, settles_at=settles_at), values)
        return replace(stored, settles_at=math.inf)

    def _asked(
        self, base: FunctionConfiguration, held: dict[str, str], request: Request
    ) -> tuple[FunctionConfiguration, dict[str, str]]:
        """The configuration that a request asks for, checked, and the values of its secrets."""
        for member, why in _REFUSED.items():
            if request.get(member):
                raise InvalidParameter(f"{member}: {why}")
        if request.get("Runtime"):
            self._control.choose(request["Runtime"], self._is_strict)
        environment, secrets = None, None
        if request.get("Environment") is not None:
            variables = request["Environment"].get("Variables") or {}
            environment, secrets = _told_apart(variables, held)
            _check_variables({**environment, **dict.fromkeys(secrets, MASK)})
        architectures, storage = request.get("Architectures"), request.get("EphemeralStorage")
        logging, snap_start = request.get("LoggingConfig") or {}, request.get("SnapStart")
        settings = Settings(
            runtime=request.get("Runtime"),
            memory_mb=request.get("MemorySize"),
            timeout_s=request.get("Timeout"),
            environment=environment,
            secrets=secrets,
            description=request.get("Description"),
            ephemeral_storage_mb=storage["Size"] if storage else None,
            architecture=architectures[0] if architectures else None,
            layers=request.get("Layers"),
            log_format=logging.get("LogFormat"),
            application_log_level=logging.get("ApplicationLogLevel"),
            system_log_level=logging.get("SystemLogLevel"),
            log_group=logging.get("LogGroup"),
            snap_start=None if snap_start is None else snap_start.get("ApplyOn") == _SNAP_START,
        )
        wanted, values = configured(base, held, settings)
        members = {member: value for member, value in {**base.members, **_kept_members(request)}.items() if value}
        wanted = replace(wanted, handler=request.get("Handler") or wanted.handler, members=members).checked()
        check_values(values)
        secret_rules.check_size(wanted.environment, values)
        return wanted, values

    def _published(self, latest: FunctionConfiguration) -> FunctionConfiguration:
        """The version that is made with a change, as far as the change has come."""
        return replace(self._control.publish(latest.name), pending=latest.pending, settles_at=latest.settles_at)


def _kept_members(request: Request) -> dict[str, Any]:
    """What a request says of the members that are only kept, empty where it takes one away."""
    found = {member: request[member] for member in _KEPT if request.get(member) is not None}
    if not (found.get("DeadLetterConfig") or {}).get("TargetArn", True):
        found["DeadLetterConfig"] = {}
    if (vpc := found.get("VpcConfig")) is not None:
        empty = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": False}
        found["VpcConfig"] = {**empty, **{name: value for name, value in vpc.items() if value is not None}}
    return found


def _told_apart(variables: Mapping[str, str], held: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Variables that a request gives, and those of them that are secrets: what is one stays one, shown as `MASK` unchanged.

    So what GetFunctionConfiguration shows can be given back; a secret that the request leaves out is gone, as any variable.
    """
    environment = {name: value for name, value in variables.items() if name not in held}
    secrets = {name: held[name] if value == MASK else value for name, value in variables.items() if name in held}
    return environment, secrets


def _check_variables(variables: Mapping[str, str]) -> None:
    """Raise `InvalidParameter`, in AWS's words, for environment variables that a function cannot have."""
    beginning = "Lambda was unable to configure your environment variables because the environment variables you have provided "
    if reserved := [name for name in variables if name in RESERVED_VARIABLES]:
        raise InvalidParameter(
            f"{beginning}contains reserved keys that are currently not supported for modification. Reserved keys used in this "
            f"request: {', '.join(reserved)}"
        )
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > ENVIRONMENT_BYTES:
        raise InvalidParameter(f"{beginning}exceeded the 4KB limit. String measured: {measured}")
