"""Layers in AWS's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jlambda.api import wire
from jlambda.api.downloads import code_location
from jlambda.api.pages import listed
from jlambda.api.requests import Values
from jlambda.api.uploads import uploaded
from jlambda.model.layer import LayerVersion
from jlambda.model.page import falling_key

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]


def publish(session: Session, given: Values) -> Members:
    """PublishLayerVersion."""
    made = session.service.layers.publish(
        given["LayerName"],
        uploaded(session, given["Content"]),
        description=given.get("Description", ""),
        runtimes=given.get("CompatibleRuntimes", ()),
        architectures=given.get("CompatibleArchitectures", ()),
        license=given.get("LicenseInfo"),
    )
    return _whole(session, made)


def get(session: Session, given: Values) -> Members:
    """GetLayerVersion."""
    return _whole(session, session.service.layers.get(given["LayerName"], given["VersionNumber"]))


def get_by_arn(session: Session, given: Values) -> Members:
    """GetLayerVersionByArn."""
    return _whole(session, session.service.layers.get_by_arn(given["Arn"]))


def list_all(session: Session, given: Values) -> Members:
    """ListLayers: each layer with its latest version that matches."""
    layers = session.service.layers
    page = listed(
        layers.latest(given.get("CompatibleRuntime"), given.get("CompatibleArchitecture")), lambda each: each.name, given
    )
    members = [
        {"LayerName": each.name, "LayerArn": layers.arn(each.name), "LatestMatchingVersion": _members(session, each)}
        for each in page.items
    ]
    return page.answer("Layers", members)


def list_versions(session: Session, given: Values) -> Members:
    """ListLayerVersions, the latest first."""
    found = session.service.layers.versions(
        given["LayerName"], given.get("CompatibleRuntime"), given.get("CompatibleArchitecture")
    )
    page = listed(found, lambda each: falling_key(each.version), given)
    return page.answer("LayerVersions", [_members(session, each) for each in page.items])


def delete(session: Session, given: Values) -> None:
    """DeleteLayerVersion."""
    session.service.layers.delete(given["LayerName"], given["VersionNumber"])


def _members(session: Session, layer: LayerVersion) -> Members:
    members: Members = {
        "LayerVersionArn": session.service.layers.arn(layer.name, layer.version),
        "Version": layer.version,
        "Description": layer.description,
        "CreatedDate": wire.stamp(layer.created_at),
    }
    if layer.runtimes:
        members["CompatibleRuntimes"] = list(layer.runtimes)
    if layer.architectures:
        members["CompatibleArchitectures"] = list(layer.architectures)
    if layer.license is not None:
        members["LicenseInfo"] = layer.license
    return members


def _whole(session: Session, layer: LayerVersion) -> Members:
    content = {
        "Location": code_location(session, layer.code_sha256),
        "CodeSha256": layer.code_sha256,
        "CodeSize": layer.code_size,
    }
    return {"LayerArn": session.service.layers.arn(layer.name), "Content": content, **_members(session, layer)}
