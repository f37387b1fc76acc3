"""Puts a .NET installation together out of the parts that `make` has fetched.

Usage: assemble.py RUNTIME COMPILER SOURCE FOLDER, where RUNTIME is a self-contained program's folder, COMPILER has the
libraries of the C# compiler, and SOURCE is the program around them.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import dotnetcore2

_FRAMEWORK = "Microsoft.NETCore.App"
_TARGET = ".NETCoreApp,Version=v9.0"
_LIBRARIES = ("Microsoft.CodeAnalysis", "Microsoft.CodeAnalysis.CSharp")


def lay_out(program: Path, root: Path) -> str:
    """Host, runtime and framework at their places; returns the version."""
    (config,) = program.glob("*.runtimeconfig.json")
    version: str = json.loads(config.read_text())["runtimeOptions"]["includedFrameworks"][0]["version"]
    (listed,) = program.glob("*.deps.json")
    targets = json.loads(listed.read_text())["targets"]
    libraries = next(found for name, found in targets.items() if name.endswith("linux-x64"))
    name, pack = next((name, pack) for name, pack in libraries.items() if f"{_FRAMEWORK}.Runtime" in name)
    framework, resolver = root / "shared" / _FRAMEWORK / version, root / "host" / "fxr" / version
    for folder in (framework, resolver):
        folder.mkdir(parents=True)
    for path in (*pack["runtime"], *pack["native"]):
        file = Path(path).name
        shutil.copy(program / file, resolver if file == "libhostfxr.so" else framework)
    target = f"{_TARGET}/linux-x64"
    about = {
        "runtimeTarget": {"name": target},
        "targets": {_TARGET: {}, target: {name: pack}},
        "libraries": {name: {"type": "package", "serviceable": True, "sha512": ""}},
    }
    (framework / f"{_FRAMEWORK}.deps.json").write_text(json.dumps(about))
    host = root / "dotnet"
    shutil.copy(Path(dotnetcore2.__file__).parent / "bin" / "dotnet", host)
    host.chmod(0o755)
    return version


def compile_compiler(libraries: Path, source: Path, root: Path, version: str) -> bool:
    """The compiler's program, made by the compiler's library within this process; whether that went well."""
    folder = root / "sdk" / f"{version}-compiler-only" / "Roslyn" / "bincore"
    folder.mkdir(parents=True)
    for name in _LIBRARIES:
        shutil.copy(libraries / f"{name}.dll", folder)
    config = folder / "csc.runtimeconfig.json"
    config.write_text(json.dumps({"runtimeOptions": {"framework": {"name": _FRAMEWORK, "version": version}}}))

    from clr_loader import get_coreclr
    from pythonnet import set_runtime

    set_runtime(get_coreclr(runtime_config=str(config), dotnet_root=str(root)))
    import clr

    sys.path.insert(0, str(folder))
    for name in _LIBRARIES:
        clr.AddReference(name)
    from Microsoft.CodeAnalysis import MetadataReference, OptimizationLevel, OutputKind, SyntaxTree
    from Microsoft.CodeAnalysis.CSharp import CSharpCompilation, CSharpCompilationOptions, CSharpSyntaxTree
    from System.Collections.Generic import List
    from System.IO import FileMode, FileStream

    trees, references = List[SyntaxTree](), List[MetadataReference]()
    trees.Add(CSharpSyntaxTree.ParseText(source.read_text()))
    framework = root / "shared" / _FRAMEWORK / version
    for path in (*framework.glob("*.dll"), *(folder / f"{name}.dll" for name in _LIBRARIES)):
        references.Add(MetadataReference.CreateFromFile(str(path)))
    options = CSharpCompilationOptions(OutputKind.ConsoleApplication).WithOptimizationLevel(OptimizationLevel.Release)
    made = FileStream(str(folder / "csc.dll"), FileMode.Create)
    result = CSharpCompilation.Create("csc", trees, references, options).Emit(made)
    made.Dispose()
    for found in result.Diagnostics:
        if not result.Success:
            print(found.ToString())
    return bool(result.Success)


if __name__ == "__main__":
    program, libraries, source, root = (Path(word).resolve() for word in sys.argv[1:])
    sys.exit(0 if compile_compiler(libraries, source, root, lay_out(program, root)) else 1)
