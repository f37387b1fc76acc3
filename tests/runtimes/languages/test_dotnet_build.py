"""C# sources become an assembly; errors name the cell's lines; packages from NuGet take a whole SDK."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

from jlambda.errors import CodeError
from jlambda.runtimes.dotnet import layout, publishing
from jlambda.runtimes.dotnet import source as csharp
from jlambda.runtimes.dotnet.language import LANGUAGE
from jlambda.runtimes.language import Sources, Tool
from jlambda.runtimes.languages import built, choose
from tests.conftest import need
from tests.runtimes.languages.bridged import Deployed

HELLO = "public class Hello { public string Handler(string name) => name; }"


@pytest.fixture
def dotnet() -> None:
    need(bool(LANGUAGE.tools()), ".NET")


def package_of(files: Mapping[str, str], handler: str | None = None) -> tuple[str, list[str]]:
    """The handler and the files of what is built."""
    sources = Sources({name: text.encode() for name, text in files.items()}, origin="Cell In[3]", handler=handler)
    made = built(choose("dotnet"), sources)
    with zipfile.ZipFile(io.BytesIO(made.package)) as archive:
        return made.note, sorted(archive.namelist())


@pytest.mark.parametrize(
    ("source", "handler"),
    [
        (HELLO, "F::Hello::Handler"),
        ("namespace A.B;\n" + HELLO, "F::A.B.Hello::Handler"),
        ("namespace A { namespace B { " + HELLO + " } }", "F::A.B.Hello::Handler"),
        ("namespace A { class X { } }\n" + HELLO, "F::Hello::Handler"),
        (
            "public record In(int A);\npublic class C { public async Task<List<In>> Run(In e, ILambdaContext c) { }"
            " public int Other() { } }",
            "F::C::Run",
        ),
        (
            "public class C { public C() { } private int F() { } public static int G(int a) { if (x) { } }"
            " public int P { get; set; } }",
            "F::C::G",
        ),
        (
            "// public class No { public int F() { } }\n"
            'public class C { string s = @"""public int X() {"; public int G() => 1; }',
            "F::C::G",
        ),
        ("public class C { public int FunctionHandler(int a) { } public int Other(int a) { } }", "F::C::FunctionHandler"),
        (
            "public class C { public int F(int a, int b, ILambdaContext c) { } public int G(Dictionary<string, int> a) { } }",
            "F::C::G",
        ),
    ],
)
def test_the_handler_is_found(source: str, handler: str) -> None:
    """The method with a context, with a usual name, or the only one that there is."""
    assert csharp.find_handler([source], "F") == handler


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "public class A { public int F() { } public int G() { } }",
            r"which one is the handler: F::A::F, F::A::G\? Choose with --handler",
        ),
        ("public abstract class A { public int F() { } }", "no handler: write a class with a public method"),
        ("", "no handler"),
    ],
)
def test_no_handler_is_found(source: str, message: str) -> None:
    """One line says what there is, or what to write."""
    with pytest.raises(CodeError, match=message):
        csharp.find_handler([source], "F")


@pytest.mark.measures
def test_a_cell_is_compiled_once(dotnet: None) -> None:
    """The second deployment of the same source takes no time."""
    first = package_of({"Function.cs": HELLO})
    started = time.perf_counter()
    assert package_of({"Function.cs": HELLO}) == first == ("Function::Hello::Handler", ["Function.dll"])
    assert time.perf_counter() - started < 0.05


def test_complaints_name_the_cells_lines(dotnet: None) -> None:
    """The first in whole, the others by their lines."""
    with pytest.raises(CodeError) as caught:
        package_of({"Function.cs": "public class A {\n  int F() { return x; }\n  B b;\n}"})
    first, _, rest = str(caught.value).partition("; ")
    assert first.startswith("Cell In[3], line ")
    assert ": CS" in first
    assert rest.startswith("1 more: line ")


def test_the_assembly_is_the_handler_s_and_folders_are_built_whole(dotnet: None, tmp_path: Path) -> None:
    """Several files, what is no source beside them; with a handler given, the assembly has its name."""
    files = {
        "a/Main.cs": "public class Main { public int Run(int e) => e + Two.X; }",
        "Two.cs": "class Two { public const int X = 2; }",
        "c.txt": "c",
    }
    assert package_of(files, "My.App::Main::Run") == ("My.App::Main::Run", ["My.App.dll", "c.txt"])
    assert Deployed(tmp_path, "dotnet", files, "My.App::Main::Run").answers(1) == [3]
    with pytest.raises(CodeError, match=r"^a/Main\.cs, line 1: CS"):
        package_of({**files, "a/Main.cs": "public class Main { public Missing F() => null; }"})
    assert LANGUAGE.is_source({"A.cs": b""})
    assert not LANGUAGE.is_source({"A.cs": b"", "A.dll": b""})


def test_a_publish_folder_runs(dotnet: None, tmp_path: Path) -> None:
    """What `dotnet publish` makes: the assembly, those it needs, its list of them and its frameworks."""
    tool = choose("dotnet").tool
    Deployed(tmp_path, "dotnet", {"F.cs": "public class F { public string Handler(string e) => e; }"}, "App::F::Handler")
    target = f".NETCoreApp,Version=v{tool.version.split('.')[0]}.0"
    task = tmp_path / "task"
    deps = {
        "runtimeTarget": {"name": target},
        "targets": {target: {"App/1.0.0": {"runtime": {"App.dll": {}}}}},
        "libraries": {"App/1.0.0": {"type": "project", "serviceable": False, "sha512": ""}},
    }
    (task / "App.deps.json").write_text(json.dumps(deps))
    framework = {"name": "Microsoft.NETCore.App", "version": tool.version}
    (task / "App.runtimeconfig.json").write_text(json.dumps({"runtimeOptions": {"framework": framework}}))
    (tmp_path / "moved").mkdir()
    function = Deployed(tmp_path / "moved", "dotnet", {"G.cs": HELLO}, "Other::Hello::Handler")
    for path in task.iterdir():
        path.rename(tmp_path / "moved" / "task" / path.name)
    assert function.answers("é", _HANDLER="App::F::Handler") == ["é"]


