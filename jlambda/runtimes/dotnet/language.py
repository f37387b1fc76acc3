""".NET: which installations there are, how C# becomes an assembly, and how the process of a function is started.

Compiled by the compiler itself, without MSBuild and NuGet, unless a cell asks for packages. The client (`client/`: the
bootstrap, and assemblies that are source-compatible with AWS's) is compiled once for each version.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from jlambda import __version__
from jlambda.model.runtime import DOTNET_RUNTIMES
from jlambda.runtimes import builds
from jlambda.runtimes.dotnet import layout, publishing
from jlambda.runtimes.dotnet import source as csharp
from jlambda.runtimes.dotnet.compiling import compile_assembly
from jlambda.runtimes.language import Language, Sources, Tool, numbers, on_path, write_files

_CLIENT = Path(__file__).parent / "client"
_CORE, _JSON = "Amazon.Lambda.Core", "Amazon.Lambda.Serialization.SystemTextJson"
#: the oldest version whose libraries the client needs
_OLDEST = 6
_ASSEMBLY = "Function"
_INSTALLED = ("/usr/share/dotnet", "/usr/lib/dotnet", "/usr/local/share/dotnet", "/opt/dotnet")
# what a project made from Microsoft's template has, https://learn.microsoft.com/dotnet/core/project-sdk/overview
_USINGS = ("System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading")
_GLOBAL_USINGS = "".join(f"global using global::{name};\n" for name in (*_USINGS, "System.Threading.Tasks"))
_USINGS_FILE = "GlobalUsings.g.cs"
# A function's process lives on little memory and is started often: no second thread for the collector, no profiling of
# code that is still cold, no library of all the world's cultures, no socket for debuggers in /tmp, nothing for LTTng.
_VARIABLES = {
    "DOTNET_gcConcurrent": "0",
    "DOTNET_TieredPGO": "0",
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
    "DOTNET_EnableDiagnostics": "0",
    "DOTNET_LTTng": "0",
    "DOTNET_NOLOGO": "1",
    "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
}


class Dotnet(Language):
    """C# on .NET."""

    name = ".NET"
    runtimes = DOTNET_RUNTIMES
    cell_file = f"{_ASSEMBLY}.cs"
    default_handler = f"{_ASSEMBLY}::{_ASSEMBLY}::FunctionHandler"
    install = "the .NET SDK is needed (apt-get install dotnet-sdk-8.0, brew install dotnet-sdk or https://dot.net)"

    def programs(self) -> Sequence[str]:
        home = os.environ.get("DOTNET_ROOT", "")
        folders = [*([home] if home else []), *_INSTALLED, str(Path.home() / ".dotnet")]
        beside = [os.path.realpath(Path(folder, "dotnet")) for folder in folders]
        found = dict.fromkeys([*beside[: bool(home)], *on_path("dotnet"), *beside])
        return [path for path in found if os.access(path, os.X_OK)]

    def examine(self, program: str) -> Tool | None:
        found = self._tools(program)
        return found[0] if found else None

    def tools(self) -> list[Tool]:
        return [tool for program in self.programs() for tool in self._tools(program)]

    def command(self, tool: Tool, handler: str) -> list[str]:
        del handler
        return ["/bin/sh", "/var/runtime/bootstrap.sh", tool.path, "/var/task"]

    def variables(self, tool: Tool, handler: str) -> dict[str, str]:
        del handler
        return {**_VARIABLES, "DOTNET_ROOT": str(Path(tool.path).parent)}

    def is_source(self, files: Mapping[str, bytes]) -> bool:
        return any(name.endswith((".cs", ".csproj")) for name in files) and not any(name.endswith(".dll") for name in files)

    def build(self, sources: Sources, tool: Tool, folder: Path) -> str:
        assembly = sources.handler.partition("::")[0] if sources.handler else _ASSEMBLY
        files, wanted = dict(sources.files), list[csharp.Package]()
        texts = {name: data.decode(errors="replace") for name, data in files.items() if name.endswith(".cs")}
        for name, text in texts.items():
            texts[name], packages = csharp.packages(text)
            files[name] = texts[name].encode()
            wanted += packages
        projects = [name for name in files if name.endswith(".csproj")]
        if wanted or projects:
            publishing.check(tool, wanted)
        with tempfile.TemporaryDirectory(prefix="jlambda-dotnet-") as name:
            work, client = Path(name, "work"), Path(name, "client")
            write_files(files, work)
            self.client(tool, client)
            shims = sorted((client / "shims").glob("*.dll"))
            if wanted or projects:
                if not projects:
                    (work / f"{assembly}.csproj").write_text(publishing.project(assembly, tool.version, wanted, shims))
                publishing.publish(tool, work, folder, sources.place)
            else:
                (work / _USINGS_FILE).write_text(_GLOBAL_USINGS)
                libraries = [Path(path) for path in sources.classpath]
                compile_assembly(tool, work, assembly, [*texts, _USINGS_FILE], [*libraries, *shims], sources.place)
                others = {name: data for name, data in files.items() if name not in texts}
                found = {path.name: path.read_bytes() for path in (work / f"{assembly}.dll", *libraries)}
                write_files({**others, **found}, folder)
        return sources.handler or csharp.find_handler(
            texts.values(), projects[0].rsplit("/")[-1].removesuffix(".csproj") if projects else assembly
        )

    def client(self, tool: Tool, folder: Path) -> None:
        inputs = [part for name, content in self.inputs().items() for part in (name, content)]
        key = builds.digest([__version__, "dotnet-client", tool.path, tool.version, *inputs])
        # kept apart, since cells are compiled against it too
        built = builds.build(key, lambda made: _compile_client(tool, made))
        with zipfile.ZipFile(io.BytesIO(built.package)) as package:
            package.extractall(folder)

    def inputs(self) -> dict[str, bytes]:
        files = [path for path in sorted(_CLIENT.rglob("*")) if path.is_file()]
        return {path.relative_to(_CLIENT).as_posix(): path.read_bytes() for path in files}

    def _tools(self, program: str) -> list[Tool]:
        """One for each major version whose runtime is there, the newest first."""
        folder = Path(program).parent
        if layout.compiler(folder) is None:
            return []
        versions = [version for version in layout.frameworks(folder) if numbers(version)[0] >= _OLDEST]
        return [Tool(program, version, f"dotnet{numbers(version)[0]}") for version in reversed(versions)]


