"""What a user waits for before the first function: import, extension, deployment."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import jlambda

from .measure import Figure, median

_IMPORT = "import time; began = time.perf_counter(); import jlambda; print(time.perf_counter() - began)"
_LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.perf_counter()
shell.run_line_magic("load_ext", "jlambda")
print(time.perf_counter() - began)
"""


def run(folder: Path) -> list[Figure]:
    """`import jlambda`, `%load_ext jlambda` in a shell, and deploying a small cell again and again."""
    imported = median([_seconds(_IMPORT) for _ in range(5)])
    loaded = median([_seconds(_LOAD) for _ in range(5)])
    deployed = []
    with jlambda.Session(folder / "loading") as session:
        for number in range(50):
            began = time.perf_counter()
            session.deploy(f"def handler(event, context): return {number}", "loading")
            deployed.append(time.perf_counter() - began)
    return [
        Figure("import jlambda", imported * 1e3, "ms", target="under 100"),
        Figure("%load_ext jlambda", loaded * 1e3, "ms", target="under 150"),
        Figure("deploy a changed function, median", median(deployed) * 1e3, "ms"),
    ]


def _seconds(code: str) -> float:
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