def test_packages_are_taken_out_of_the_source() -> None:
    """Lines stay where they are."""
    text, packages = csharp.packages('#r "nuget: Newtonsoft.Json, 13.0.3"\n  #r "nuget:Other"\nclass A { }')
    assert text == "\n\nclass A { }"
    assert packages == [("Newtonsoft.Json", "13.0.3"), ("Other", "")]


def sdk(root: Path) -> Tool:
    """An installation whose `dotnet` writes down what it is asked, and publishes a file."""
    for folder in ("sdk/9.0.100/Sdks/Microsoft.NET.Sdk", "sdk/9.0.100/Roslyn/bincore", "shared/Microsoft.NETCore.App/8.0.1"):
        (root / folder).mkdir(parents=True)
    (root / "sdk/9.0.100/Roslyn/bincore/csc.dll").touch()
    program = root / "dotnet"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {root}/asked\ncp *.csproj {root}/project.xml\n'
        f'[ "$2" = --nologo ] && mkdir out && echo made > out/App.dll\n'
        "grep -q broken Function.cs || exit 0\n"
        'echo "$PWD/Function.cs(2,1): error CS0001: It is broken [$PWD/App.csproj]"\nexit 1\n'
    )
    program.chmod(0o755)
    return Tool(str(program), "8.0.1", "dotnet8")


def test_a_cell_with_packages_is_published(tmp_path: Path) -> None:
    """A project for the runtime's version, with its packages and, unless they are AWS's, our interfaces."""
    tool, work = sdk(tmp_path / "sdk"), tmp_path / "work"
    work.mkdir()
    (work / "Function.cs").write_text("fine")
    wanted = [csharp.Package("Newtonsoft.Json", "13.0.3"), csharp.Package("Other", "")]
    (work / "App.csproj").write_text(publishing.project("App", tool.version, wanted, [Path("/shims/Amazon.Lambda.Core.dll")]))
    publishing.publish(tool, work, tmp_path / "package", lambda path, line: f"{path}, line {line}")
    assert (tmp_path / "package" / "App.dll").read_text() == "made\n"
    assert (tmp_path / "sdk" / "asked").read_text().startswith("publish --nologo -c Release -o ")
    project = ElementTree.parse(tmp_path / "sdk" / "project.xml").getroot()
    assert [(each.get("Include"), each.get("Version")) for each in project.iter("PackageReference")] == [
        ("Newtonsoft.Json", "13.0.3"),
        ("Other", "*"),
    ]
    assert [each.get("HintPath") for each in project.iter("Reference")] == ["/shims/Amazon.Lambda.Core.dll"]
    assert project.findtext("PropertyGroup/TargetFramework") == "net8.0"
    aws = publishing.project("App", "9.0.1", [csharp.Package("Amazon.Lambda.Core", "2.5.0")], [Path("/x.dll")])
    assert "HintPath" not in aws


def test_what_publish_complains_of_names_the_line(tmp_path: Path) -> None:
    """As for a cell that is compiled here."""
    tool, work = sdk(tmp_path / "sdk"), tmp_path / "work"
    work.mkdir()
    (work / "Function.cs").write_text("broken")
    (work / "App.csproj").write_text("")
    with pytest.raises(CodeError, match=r"^Function\.cs, line 2: CS0001: It is broken$"):
        publishing.publish(tool, work, tmp_path / "package", lambda path, line: f"{path}, line {line}")


def test_without_an_sdk_packages_are_refused(tmp_path: Path) -> None:
    """In one line that says what to install."""
    (tmp_path / "dotnet").touch()
    with pytest.raises(
        CodeError, match=r"^packages from NuGet \(A\): that needs the \.NET SDK, and .* is none: install one from"
    ):
        publishing.check(Tool(str(tmp_path / "dotnet"), "8.0.1", "dotnet8"), [csharp.Package("A", "")])


def test_versions_of_an_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One runtime for each major version, the newest; compiled against its reference assemblies, or else against itself."""
    tool = sdk(tmp_path / "root")
    root = Path(tool.path).parent
    for version in ("6.0.9", "6.0.36", "10.0.0"):
        (root / "shared" / "Microsoft.NETCore.App" / version).mkdir()
    (root / "shared" / "Microsoft.NETCore.App" / "6.0.36" / "System.Runtime.dll").touch()
    (root / "packs" / "Microsoft.NETCore.App.Ref" / "8.0.1" / "ref" / "net8.0").mkdir(parents=True)
    reference = root / "packs" / "Microsoft.NETCore.App.Ref" / "8.0.1" / "ref" / "net8.0" / "System.Linq.dll"
    reference.touch()
    monkeypatch.setenv("DOTNET_ROOT", str(root))
    found = [each for each in LANGUAGE.tools() if each.path == tool.path]
    assert [(each.version, each.runtime) for each in found] == [
        ("10.0.0", "dotnet10"),
        ("8.0.1", "dotnet8"),
        ("6.0.36", "dotnet6"),
    ]
    assert list(layout.references(root, "8.0.1")) == [reference]
    assert [path.name for path in layout.references(root, "6.0.36")] == ["System.Runtime.dll"]
    os.remove(root / "sdk/9.0.100/Roslyn/bincore/csc.dll")
    assert not [each for each in LANGUAGE.tools() if each.path == tool.path]