def _compile_client(tool: Tool, folder: Path) -> str:
    def place(path: str, line: str) -> str:
        return f"{path}, line {line}"

    for part in ("core", "json", "bootstrap"):
        for path in sorted((_CLIENT / part).glob("*.cs")):
            write_files({f"{part}/{path.name}": path.read_bytes()}, folder)
    done: list[Path] = []
    for name, part in ((_CORE, "core"), (_JSON, "json"), ("bootstrap", "bootstrap")):
        files = [f"{part}/{path.name}" for path in sorted((folder / part).iterdir())]
        compile_assembly(tool, folder, name, files, done, place, is_program=name == "bootstrap")
        done.append(folder / f"{name}.dll")
        shutil.rmtree(folder / part)
    (folder / "shims").mkdir()
    for path in done[:2]:
        path.rename(folder / "shims" / path.name)
    # beside a program lies what the CLR itself finds for it, faster than our bootstrap does
    shutil.copytree(folder / "shims", folder / "together")
    shutil.copy(folder / "bootstrap.dll", folder / "together")
    framework = {"name": "Microsoft.NETCore.App", "version": tool.version}
    (folder / "bootstrap.runtimeconfig.json").write_text(json.dumps({"runtimeOptions": {"framework": framework}}))
    write_files({"bootstrap.sh": (_CLIENT / "bootstrap.sh").read_bytes()}, folder)
    return ""


LANGUAGE = Dotnet()
