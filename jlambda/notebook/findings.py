"""What a machine's facts protect: one finding for each thing that Lambda enforces. Pure; knows no machine by itself.

"partly" means that a part of the protection is missing; what gets past one all the same is in its words. How to come by
what a finding is `stricter` with is said in `jlambda.notebook.advice`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from jlambda.model.limits import MB_PER_VCPU, MEMORY_MB
from jlambda.model.machine import Machine

Held = Literal["yes", "partly", "no", "off"]

PRIVATE_ROOT, ORDINARY_USER = "a private root", "an ordinary user"
EITHER = "a private root or Landlock"
#: versions of Landlock that bring something, and the kernels that have them: https://docs.kernel.org/userspace-api/landlock.html
TRUNCATE_VERSION, SCOPES_VERSION = 3, 6
SCOPES = "Landlock 6 (Linux 6.12)"
CPU_LIMIT, FREEZER = "cpu_limit = True", "freezer = True"
SHORTER_PATH = "a shorter PYTHONPATH"


class Finding(NamedTuple):
    """One protection: whether it holds here, by which means, and what would make it stricter (empty: nothing would)."""

    protection: str
    held: Held
    how: str
    stricter: str = ""


def findings(machine: Machine) -> list[Finding]:
    """All findings, limits first, then isolation."""
    limits = (_memory, _cpu, _time, _frozen, _tmp, _processes, _descriptors)
    isolation = (_code, _writes, _reads, _others, _sight, _signals, _privileges, _variables, _leftovers, _network)
    return [find(machine) for find in (*limits, *isolation)]


def _memory(_: Machine) -> Finding:
    how = "resident memory, looked at every few ms while CPU is used; past it SIGKILL, status out_of_memory; a burst between"
    how += " two looks, most easily within 0.1 s of a pause (0.2 s where a thousand environments wait), runs to the end of its"
    how += (
        " invocation, which its peak then ends in the same way; processes that it starts count 0.1 s later, and in such a burst"
    )
    how += " each for itself"
    return Finding("memory limit", "yes", how)


def _cpu(machine: Machine) -> Finding:
    if not machine.cpu_limit:
        return Finding("CPU share", "off", "switched off: a function has all the CPU it can get", CPU_LIMIT)
    how = (
        f"memory / {MB_PER_VCPU:,} MB of a CPU: SIGSTOP and SIGCONT by a token bucket, in the supervisor; not in the init phase"
    )
    all_of_it = machine.processors * MB_PER_VCPU
    most = "" if all_of_it > MEMORY_MB[-1] else f"; sizes above {all_of_it:,} MB get all that there is here"
    return Finding("CPU share", "yes", how + most)


def _time(_: Machine) -> Finding:
    return Finding("time limit", "yes", "an absolute deadline, then SIGKILL; a new process in the same sandbox comes next")


def _frozen(machine: Machine) -> Finding:
    if not machine.freezer:
        return Finding("frozen when idle", "off", "switched off: threads of a function go on between invocations", FREEZER)
    return Finding("frozen when idle", "yes", "SIGSTOP 20 ms after an answer, SIGCONT before the next event")


def _tmp(machine: Machine) -> Finding:
    if machine.has_private_root:
        how = "a tmpfs of its own, as large as --ephemeral-storage says; what is in it is in this machine's memory"
        return Finding("/tmp of its own", "yes", how)
    how = "a folder of its own in the state folder, which TMPDIR names; its size is not limited"
    if machine.landlock_version:
        return Finding("/tmp of its own", "partly", how, PRIVATE_ROOT)
    return Finding("/tmp of its own", "no", f"{how}, and other functions can read and change it", PRIVATE_ROOT)


def _processes(machine: Machine) -> Finding:
    if not machine.has_private_root:
        how = "not limited: RLIMIT_NPROC would count all processes of the user, not the environment's"
        return Finding("1,024 processes", "no", how, PRIVATE_ROOT)
    # https://man7.org/linux/man-pages/man2/getrlimit.2.html: counted in each user namespace since then
    if machine.is_older_than(5, 14):
        how = "RLIMIT_NPROC, which this kernel counts over all processes of the user"
        return Finding("1,024 processes", "partly", how, "Linux 5.14")
    return Finding("1,024 processes", "yes", "RLIMIT_NPROC, counted in a user namespace of its own")


def _descriptors(_: Machine) -> Finding:
    return Finding("1,024 descriptors", "yes", "RLIMIT_NOFILE")


def _code(machine: Machine) -> Finding:
    if machine.has_private_root:
        return Finding("code read-only", "yes", "at /var/task, layers at /opt, both mounted read-only")
    if machine.landlock_version:
        how = f"in its folder below the state folder (LAMBDA_TASK_ROOT says where); {_write_protected(machine)}"
        return Finding("code read-only", "partly", how, PRIVATE_ROOT)
    return Finding("code read-only", "no", "in its folder below the state folder, where the function can change it", EITHER)


def _writes(machine: Machine) -> Finding:
    what = "no other file written"
    if machine.has_private_root:
        again = f", and Landlock {machine.landlock_version} on top" if machine.landlock_version else ""
        return Finding(what, "yes", f"a root of its own, everything in it read-only but /tmp{again}")
    if machine.landlock_version:
        return Finding(what, "partly", _write_protected(machine), PRIVATE_ROOT)
    return Finding(what, "no", "a function writes what its user may write", EITHER)


def _write_protected(machine: Machine) -> str:
    emptied = "" if machine.landlock_version >= TRUNCATE_VERSION else "be emptied and "
    return f"Landlock {machine.landlock_version} refuses writes; a file can still {emptied}be given another mode, owner or time"


def _reads(machine: Machine) -> Finding:
    what = "your files unread"
    seen = f"the system's folders (/usr, /etc …) and the interpreter's: {', '.join(machine.folders) or 'none'}"
    shown = machine.folder_above(machine.home)
    if not machine.has_private_root and not machine.landlock_version:
        return Finding(what, "no", "a function reads what its user may read", EITHER)
    if shown:
        return Finding(what, "no", f"{shown}, which is in Python's path, shows your home folder", SHORTER_PATH)
    if machine.has_private_root:
        return Finding(what, "yes", f"its root holds only {seen}")
    as_root = "; as root, also what only root may read there" if machine.has_capabilities else ""
    how = f"Landlock {machine.landlock_version} lets it read only {seen}{as_root}; whether a file exists elsewhere can be asked"
    return Finding(what, "partly", how, PRIVATE_ROOT)


def _others(machine: Machine) -> Finding:
    what = "state folder unread"
    if machine.has_private_root:
        return Finding(what, "yes", "the state folder is out of sight, but for the function's own code")
    if not machine.landlock_version:
        return Finding(what, "no", "a function reads the state folder: secrets, records, the code of others", EITHER)
    return Finding(what, "yes", f"Landlock {machine.landlock_version} lets it read its own code only")


def _sight(machine: Machine) -> Finding:
    what = "processes unseen"
    if machine.has_private_root:
        return Finding(what, "yes", "a PID namespace and a /proc of its own: it is alone with its first process")
    if not machine.landlock_version:
        how = "command lines, variables and memory of the user's processes can be read"
        return Finding(what, "no", how, PRIVATE_ROOT)
    return Finding(what, "partly", "command lines in /proc can be read; variables and memory cannot", PRIVATE_ROOT)


def _signals(machine: Machine) -> Finding:
    what = "no signal to others"
    if machine.has_private_root:
        return Finding(what, "yes", "there are none in its PID namespace")
    if machine.landlock_version >= SCOPES_VERSION:
        return Finding(what, "yes", f"Landlock {machine.landlock_version} keeps signals inside")
    return Finding(what, "no", "all processes of the user can be stopped and killed", f"{PRIVATE_ROOT} or {SCOPES}")


def _privileges(machine: Machine) -> Finding:
    what = "no privileges"
    none = "no capabilities, and none from programs that it starts (no_new_privs"
    if machine.has_private_root:
        outside = "nobody" if machine.is_root else "you"
        return Finding(what, "yes", f"user 1051 inside, {outside} outside; {none}, an empty bounding set)")
    if machine.has_capabilities:
        return Finding(what, "partly", f"functions run as root, who owns much without any privilege; {none})", ORDINARY_USER)
    return Finding(what, "yes", f"your user; {none})")


def _variables(_: Machine) -> Finding:
    how = "built from scratch: Lambda's own and the function's, none of yours"
    return Finding("own variables only", "yes", how)


def _leftovers(machine: Machine) -> Finding:
    what = "no process left over"
    if machine.has_private_root:
        return Finding(what, "yes", "what it started ends with its PID namespace")
    how = "the environment's first process takes in what is orphaned, and ends it"
    if machine.landlock_version >= SCOPES_VERSION:
        return Finding(what, "partly", f"{how}; not if the supervisor itself is killed", PRIVATE_ROOT)
    return Finding(what, "partly", f"{how}; not if the function kills that process before", PRIVATE_ROOT)


def _network(machine: Machine) -> Finding:
    how = "the machine's own: a function reaches what you reach, localhost included"
    if not machine.has_private_root:
        how += ", and sockets of your programs (Docker's, an SSH agent's)"
        return Finding("network of its own", "no", how, PRIVATE_ROOT)
    if machine.landlock_version < SCOPES_VERSION:
        return Finding("network of its own", "no", f"{how}, and abstract sockets", SCOPES)
    return Finding("network of its own", "no", how)
