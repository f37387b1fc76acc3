"""A real kernel that runs cells and prints what it has measured."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

import jlambda

#: how long one cell may take
_PATIENCE_S = 300


def printed(folder: Path, cells: Sequence[str]) -> Any:
    """Run the cells in a kernel of their own in `folder`; the JSON of the last line that they print."""
    manager = KernelManager(kernel_name="python3")
    path = os.pathsep.join(filter(None, (str(Path(jlambda.__file__).parents[1]), os.environ.get("PYTHONPATH", ""))))
    environment = {**os.environ, "PYTHONPATH": path, "IPYTHONDIR": str(folder / "ipython")}
    environment.pop("JPY_SESSION_NAME", None)
    manager.start_kernel(cwd=str(folder), env=environment)
    client = manager.client()
    client.start_channels()
    text: list[str] = []

    def see(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "error":
            raise RuntimeError("\n".join(content["traceback"]))
        text.append(content.get("text", ""))

    try:
        client.wait_for_ready(timeout=60)
        for cell in cells:
            client.execute_interactive(cell, timeout=_PATIENCE_S, output_hook=see)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
    return json.loads("".join(text).strip().splitlines()[-1])
