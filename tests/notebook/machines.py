"""Machines that tests look at: one as strict as there is, and all there may be."""

from __future__ import annotations

from hypothesis import strategies as st

from jlambda.model.machine import Machine

STRICT = Machine(
    system="Linux",
    kernel="6.18.4-generic",
    architecture="x86_64",
    processors=2,
    memory_mb=8_192,
    python="3.11.7",
    interpreter="/home/ada/venv/bin/python",
    version="0.1.0",
    home="/home/ada",
    state="/home/ada/work/.jlambda/lesson",
    file_system="ext4",
    is_on_network=False,
    is_root=False,
    has_capabilities=False,
    has_filter=False,
    container="",
    switches={},
    cpu_limit=True,
    freezer=True,
    has_private_root=True,
    landlock_version=7,
    folders=("/home/ada/venv",),
)

REFUSALS = (
    "[Errno 1] clone: Operation not permitted",
    "[Errno 28] clone: No space left on device",
    "cannot: [Errno 13] mount /",
)
SWITCHES = ("kernel.apparmor_restrict_unprivileged_userns", "kernel.unprivileged_userns_clone", "user.max_mnt_namespaces")


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """Any machine that runs functions."""
    is_root, has_private_root = draw(st.booleans()), draw(st.booleans())
    return Machine(
        system="Linux",
        kernel=draw(st.sampled_from(["5.4.0-lts", "5.12.1", "5.14.0", "6.18.4-fc", "unknown"])),
        architecture=draw(st.sampled_from(["x86_64", "aarch64"])),
        processors=draw(st.integers(1, 64)),
        memory_mb=draw(st.integers(512, 1 << 20)),
        python="3.11.7",
        interpreter="/usr/bin/python3",
        version="0.1.0",
        home="/home/ada",
        state=draw(st.sampled_from(["/home/ada/.jlambda/f", "/srv/lessons/.jlambda/f"])),
        file_system=draw(st.sampled_from(["", "ext4", "nfs4"])),
        is_on_network=draw(st.booleans()),
        is_root=is_root,
        has_capabilities=is_root and draw(st.booleans()),
        has_filter=draw(st.booleans()),
        container=draw(st.sampled_from(["", "Docker", "Podman", "Kubernetes", "systemd"])),
        switches=draw(st.dictionaries(st.sampled_from(SWITCHES), st.integers(0, 1))),
        cpu_limit=draw(st.booleans()),
        freezer=draw(st.booleans()),
        has_private_root=has_private_root,
        landlock_version=draw(st.integers(0, 8)),
        refusal="" if has_private_root else draw(st.sampled_from(REFUSALS)),
        folders=draw(st.sampled_from([(), ("/home/ada/venv",), ("/home/ada",), ("/opt/python", "/srv/lessons")])),
    )
