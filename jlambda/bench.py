"""`jlambda bench`: run the benchmarks and print their figures as they come."""

from __future__ import annotations

import importlib
import os
import platform
import sys
import tempfile
from pathlib import Path

from jlambda.errors import LambdaError, ResourceNotFound

NAMES = (
    *(
        "loading",
        "notebook",
        "dashboard",
        "warm",
        "cold",
        "fan_out",
        "endurance",
        "thousand",
        "protections",
        "share",
        "gateway",
        "http",
        "languages",
    ),
    *("queue", "crashes", "sources", "services"),
)


def run(names: list[str]) -> int:
    """Run the benchmarks of these names, or all; 0 once all have run. Raises `ResourceNotFound` for another name."""
    package = _package()
    for name in names:
        if name not in NAMES:
            raise ResourceNotFound(f"there is no benchmark {name!r} (there are {', '.join(NAMES)})")
    print(f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}", flush=True)
    for name in names or NAMES:
        module = importlib.import_module(f"{package}.{name}")
        print(f"{name}: {(module.__doc__ or '').strip()}", flush=True)
        with tempfile.TemporaryDirectory(prefix="jlambda-bench-") as folder:
            for figure in module.run(Path(folder)):
                print(figure, flush=True)
    return 0


def _package() -> str:
    """The benchmarks: inside the installed package, or in the tests of a checkout."""
    here = Path(__file__).parent
    if (here / "benchmarks").is_dir():
        return "jlambda.benchmarks"
    if (here.parent / "tests" / "benchmarks").is_dir():
        if str(here.parent) not in sys.path:
            sys.path.append(str(here.parent))
        return "tests.benchmarks"
    raise LambdaError(f"the benchmarks are missing from {here}: install jlambda again")
