"""Projects: what a cell with packages from NuGet becomes, and ``dotnet publish``, which needs a whole SDK."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from jlambda.errors import CodeError
from jlambda.runtimes.dotnet import layout
from jlambda.runtimes.dotnet.compiling import Place, message, root
from jlambda.runtimes.dotnet.source import Package
from jlambda.runtimes.language import Tool, compile_with, numbers

#: what the SDK needs of the user's environment to find packages: configuration, caches, proxies
_KEPT = (
    "HOME",
    "NUGET_PACKAGES",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
)


def check(tool: Tool, packages: Sequence[Package]) -> None:
    """Raise `CodeError` where there is no SDK that can do this."""
    if not layout.has_msbuild(root(tool)):
        what = f"packages from NuGet ({', '.join(package.name for package in packages)})" if packages else "a project file"
        raise CodeError(f"{what}: that needs the .NET SDK, and {root(tool)} is none: install one from https://dot.net")


def project(assembly: str, version: str, packages: Sequence[Package], shims: Sequence[Path]) -> str:
    """The project file of a cell. AWS's own libraries go before ours where the cell asks for them."""
    names = {package.name for package in packages}
    lines = [
        '<Project Sdk="Microsoft.NET.Sdk">',
        "  <PropertyGroup>",
        f"    <TargetFramework>net{numbers(version)[0]}.0</TargetFramework>",
        f"    <AssemblyName>{escape(assembly)}</AssemblyName>",
        "    <ImplicitUsings>enable</ImplicitUsings>",
        "    <Nullable>enable</Nullable>",
        "    <GenerateRuntimeConfigurationFiles>true</GenerateRuntimeConfigurationFiles>",
        "    <CopyLocalLockFileAssemblies>true</CopyLocalLockFileAssemblies>",
        "    <EnableDefaultCompileItems>true</EnableDefaultCompileItems>",
        "  </PropertyGroup>",
        "  <ItemGroup>",
    ]
    lines += [
        f"    <PackageReference Include={quoteattr(each.name)} Version={quoteattr(each.version or '*')} />" for each in packages
    ]
    if not any(name.startswith("Amazon.Lambda.") for name in names):
        lines += [
            f'    <Reference Include={quoteattr(path.stem)} HintPath={quoteattr(str(path))} Private="false" />'
            for path in shims
        ]
    return "\n".join([*lines, "  </ItemGroup>", "</Project>", ""])


def publish(tool: Tool, work: Path, folder: Path, place: Place) -> None:
    """Build the project in `work` as it would be built for AWS, into `folder`."""
    about = {name: os.environ[name] for name in _KEPT if name in os.environ}
    about |= {
        "DOTNET_ROOT": str(root(tool)),
        "DOTNET_CLI_HOME": str(work / ".home"),
        "DOTNET_NOLOGO": "1",
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
    }
    # no server of the build's may stay behind
    command = [
        tool.path,
        "publish",
        "--nologo",
        "-c",
        "Release",
        "-o",
        str(work / "out"),
        "-nodeReuse:false",
        "-p:UseSharedCompilation=false",
    ]
    done = compile_with(command, work, about)
    if done.exit_code != 0:
        raise CodeError(message(done.output, place))
    shutil.copytree(work / "out", folder, dirs_exist_ok=True)
