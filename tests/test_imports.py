"""The architecture, held by reading the source: who may import whom, and which dependency lives where."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "jlambda"

LEAVES = {"errors", "process"}
#: part of the package -> the parts it may import besides itself; `process` and `errors` are open to all
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": {"session", "handle", "invocation", "executor", "shortcuts", "notebook", "http"},
    "__main__": {"cli"},
    "errors": set(),
    "process": set(),
    "model": set(),
    "engine": {"model"},
    "runtimes": {"model"},
    "store": {"model"},
    "telemetry": {"model", "billing"},
    "billing": {"model"},
    "aws": {"model"},
    "api": {"model", "session", "service", "telemetry", "billing"},
    "service": {"model", "engine", "runtimes", "store", "sources", "telemetry", "billing"},
    "sources": {"model"},
    "session": {
        *("model", "store", "telemetry", "billing", "service", "handle", "invocation", "api", "parts", "waiting"),
        "dependencies",
    },
    "parts": {"model", "aws", "engine", "runtimes", "store", "service"},
    "invocation": {"model", "telemetry", "billing", "service", "session"},
    # `fn.configure()` is a widget: imported when it is called
    "handle": {"model", "telemetry", "billing", "service", "session", "invocation", "progress", "notebook"},
    "progress": set(),
    "waiting": {"model", "progress", "session"},
    "dependencies": {"model", "progress", "session", "service"},
    "executor": {"model", "handle", "invocation", "session", "service"},
    # `jlambda.dashboard()` is a widget: imported when it is called
    "shortcuts": {"model", "handle", "session", "notebook"},
    "notebook": {"model", "session", "handle", "invocation", "service", "telemetry", "billing"},
    "cli": {"model", "session", "handle", "service", "telemetry", "billing", "notebook", "bench", "api"},
    "bench": {"model", "session", "handle"},
    "http": {"model", "session", "handle", "invocation", "service"},
}
#: a dependency has one home (module, or package that ends in a dot)
HOMES: dict[str, tuple[str, ...]] = {
    "multiprocess": ("engine.", "process"),
    "subprocess": ("process",),
    "sqlite3": ("store.",),
    "boto3": (
        "aws.",
        "api.address",
    ),
    "botocore": ("api.shapes", "api.address", "api.fronts.integrations.services", "aws."),
    "moto": ("aws.",),
    "uvicorn": ("api.server", "api.protocol"),
    "pandas": ("telemetry.",),
    "matplotlib": ("telemetry.plots.",),
    "IPython": ("notebook.",),
    "ipywidgets": ("notebook.",),
    "nbclient": ("notebook.",),
    "nbformat": ("notebook.",),
    "ctypes": ("engine.",),
    "airspeed": ("api.fronts.integrations.templates",),
    "httpx": ("api.fronts.integrations.outgoing",),
    "jsonschema": ("api.fronts.schemas",),
    "jsonpath_ng": ("api.fronts.integrations.json_path",),
}
#: what runs inside an environment, and may have nothing but the standard library and the wire format
IN_ENVIRONMENT = {
    "bootstrap",
    "call",
    "context",
    "failure",
    "handler",
    "logs",
    "memory",
    "output",
    "payload",
    "snap_start",
    "shipped",
} | {
    *("runtime_api", "engine_end", "listener", "extensions", "children", "http", "messages", "shutdown", "states"),
}
#: the parts that decide: no clock, process, socket or lock
PURE = {
    *("engine.scheduler", "engine.lifecycle", "engine.conversation", "billing", "model."),
    *("sources.batching", "sources.came", "sources.given_up", "sources.queue", "sources.responses", "sources.scaling"),
    *("telemetry.overview", "telemetry.tally", "notebook.dashboard_view"),
    *("sources.shard", "notebook.findings", "notebook.advice", "notebook.doctor", "notebook.draft", "notebook.lanes"),
}
IMPURE_MODULES = {"time", "threading", "socket", "select", "os", "multiprocess", "subprocess", "random"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module's dotted name within the package, and its source."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text())


MODULES = list(modules())


def is_type_only(node: ast.stmt) -> bool:
    """Whether a statement is ``if TYPE_CHECKING:``."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(tree: ast.AST) -> Iterator[str]:
    """The modules that are imported anywhere in `tree`, but for type checking only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            assert node.module is not None
            if node.module == "jlambda":
                yield from (f"jlambda.{alias.name}" for alias in node.names)
            else:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module.startswith("jlambda."))
        elif not (isinstance(node, ast.stmt) and is_type_only(node)):
            yield from imports(node)


def is_at_home(name: str, homes: tuple[str, ...]) -> bool:
    """Whether module `name` is one of `homes`."""
    return any(name == home or (home.endswith(".") and f"{name}.".startswith(home)) for home in homes)


@pytest.mark.parametrize(("name", "tree"), MODULES, ids=[name for name, _ in MODULES])
def test_a_part_imports_only_what_it_may(name: str, tree: ast.Module) -> None:
    """No part reaches past its neighbours, and every dependency has one home."""
    part = name.split(".")[0]
    for target in imports(tree):
        if target.startswith("jlambda."):
            other = target.split(".")[1]
            if (PACKAGE / other).is_dir() or (PACKAGE / f"{other}.py").is_file():
                allowed = other == part or other in LEAVES or other in MAY_IMPORT[part]
                assert allowed, f"{name} imports {target}; {part} may import {sorted(MAY_IMPORT[part] | LEAVES)}"
        else:
            homes = HOMES.get(target.split(".")[0])
            assert homes is None or is_at_home(name, homes), f"{name} imports {target}, whose home is {homes}"


@pytest.mark.parametrize("name", sorted(IN_ENVIRONMENT))
def test_what_runs_in_an_environment_needs_the_standard_library_only(name: str) -> None:
    """A function's process never loads more of jlambda than the runtime and the wire format."""
    tree = dict(MODULES)[f"runtimes.{name}"]
    for target in imports(tree):
        if target.startswith("jlambda."):
            ours = target.split(".")
            inside = ours[1] == "runtimes" and (len(ours) == 2 or ours[2] in IN_ENVIRONMENT)
            assert ours[1] == "model" or inside, f"{name} imports {target}"
        elif target != "dill":  # imported only for a cell that ships objects
            assert target.split(".")[0] in sys.stdlib_module_names, f"{name} imports {target}"


@pytest.mark.parametrize("name", [name for name, _ in MODULES if is_at_home(name, tuple(PURE))])
def test_what_decides_does_nothing(name: str) -> None:
    """The scheduler, conversations, billing, the model and the doctor take values, time among them, and touch nothing."""
    found = {target.split(".")[0] for target in imports(dict(MODULES)[name])}
    assert not found & IMPURE_MODULES, f"{name} imports {sorted(found & IMPURE_MODULES)}"


def run_python(code: str) -> str:
    """What a fresh interpreter prints for `code`."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import jlambda` loads no dependency and none of its own parts."""
    loaded = run_python("import sys, jlambda; print(*sorted(sys.modules))").split()
    assert "jlambda" in loaded
    assert not {"pandas", "boto3", "moto", "IPython", "uvicorn", "matplotlib", "tqdm", "sqlite3", "asyncio"} & set(loaded)
    assert not [name for name in loaded if name.startswith("jlambda.")]


def test_public_names_are_all_there() -> None:
    """Every name in `__all__` can be had, and nothing else pretends to be public."""
    out = run_python("import jlambda; print(len([getattr(jlambda, name) for name in jlambda.__all__]), len(jlambda.__all__))")
    found, promised = out.split()
    assert found == promised
