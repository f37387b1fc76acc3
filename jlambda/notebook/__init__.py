"""jlambda in IPython: magics, cells, cards.

`%load_ext jlambda` ends up here. Nothing is started and no session is opened: that happens when a magic first needs one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add the magics, the cards, and the transformer that lets a comment stand above `%%lambda`."""
    from jlambda.notebook import capture, completer, display, panel
    from jlambda.notebook.magics import LambdaMagics
    from jlambda.session import current

    _forget_options(shell)
    shell.register_magics(LambdaMagics)
    transformers = shell.input_transformer_manager.cleanup_transforms
    if capture.magic_line_first not in transformers:
        # before IPython's own, which drop empty lines above the magic
        transformers.insert(0, capture.magic_line_first)
    display.register(shell)
    completer.register(shell, current)
    panel.register(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take everything out again; functions already bound go on working."""
    from jlambda.notebook import capture, completer, display, panel

    _forget_options(shell)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("lambda", None)
    shell.magics_manager.registry.pop("LambdaMagics", None)
    transformers = shell.input_transformer_manager.cleanup_transforms
    if capture.magic_line_first in transformers:
        transformers.remove(capture.magic_line_first)
    display.unregister(shell)
    completer.unregister(shell)
    panel.unregister(shell)


def _forget_options(shell: InteractiveShell) -> None:
    """Take the magics of an earlier load out of what `%config` sets: IPython keeps them for good."""
    from jlambda.notebook.magics import LambdaMagics

    shell.configurables[:] = [it for it in shell.configurables if not isinstance(it, LambdaMagics)]
