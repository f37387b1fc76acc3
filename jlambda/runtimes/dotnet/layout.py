"""Where a .NET installation keeps its compiler, its frameworks and the assemblies to compile against.

Two layouts are known. The SDK's: ``sdk/VERSION/Roslyn/bincore/csc.dll``, reference assemblies below ``packs``, MSBuild in
``sdk/VERSION/Sdks``. And one that has a compiler and nothing else of an SDK (`.ci/dotnet` builds such a one): the same
places, but no ``packs``, so that the framework's own assemblies are what is compiled against, and no MSBuild.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jlambda.runtimes.language import numbers

_FRAMEWORK = "Microsoft.NETCore.App"


def frameworks(root: Path) -> list[str]:
    """The versions of the runtime, the newest of each major version, oldest first."""
    newest: dict[int, str] = {}
    for version in _versions(root / "shared" / _FRAMEWORK):
        newest[numbers(version)[0]] = version
    return list(newest.values())


def compiler(root: Path) -> Path | None:
    """The newest ``csc.dll``."""
    found = [root / "sdk" / version / "Roslyn" / "bincore" / "csc.dll" for version in _versions(root / "sdk")]
    return next((path for path in reversed(found) if path.is_file()), None)


def has_msbuild(root: Path) -> bool:
    """Whether projects can be built, with packages from NuGet."""
    return any((root / "sdk" / version / "Sdks" / "Microsoft.NET.Sdk").is_dir() for version in _versions(root / "sdk"))


def references(root: Path, version: str) -> Iterator[Path]:
    """The assemblies to compile against for a runtime's version."""
    major = numbers(version)[0]
    packs = root / "packs" / f"{_FRAMEWORK}.Ref"
    for pack in reversed(_versions(packs)):
        folder = packs / pack / "ref" / f"net{major}.0"
        if folder.is_dir():
            yield from sorted(folder.glob("*.dll"))
            return
    for path in sorted((root / "shared" / _FRAMEWORK / version).glob("*.dll")):
        if path.name.startswith(("System.", "Microsoft.", "mscorlib", "netstandard")) and "Native" not in path.name:
            yield path


def _versions(folder: Path) -> list[str]:
    """The names of the folders in it that are versions, oldest first."""
    try:
        names = [path.name for path in folder.iterdir() if numbers(path.name)]
    except OSError:
        return []
    return sorted(names, key=lambda name: (numbers(name), name))
