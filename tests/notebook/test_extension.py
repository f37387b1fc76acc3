"""`%load_ext jlambda`: quick, light, and undone by `%unload_ext`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from jlambda import notebook
from jlambda.notebook.capture import magic_line_first

ROOT = Path(__file__).parents[2]
LOAD = """
import json, os, sys, time
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
before = time.process_time()
shell.run_line_magic("load_ext", "jlambda")
seconds = time.process_time() - before
children = open(f"/proc/self/task/{os.getpid()}/children").read().split()
print(json.dumps({"seconds": seconds, "children": children, "threads": len(os.listdir("/proc/self/task")),
    "modules": sorted({"pandas", "boto3", "uvicorn", "matplotlib", "dill", "multiprocess", "tqdm"} & set(sys.modules)),
    "files": os.listdir()}))
"""


def loaded(folder: Path) -> dict[str, object]:
    """Load the extension in a fresh interpreter; returns what that took and left."""
    ran = subprocess.run(
        [sys.executable, "-c", LOAD],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "HOME": str(folder.parent)},
        check=True,
        capture_output=True,
    )
    found: dict[str, object] = json.loads(ran.stdout)
    return found


def has_magics(shell: InteractiveShell) -> tuple[bool, bool]:
    """Whether there is a line magic and a cell magic."""
    magics = shell.magics_manager.magics
    return "lambda" in magics["line"], "lambda" in magics["cell"]


def test_loading_starts_nothing_and_imports_little(tmp_path: Path) -> None:
    """No process, no thread, no file, none of the heavy modules."""
    folder = tmp_path / "work"
    folder.mkdir()
    found = loaded(folder)
    assert found["children"] == []
    assert found["threads"] == 1
    assert found["modules"] == []
    assert found["files"] == []


@pytest.mark.measures
def test_loading_takes_less_than_150_ms(tmp_path: Path) -> None:
    """Of CPU time, the best of three: the machine may do other things too."""
    folder = tmp_path / "work"
    folder.mkdir()
    assert min(float(str(loaded(folder)["seconds"])) for _ in range(3)) < 0.150


def test_unloading_takes_everything_out(shell: InteractiveShell) -> None:
    """Magics, cards and the input transformer are gone, and loading again brings each back once."""
    transformers = list(shell.input_transformer_manager.cleanup_transforms)
    assert shell.display_formatter is not None
    html = shell.display_formatter.formatters["text/html"]
    before = len(html.deferred_printers)
    for _ in range(2):
        shell.run_line_magic("load_ext", "jlambda")
        assert has_magics(shell) == (True, True)
        assert shell.input_transformer_manager.cleanup_transforms.count(magic_line_first) == 1
        assert len(html.deferred_printers) > before
        shell.run_line_magic("unload_ext", "jlambda")
        assert has_magics(shell) == (False, False)
        assert shell.input_transformer_manager.cleanup_transforms == transformers
        assert len(html.deferred_printers) == before


def test_reloading_keeps_everything(shell: InteractiveShell) -> None:
    """%reload_ext leaves one magic and one transformer."""
    shell.run_line_magic("load_ext", "jlambda")
    shell.run_line_magic("reload_ext", "jlambda")
    assert has_magics(shell) == (True, True)
    assert shell.input_transformer_manager.cleanup_transforms.count(magic_line_first) == 1
    shell.run_line_magic("unload_ext", "jlambda")


def test_loading_twice_is_loading_once(shell: InteractiveShell) -> None:
    """A second load adds no second transformer."""
    notebook.load_ipython_extension(shell)
    notebook.load_ipython_extension(shell)
    assert shell.input_transformer_manager.cleanup_transforms.count(magic_line_first) == 1
    notebook.unload_ipython_extension(shell)
