"""Which language serves a runtime identifier, with which tool of this machine; builds and clients, kept once made.

Everything that differs from one language to the next is in its own folder; what is the same for all is here. Knows
nothing of functions or environments.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jlambda import __version__
from jlambda.errors import CodeError, InvalidParameter
from jlambda.model.function import FunctionConfiguration
from jlambda.model.runtime import RUNTIMES, THIS_PYTHON, check_runtime
from jlambda.runtimes import builds, python
from jlambda.runtimes.builds import Built
from jlambda.runtimes.code import Package
from jlambda.runtimes.language import Language, Sources, Tool, nearest, numbers
from jlambda.runtimes.variables import search_path

#: what a runtime identifier begins with -> the folder of its language
_FOLDERS = {
    "python": "cpython",
    "nodejs": "node",
    "java": "java",
    "dotnet": "dotnet",
    "ruby": "ruby",
    "go": "go",
    "provided": "provided",
    "bash": "provided",
}


#: what the process of an environment calls that runs a function through the Runtime API, as ``module:function``
BRIDGE = "jlambda.runtimes.runtime_api:run"


class Choice(NamedTuple):
    """What serves a runtime: `warning` is one line where that is another version than the one asked for."""

    runtime: str
    language: Language
    tool: Tool
    warning: str = ""

    @property
    def is_python(self) -> bool:
        """Whether the language is Python, in whichever version."""
        return self.language is _language(_FOLDERS["python"])

    @property
    def is_own_python(self) -> bool:
        """Whether it is the very interpreter that runs the notebook, for which there is the fast path."""
        return self.tool.path == sys.executable


@cache
def _language(folder: str) -> Language:
    language: Language = importlib.import_module(f"jlambda.runtimes.{folder}.language").LANGUAGE
    return language


def languages() -> Iterator[Language]:
    """Every language, that of the notebook's own Python included."""
    for folder in dict.fromkeys(_FOLDERS.values()):
        yield _language(folder)


def folders() -> list[str]:
    """Folders outside of the system's own that environments must see to run any of the languages."""
    found = []
    for folder in dict.fromkeys(_FOLDERS.values()):
        with suppress(ModuleNotFoundError):
            found += _language(folder).folders()
    return list(dict.fromkeys(found))


def language_of(runtime: str) -> Language:
    """The language of an identifier, or of a language's own name. Raises `InvalidParameter`."""
    if runtime not in _FOLDERS:
        check_runtime(runtime)
    prefix = max((prefix for prefix in _FOLDERS if runtime.startswith(prefix)), key=len)
    return _language(_FOLDERS[prefix])


def choose(runtime: str, *, is_strict: bool = False) -> Choice:
    """What serves `runtime` on this machine: the same version, or the nearest with a warning unless strict.

    `runtime` may be the name of a language: its newest version here. Raises `InvalidParameter` where nothing serves it.
    """
    language = language_of(runtime)
    if runtime == THIS_PYTHON and (own := language.examine(sys.executable)) is not None:
        return Choice(runtime, language, own)  # no other is looked for, which takes milliseconds
    tools = language.tools()
    if not tools:
        raise InvalidParameter(f"runtime {runtime}: {language.name} is not installed: {language.install}")
    if runtime in _FOLDERS and runtime not in language.runtimes:
        best = max(tools, key=lambda tool: numbers(tool.runtime))
        if best.runtime in RUNTIMES:
            return Choice(best.runtime, language, best)
        # a version that AWS never had: it stands in for the next one
        newer = [name for name in language.runtimes if numbers(name) > numbers(best.runtime)]
        runtime = newer[0] if newer else language.runtimes[-1]
    tool = nearest(runtime, tools)
    if tool.runtime == runtime or not numbers(runtime):
        return Choice(runtime, language, tool)
    here = f"{language.name} {tool.version}"
    if is_strict:
        have = ", ".join(sorted({each.runtime for each in tools}))
        raise InvalidParameter(f"runtime {runtime} is not installed ({have}): {language.install}")
    return Choice(
        runtime, language, tool, f"runtime {runtime} runs on {here} ({tool.path}), the nearest version that is installed"
    )


class Starting(NamedTuple):
    """How environments of a function are started.

    `entry` is called in the environment with `start`, `variables` are the language's, `client` is the package at
    /var/runtime as a path below the code root ("" for none); with a bridge the function runs in a child process.
    """

    entry: str
    start: dict[str, object]
    variables: dict[str, str]
    client: str = ""
    has_bridge: bool = False


def starting(
    choice: Choice, config: FunctionConfiguration, put: Callable[[bytes], Package], layers: Path | None = None
) -> Starting:
    """How environments of a function start; `put` stores a package that they need, a zip; `layers` is what they see at /opt."""
    language, tool = choice.language, choice.tool
    if choice.is_own_python and (config.has_snapshot or not _has_processes_of_its_own(config, layers)):
        return Starting(python.ENTRY, python.start(config), python.variables())
    zipped = client(choice)
    package = f"{put(zipped).key}/task" if zipped else ""
    start: dict[str, object] = {"command": language.command(tool, config.handler), "wrapper": language.takes_wrapper}
    variables = {"PATH": search_path(tool.path), **language.variables(tool, config.handler)}
    return Starting(BRIDGE, start, variables, package, has_bridge=True)


def _has_processes_of_its_own(config: FunctionConfiguration, layers: Path | None) -> bool:
    """Whether a wrapper script or external extensions are to be started, which only a bridge can."""
    return bool(config.environment.get("AWS_LAMBDA_EXEC_WRAPPER")) or bool(layers and any(layers.glob("extensions/*")))


def built(choice: Choice, sources: Sources) -> Built:
    """The package that `sources` make, with its handler as the note; compiled only if it never was. Raises `CodeError`."""
    language, tool = choice.language, choice.tool
    files = (*language.inputs().items(), *sorted(sources.files.items()))
    inputs = [part for name, content in files for part in (name, content)]
    libraries = [builds.file_state(path) for path in sources.classpath]
    key = builds.digest([*_identity(choice), "package", sources.handler or "", *libraries, *inputs])
    return builds.build(key, lambda folder: language.build(sources, tool, folder))


def client(choice: Choice) -> bytes:
    """The zip of what functions see at /var/runtime; empty where the language needs no client."""
    language, tool = choice.language, choice.tool
    if not language.inputs():
        return b""
    inputs = [part for name, content in language.inputs().items() for part in (name, content)]
    key = builds.digest([*_identity(choice), "client", *inputs])

    def make(folder: Path) -> str:
        try:
            language.client(tool, folder)
        except CodeError as error:
            raise CodeError(f"the {language.name} runtime cannot be built with {tool.path} {tool.version}: {error}") from None
        return ""

    return builds.build(key, make).package


def _identity(choice: Choice) -> list[str]:
    """What builds of a language depend on besides the sources: this version of jlambda, how it builds, and the tool."""
    folder = type(choice.language).__module__.rpartition(".")[0]
    return [__version__, _how(folder), choice.language.name, choice.tool.path, choice.tool.version]


@cache
def _how(package: str) -> str:
    folder = Path(str(importlib.import_module(package).__file__)).parent
    return builds.digest(path.read_bytes() for path in sorted(folder.glob("*.py")))
