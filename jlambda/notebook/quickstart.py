"""The first notebook: opened in JupyterLab, or executed here with its output as text.

Knows notebooks and kernels only; everything about functions is in the notebook itself.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from jlambda.errors import LambdaError

FIRST = "01-first-function.ipynb"
_COPY = "jlambda-notebooks"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def shipped_notebooks() -> Path:
    """The folder of the notebooks: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / FIRST).is_file():
            return folder
    raise LambdaError(f"the notebooks are missing from {package}: install jlambda again")


def copy_notebooks(to: Path) -> list[Path]:
    """Copy the notebooks and their data into `to`; returns the files that were there already and differ.

    What the user has is never overwritten. Raises `LambdaError` where the folder cannot be written.
    """
    kept = []
    source = shipped_notebooks()
    for file in sorted(path for path in source.rglob("*") if path.is_file() and not _is_leftover(path.relative_to(source))):
        copy = to / file.relative_to(source)
        try:
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
            elif copy.read_bytes() != file.read_bytes():
                kept.append(copy)
        except OSError as error:
            reason = error.strerror or error
            raise LambdaError(f"cannot copy the notebooks to {to}: {reason}; run this in a folder you can write") from None
    return kept


def _is_leftover(path: Path) -> bool:
    """What running a notebook in a checkout leaves beside it."""
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def open_in_lab() -> int:
    """Copy the notebooks to `./jlambda-notebooks` and open the first one in JupyterLab; returns when Lab is stopped."""
    folder = Path(_COPY)
    kept = copy_notebooks(folder)
    print(f"The notebooks are in {folder.resolve()}{f'; {len(kept)} that you changed were kept as they are' if kept else ''}.")
    from jupyterlab.labapp import LabApp

    try:
        LabApp.launch_instance(argv=[str(folder / FIRST)])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def execute() -> int:
    """Run the first notebook in a temporary folder, print what its cells give as it comes; 0 if every cell succeeded."""
    with tempfile.TemporaryDirectory(prefix="jlambda-quickstart-") as name:
        folder = Path(name)
        copy_notebooks(folder)
        return run_notebook(folder / FIRST, sys.stdout, {"IPYTHONDIR": str(folder / ".ipython")})


def run_notebook(path: Path, out: TextIO, environment: Mapping[str, str]) -> int:
    """Execute a notebook beside its file, in a kernel of this interpreter, and print each cell's output to `out`.

    Returns 0 if every cell succeeded (one tagged ``raises-exception``: if it did raise), else 1.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient.client import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    show = _Paper(out)

    class Client(NotebookClient):
        """Prints outputs when they arrive, not when their cell has ended."""

        def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
            if msg["msg_type"] == "execute_input":
                show.block(f"\n{_title(cell.source)}")
            elif msg["msg_type"] == "stream":
                show.stream(msg["content"]["text"])
            else:
                show.block(output_text(msg["msg_type"], msg["content"]))
            return super().process_message(msg, cell, cell_index)

        async def _async_check_alive(self) -> None:
            if self.kc is None:  # shut down by a signal
                raise DeadKernelError("stopped")
            await super()._async_check_alive()

        @property
        def was_stopped(self) -> bool:
            """Whether a signal came: nbclient shuts its kernel down then, and trips over there being none."""
            return getattr(self, "_async_cleanup_kernel_future", None) is not None

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    # this interpreter's own kernel, whatever "python3" kernels the user has installed
    specs = KernelSpecManager(kernel_dirs=[])
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    client = Client(notebook, km=manager, timeout=600, resources={"metadata": {"path": str(path.parent)}})
    client.owns_km = True  # so that it is shut down with the notebook
    with tempfile.TemporaryFile() as complaints:  # what the kernel says for itself matters only if it dies
        try:
            client.execute(env={**os.environ, **environment}, stderr=complaints)
        except (CellExecutionError, DeadKernelError, AssertionError) as error:
            if client.was_stopped:
                raise KeyboardInterrupt from None
            if isinstance(error, AssertionError):
                raise
            if isinstance(error, DeadKernelError):
                complaints.seek(0)
                show.block(complaints.read().decode(errors="replace"))
            what = "a cell failed" if isinstance(error, CellExecutionError) else "the kernel died"
            show.block(f"\n{path.name}: {what}")
            return 1
    unraised = [cell for cell in notebook.cells if _should_raise(cell) and not _raised(cell)]
    for cell in unraised:
        show.block(f"\n{path.name}: {_title(cell.source)!r} should have failed")
    return 1 if unraised else 0


class _Paper:
    """Text as it comes: streams where they left off, everything else on lines of its own."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._is_fresh_line = out, True

    def stream(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
        self._is_fresh_line = text.endswith("\n")

    def block(self, text: str) -> None:
        if text:
            self.stream(f"{'' if self._is_fresh_line else chr(10)}{text}{'' if text.endswith(chr(10)) else chr(10)}")


def _title(source: str) -> str:
    lines = source.strip().split("\n")
    return f">>> {lines[0]}{' …' if len(lines) > 1 else ''}"


def _should_raise(cell: Any) -> bool:
    return "raises-exception" in cell.metadata.get("tags", ())


def _raised(cell: Any) -> bool:
    return any(output.output_type == "error" for output in cell.outputs)


def output_text(kind: str, content: Mapping[str, Any]) -> str:
    """The text of a display, a result or an error; empty for messages that show nothing."""
    if kind in ("display_data", "execute_result", "update_display_data"):
        return str(content["data"].get("text/plain", ""))
    if kind == "error":
        return _ESCAPES.sub("", "\n".join(content["traceback"]))
    return ""
