"""What to do about a refusal: every cause that can be told from the facts, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jlambda.notebook.advice import advice
from tests.notebook.machines import STRICT

DENIED = "[Errno 1] clone: Operation not permitted"
FULL = "[Errno 28] clone: No space left on device"
APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"


@pytest.mark.parametrize(
    ("facts", "causes"),
    [
        ({"refusal": DENIED}, ["CONFIG_USER_NS"]),
        ({"refusal": DENIED, "switches": {APPARMOR: 1}}, [f"sudo sysctl {APPARMOR}=0, or a profile"]),
        ({"refusal": DENIED, "switches": {APPARMOR: 1}, "is_root": True}, ["CONFIG_USER_NS"]),
        ({"refusal": DENIED, "switches": {"kernel.unprivileged_userns_clone": 0}}, ["kernel.unprivileged_userns_clone=1"]),
        ({"refusal": DENIED, "kernel": "5.10.0-26-amd64"}, ["needs Linux 5.12 or newer; this is 5.10.0-26-amd64"]),
        ({"refusal": DENIED, "has_filter": True}, ["a seccomp filter holds this process"]),
        ({"refusal": DENIED, "container": "Docker", "has_filter": True}, ["--security-opt seccomp=unconfined"]),
        ({"refusal": DENIED, "container": "Podman"}, ["unmask=ALL"]),
        ({"refusal": DENIED, "container": "systemd"}, ["nested user namespaces"]),
        (
            {"refusal": DENIED, "container": "Docker", "is_root": True, "switches": {APPARMOR: 1}},
            ["systempaths=unconfined", f"{APPARMOR}=0 on the container's host"],
        ),
        ({"refusal": FULL, "switches": {"user.max_user_namespaces": 0}}, ["sudo sysctl user.max_user_namespaces=10000"]),
        (
            {"refusal": FULL, "container": "Docker", "switches": {"user.max_pid_namespaces": 0}},
            ["user.max_pid_namespaces=10000"],
        ),
        ({"refusal": FULL, "switches": {"user.max_user_namespaces": 9}}, ["too many namespaces are in use"]),
    ],
)
def test_a_refusal_becomes_advice(facts: dict[str, object], causes: list[str]) -> None:
    """First what the system said, then one line for each cause; the first line names what is missing."""
    found = advice(replace(STRICT, has_private_root=False, **facts))  # type: ignore[arg-type]
    assert [each.what for each in found] == ["a private root", *("" for _ in causes)]
    assert found[0].how == f"refused here: {facts['refusal']}"
    for each, cause in zip(found[1:], causes, strict=True):
        assert cause in each.how


@pytest.mark.parametrize(
    ("facts", "what", "how"),
    [
        ({"landlock_version": 0}, "Landlock", "add landlock to lsm="),
        ({"landlock_version": 0, "kernel": "5.12.9"}, "Landlock", "Linux 5.13 or newer, in place of 5.12.9"),
        ({"landlock_version": 4}, "Landlock 6 (Linux 6.12)", "signals and abstract sockets"),
        ({"kernel": "5.13.1"}, "Linux 5.14", "counts processes"),
        ({"cpu_limit": False}, "cpu_limit = True", "%config LambdaMagics.cpu_limit = True or Session(cpu_limit=True)"),
        ({"freezer": False}, "freezer = True", "%config LambdaMagics.freezer = True or Session(freezer=True)"),
        ({"folders": ("/home/ada",)}, "a shorter PYTHONPATH", "/home/ada is in it"),
        ({"is_on_network": True, "file_system": "nfs4"}, "a local disk", "the state folder is on nfs4"),
    ],
)
def test_other_advice(facts: dict[str, object], what: str, how: str) -> None:
    """Kernels, options and folders: one line each."""
    found = dict(advice(replace(STRICT, **facts)))  # type: ignore[arg-type]
    assert how in found[what]


def test_without_a_private_root_an_ordinary_user_and_a_newer_landlock_help() -> None:
    """Both matter only there: in a private root nobody has capabilities, and nothing can be emptied."""
    bare = {"is_root": True, "has_capabilities": True, "landlock_version": 2}
    rooted, unrooted = (replace(STRICT, has_private_root=is_rooted, refusal=DENIED, **bare) for is_rooted in (True, False))  # type: ignore[arg-type]
    names = ["an ordinary user", "Landlock 3"]
    assert [each.what for each in advice(rooted)] == ["Landlock 6 (Linux 6.12)"]
    assert [each.what for each in advice(unrooted) if each.what in names] == names


def test_where_functions_cannot_run_nothing_is_advised() -> None:
    """The failure itself says what to do."""
    assert advice(replace(STRICT, failure="functions need Linux; this is Darwin", cpu_limit=False)) == []
