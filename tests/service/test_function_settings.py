"""Settings that the API keeps and shows."""

from __future__ import annotations

import pytest

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.service.function_settings import FunctionSettings, RuntimeManagement, Scaling
from jlambda.service.targets import Targets
from jlambda.store.database import Database

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.fixture
def settings(database: Database, targets: Targets) -> FunctionSettings:
    """Nothing said yet."""
    return FunctionSettings(database, targets, Account())


def test_recursion(settings: FunctionSettings) -> None:
    """Terminate where nothing was said; of functions only."""
    assert settings.recursion("f") == "Terminate"
    assert settings.put_recursion(ARN, "Allow") == settings.recursion("f") == "Allow"
    assert settings.recursion("g") == "Terminate"
    with pytest.raises(InvalidParameter, match="Aliases and versions do not support this operation"):
        settings.put_recursion("f:1", "Allow")
    with pytest.raises(ResourceNotFound, match="Function not found"):
        settings.recursion("h")


def test_runtime_management(settings: FunctionSettings) -> None:
    """Auto where nothing was said; Manual names the version; each version of the function has its own."""
    assert settings.runtime_management("f") == (f"{ARN}:$LATEST", RuntimeManagement("Auto"))
    manual = {"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": "arn:aws:lambda:us-east-1::runtime:0"}
    kept = RuntimeManagement("Manual", "arn:aws:lambda:us-east-1::runtime:0")
    assert settings.put_runtime_management("f", "1", manual) == (f"{ARN}:1", kept)
    assert settings.runtime_management("f:1") == (f"{ARN}:1", kept)
    assert settings.runtime_management("f")[1] == RuntimeManagement()
    for wrong in ({"UpdateRuntimeOn": "Manual"}, {**manual, "UpdateRuntimeOn": "Auto"}):
        with pytest.raises(InvalidParameter, match="give it if UpdateRuntimeOn is Manual, and only then"):
            settings.put_runtime_management("f", None, wrong)
    with pytest.raises(ResourceNotFound, match=f"Function not found: {ARN}:9"):
        settings.runtime_management("f", "9")


def test_scaling(settings: FunctionSettings) -> None:
    """Nothing where nothing was said; the least is not more than the most."""
    assert settings.scaling("f", "1") == (f"{ARN}:1", Scaling())
    wanted = {"FunctionScalingConfig": {"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 5}}
    assert settings.put_scaling("f", "1", wanted) == settings.scaling("f", "1")[1] == Scaling(1, 5)
    assert settings.put_scaling("f", "1", {}) == Scaling()
    with pytest.raises(InvalidParameter, match="MinExecutionEnvironments is greater than MaxExecutionEnvironments"):
        settings.put_scaling(
            "f", "1", {"FunctionScalingConfig": {"MinExecutionEnvironments": 6, "MaxExecutionEnvironments": 5}}
        )
