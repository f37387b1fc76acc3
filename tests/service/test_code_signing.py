"""Code signing configurations as records."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from jlambda.errors import CodeSigningConfigNotFound, LambdaError, ResourceConflict, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.service.code_signing import CodeSigning
from jlambda.service.targets import Targets
from jlambda.store.database import Database

PROFILE = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/p/v1"
NONE = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdefg"
PUBLISHERS = {"AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]}}


@pytest.fixture
def signing(database: Database, targets: Targets) -> CodeSigning:
    """No configuration yet, on a clock that stands."""
    return CodeSigning(database, targets, Account(), threading.RLock(), lambda: 1_700_000_000.0)


def test_a_configuration_is_made_changed_and_deleted(signing: CodeSigning) -> None:
    """Warn is the policy where none is given; what an update does not name stays."""
    made = signing.create(PUBLISHERS)
    assert re.fullmatch(r"csc-[a-z0-9]{17}", made.id)
    assert (made.publishers, made.policy, made.description, made.last_modified) == ((PROFILE,), "Warn", None, 1_700_000_000.0)
    arn = signing.arn(made)
    assert arn == NONE.replace("csc-0123456789abcdefg", made.id)
    changed = signing.update(arn, {"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Enforce"}, "Description": "d"})
    assert (changed.publishers, changed.policy, changed.description) == ((PROFILE,), "Enforce", "d")
    assert signing.list() == [signing.get(arn)] == [changed]
    assert signing.has(made.id)
    signing.delete(arn)
    assert (signing.list(), signing.has(made.id)) == ([], False)


def test_functions_may_have_one(signing: CodeSigning) -> None:
    """Chosen, told, listed by configuration and taken away; a configuration that is had cannot be deleted."""
    arn = signing.arn(signing.create(PUBLISHERS))
    assert signing.chosen("f") == ("f", None)
    assert [signing.choose(name, arn) for name in ("g", "f")] == ["g", "f"]
    assert signing.chosen("f") == ("f", arn)
    assert signing.functions(arn) == [f"arn:aws:lambda:us-east-1:123456789012:function:{name}" for name in ("f", "g")]
    with pytest.raises(ResourceConflict, match="is used by arn:aws:lambda:us-east-1:123456789012:function:f"):
        signing.delete(arn)
    for name in ("f", "g", "g"):
        signing.unchoose(name)
    signing.delete(arn)


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (lambda s: s.get(NONE), ResourceNotFound, f"The Lambda code signing configuration {NONE} can not be found."),
        (lambda s: s.update(NONE, {}), ResourceNotFound, f"The Lambda code signing configuration {NONE} can not be found."),
        (lambda s: s.delete(NONE), ResourceNotFound, f"The Lambda code signing configuration {NONE} can not be found."),
        (lambda s: s.functions(NONE), ResourceNotFound, f"The Lambda code signing configuration {NONE} can not be found."),
        (
            lambda s: s.choose("f", NONE),
            CodeSigningConfigNotFound,
            f"The code signing configuration cannot be found. Check that the provided configuration is not deleted: {NONE}.",
        ),
        (
            lambda s: s.choose("h", NONE),
            ResourceNotFound,
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:h",
        ),
        (
            lambda s: s.chosen("h"),
            ResourceNotFound,
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:h",
        ),
    ],
)
def test_what_is_refused(signing: CodeSigning, act: Any, error: type[LambdaError], said: str) -> None:
    """AWS's words."""
    with pytest.raises(error) as caught:
        act(signing)
    assert caught.value.aws_message == said
