"""Functions and their versions in AWS's shapes: created, updated, read, listed, published, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jlambda.api import wire
from jlambda.api.downloads import code_location
from jlambda.api.pages import listed
from jlambda.api.references import meant, unqualified
from jlambda.api.requests import Values
from jlambda.api.uploads import uploaded
from jlambda.api.vpc import in_vpc
from jlambda.model.arn import LATEST
from jlambda.model.function import MASK, FunctionConfiguration
from jlambda.telemetry.logs import init_start_line

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]

# What GetFunctionConfiguration shows and lists do not (recorded on AWS).
_NOT_LISTED = frozenset(
    {
        *("State", "StateReason", "StateReasonCode"),
        *("LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode"),
    }
)


def create(session: Session, given: Values) -> Members:
    """CreateFunction."""
    given = in_vpc(session, given)
    made = session.service.functions.create(given, uploaded(session, given["Code"]))
    return configuration(session, made, None if made.version == LATEST else made.version)


def get(session: Session, given: Values) -> Members:
    """GetFunction."""
    reference = meant(session, given)
    found = session.control.get(reference.text)
    answer: Members = {
        "Configuration": configuration(session, found, reference.qualifier),
        "Code": {"RepositoryType": "S3", "Location": code_location(session, found.code_sha256)},
    }
    tags = session.service.tags.of(f"function:{found.name}")
    if tags:
        answer["Tags"] = tags
    reserved = session.reservations.reserved(found.name)
    if reserved is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": reserved}
    return answer


def get_configuration(session: Session, given: Values) -> Members:
    """GetFunctionConfiguration."""
    reference = meant(session, given)
    return configuration(session, session.control.get(reference.text), reference.qualifier)


def list_all(session: Session, given: Values) -> Members:
    """ListFunctions: all, or with FunctionVersion=ALL every version of them."""
    found = session.control.list()
    if given.get("FunctionVersion") == "ALL":
        found = [version for function in found for version in session.control.versions(function.name)]
    page = listed(found, lambda each: f"{each.name}:{each.version.zfill(20)}", given)
    qualified = given.get("FunctionVersion") == "ALL"
    members = [configuration(session, each, each.version if qualified else None, is_listed=True) for each in page.items]
    return page.answer("Functions", members)


def list_versions(session: Session, given: Values) -> Members:
    """ListVersionsByFunction."""
    found = session.control.versions(unqualified(session, given))
    page = listed(found, lambda each: each.version.zfill(20), given)
    return page.answer("Versions", [configuration(session, each, each.version, is_listed=True) for each in page.items])


def update_code(session: Session, given: Values) -> Members:
    """UpdateFunctionCode."""
    changed = session.service.functions.update_code(unqualified(session, given), given, uploaded(session, given))
    return configuration(session, changed, None if changed.version == LATEST else changed.version)


def update_configuration(session: Session, given: Values) -> Members:
    """UpdateFunctionConfiguration."""
    changed = session.service.functions.update_configuration(unqualified(session, given), in_vpc(session, given))
    return configuration(session, changed)


def publish(session: Session, given: Values) -> Members:
    """PublishVersion."""
    made = session.service.functions.publish(unqualified(session, given), given)
    return configuration(session, made, made.version)


def delete(session: Session, given: Values) -> None:
    """DeleteFunction: a version, or all of the function."""
    session.service.functions.delete(*meant(session, given))


def configuration(
    session: Session, found: FunctionConfiguration, qualifier: str | None = None, *, is_listed: bool = False
) -> Members:
    """A configuration as AWS shows it; lists leave out how far an update has come."""
    members: Members = {
        "FunctionName": found.name,
        "FunctionArn": session.account.function_arn(found.name, qualifier),
        "Runtime": found.runtime,
        "Handler": found.handler,
        "CodeSize": found.code_size,
        "Description": found.description,
        "Timeout": found.timeout_s,
        "MemorySize": found.memory_mb,
        "LastModified": wire.stamp(found.last_modified),
        "CodeSha256": found.code_sha256,
        "Version": found.version,
        "PackageType": "Zip",
        "Architectures": [found.architecture],
        "EphemeralStorage": {"Size": found.ephemeral_storage_mb},
        "LoggingConfig": _logging(found),
        **session.service.functions.details(found),
    }
    if found.environment or found.secrets:
        members["Environment"] = {"Variables": _variables(found)}
    if is_listed:
        return {name: value for name, value in members.items() if name not in _NOT_LISTED}
    members["RuntimeVersionConfig"] = {"RuntimeVersionArn": runtime_version_arn(session, found.runtime)}
    return members


def _logging(found: FunctionConfiguration) -> Members:
    """How a function logs; levels are there where its format has them."""
    levels = {"ApplicationLogLevel": found.application_log_level, "SystemLogLevel": found.system_log_level}
    chosen = {name: level for name, level in levels.items() if level is not None}
    return {"LogFormat": found.log_format, **chosen, "LogGroup": found.log_group}


def _variables(found: FunctionConfiguration) -> Mapping[str, str]:
    """Variables with their values, secrets by name only."""
    return {**found.environment, **dict.fromkeys(found.secrets, MASK)}


def runtime_version_arn(session: Session, runtime: str) -> str:
    """The ARN of the runtime's version, the same that a cold start logs."""
    return init_start_line(runtime, session.account.region).rpartition("ARN: ")[2]
