"""The state folder: who gets it, and what is said when nobody can."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from jlambda.errors import StateError
from jlambda.store.folder import file_system, is_on_network, open_folder
from tests.store.conftest import Child

HOLD = """
import sys
from pathlib import Path
from jlambda.store.folder import open_folder
folder = open_folder(Path(sys.argv[1]))
print(folder.path.name, folder.shared_with.name if folder.shared_with else None, flush=True)
sys.stdin.readline()
"""

MAKE_AS_NOBODY = """
import os, sys
from pathlib import Path
from jlambda.errors import StateError
from jlambda.store.folder import open_folder
if os.geteuid() == 0:
    os.setuid(65534)
try:
    open_folder(Path(sys.argv[1]))
except StateError as error:
    print(error)
"""


def test_a_folder_is_made_for_its_owner_alone(folder: Path) -> None:
    """Mode 0700, its parents as need be."""
    opened = open_folder(folder / "deep" / "state")
    assert stat.S_IMODE(opened.path.stat().st_mode) == 0o700
    assert opened.shared_with is None
    opened.close()


def test_the_same_folder_is_found_again(folder: Path) -> None:
    """Once given back, the next session gets the same folder; giving back twice does nothing."""
    for _ in range(2):
        opened = open_folder(folder / "state")
        assert opened.path == folder / "state"
        opened.close()
        opened.close()


def test_a_second_session_gets_a_folder_of_its_own(folder: Path) -> None:
    """Within one process or between two, the next free number is taken, and said."""
    first, second, third = (open_folder(folder / "state") for _ in range(3))
    assert [opened.path.name for opened in (first, second, third)] == ["state", "state-2", "state-3"]
    assert (first.shared_with, second.shared_with, third.shared_with) == (None, folder / "state", folder / "state")
    second.close()
    again = open_folder(folder / "state")
    assert again.path.name == "state-2"
    for opened in (first, third, again):
        opened.close()


def test_two_processes_share_no_folder_and_a_killed_one_lets_go(folder: Path, child: Child) -> None:
    """The lock is the process's: it keeps others out while the process lives, and ends with it however it ends."""
    other = child(HOLD, folder / "state")
    assert other.stdout is not None
    assert other.stdout.readline().split() == ["state", "None"]
    mine = open_folder(folder / "state")
    assert (mine.path.name, mine.shared_with) == ("state-2", folder / "state")
    mine.close()
    other.kill()
    other.wait()
    mine = open_folder(folder / "state")
    assert (mine.path.name, mine.shared_with) == ("state", None)
    mine.close()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_the_way_is_told_in_one_line(folder: Path, place: str) -> None:
    """The error names the folder and what to do."""
    (folder / "file").write_text("mine")
    with pytest.raises(StateError, match=r"file.* cannot be used .*Session\(state=") as told:
        open_folder(folder / place)
    assert "\n" not in str(told.value)
    assert (folder / "file").read_text() == "mine"


def test_a_folder_that_may_not_be_written_is_told(child: Child) -> None:
    """Where an ordinary user may not write: /proc is such a place for everyone."""
    process = child(MAKE_AS_NOBODY, "/proc/state")
    told, errors = process.communicate()
    assert told.startswith("the state folder /proc/state cannot be used (")
    assert (told.count("\n"), errors) == (1, "")


def test_a_relative_path_is_made_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later change of the working folder does not move the state."""
    monkeypatch.chdir(folder)
    opened = open_folder(Path("state"))
    assert opened.path == folder / "state"
    assert repr(opened) == f"<StateFolder {folder / 'state'}>"
    opened.close()
    assert repr(opened) == f"<StateFolder {folder / 'state'} (closed)>"


def test_the_lock_is_not_inherited(folder: Path) -> None:
    """A program that the session starts does not keep the folder."""
    opened = open_folder(folder / "state")
    locks = [int(fd) for fd in os.listdir("/proc/self/fd") if _target(fd) == str(folder / "state" / "lock")]
    assert [os.get_inheritable(fd) for fd in locks] == [False]
    opened.close()


def _target(fd: str) -> str:
    path = f"/proc/self/fd/{fd}"
    return os.readlink(path) if os.path.lexists(path) else ""


MOUNTS = """\
22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
23 22 0:40 / /home rw,relatime shared:1 - nfs4 server:/home rw
24 23 254:2 / /home/ada/lökal\\040disk rw,relatime shared:2 master:1 - xfs /dev/vdb rw
25 22 0:41 / /mnt/share rw - cifs //server/share rw
26 22 0:42 / /homework rw - tmpfs tmpfs rw
27 22 254:3 / /mnt/share rw - ext4 /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/bob/.jlambda", True),
        ("/home", True),
        ("/home/ada/lökal disk/x", False),
        ("/homework/x", False),
        ("/var/tmp", False),
        ("/mnt/share/x", False),
    ],
)
def test_network_file_systems_are_known(folder: Path, path: str, expected: bool) -> None:
    """The innermost mount decides, the latest where two are on one point; names may hold blanks."""
    mounts = folder / "mountinfo"
    mounts.write_text(MOUNTS, encoding="utf-8")
    assert is_on_network(Path(path), mounts) is expected


def test_file_systems_have_their_names(folder: Path) -> None:
    """Those of the kernel; of a path that is not there, that of where it would be."""
    mounts = folder / "mountinfo"
    mounts.write_text(MOUNTS, encoding="utf-8")
    paths = ("/", "/home/bob/not/there", "/home/ada/lökal disk", "/mnt/share")
    assert [file_system(Path(path), mounts) for path in paths] == ["ext4", "nfs4", "xfs", "ext4"]


def test_without_proc_nothing_is_on_a_network(folder: Path) -> None:
    """A system that does not say is taken at its best."""
    assert file_system(folder, folder / "absent") == ""
    assert is_on_network(folder, folder / "absent") is False
    assert is_on_network(folder) in (True, False)
