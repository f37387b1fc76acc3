"""The kernel's end of the side panel in JupyterLab: it shows a board, tells of changes, and does what is asked.

`labextension/` is the other end. Loading jlambda registers a comm target, and opens a comm of its own by which pages
that are open, or are opened later, find that it is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jlambda.notebook.panel.panel import Panel

_panels: dict[int, Panel] = {}


def register(shell: InteractiveShell) -> None:
    """Serve the panels of pages, where `shell` is that of a kernel."""
    kernel = getattr(shell, "kernel", None)
    if getattr(kernel, "comm_manager", None) is None:
        return
    from jlambda.notebook.panel.panel import Panel

    unregister(shell)
    _panels[id(shell)] = Panel(shell)


def unregister(shell: InteractiveShell) -> None:
    """Undo `register`."""
    panel = _panels.pop(id(shell), None)
    if panel is not None:
        panel.close()
