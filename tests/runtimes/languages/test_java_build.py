"""Java sources become classes; errors name the cell's lines; libraries come along."""

from __future__ import annotations

import io
import subprocess
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from jlambda.errors import CodeError
from jlambda.runtimes.java import source as java
from jlambda.runtimes.language import Sources, on_path
from jlambda.runtimes.languages import built, choose, language_of
from tests.conftest import need
from tests.runtimes.languages.bridged import Deployed

HELLO = "public class Hello { public String handleRequest(String name) { return name; } }"


@pytest.fixture(autouse=True)
def jdk() -> None:
    need(bool(on_path("javac")), "a JDK")


def package_of(files: Mapping[str, str], **about: object) -> tuple[str, list[str]]:
    """The handler and the files of what is built."""
    sources = Sources({name: text.encode() for name, text in files.items()}, origin="Cell In[3]", **about)  # type: ignore[arg-type] # by name
    made = built(choose("java"), sources)
    with zipfile.ZipFile(io.BytesIO(made.package)) as archive:
        return made.note, sorted(archive.namelist())


def complaint(text: str) -> str:
    """What is said of a cell that does not compile."""
    with pytest.raises(CodeError) as caught:
        package_of({java.file_of(text): text})
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "file"),
    [
        (HELLO, "Hello.java"),
        ("package a.b;\n" + HELLO, "a/b/Hello.java"),
        ("class Other {}\npublic record Main(int x) {}", "Main.java"),
        ("class Only {}", "Only.java"),
        ('// public class No {}\n/* class Neither { */ class Yes { String s = "class Not {"; }', "Yes.java"),
        ("interface Some { }", "Some.java"),
        ("int x;", "Function.java"),
    ],
)
def test_the_public_class_names_the_file(source: str, file: str) -> None:
    """With its package; comments and literals do not count."""
    assert language_of("java").file_of(source) == file


@pytest.mark.parametrize(
    ("source", "handler"),
    [
        (HELLO, "Hello::handleRequest"),
        ("package a.b;\n" + HELLO, "a.b.Hello::handleRequest"),
        ("class Event { public int getX() { return 1; } }\n" + HELLO, "Hello::handleRequest"),
        (
            "public class A implements RequestHandler<Map<String, Object>, String> { public String x(int a) { } }",
            "A::handleRequest",
        ),
        (
            "public class A { public A() { } public static void main(String[] a) { }"
            " public Map<String, List<A>> work(A a) throws E { } }",
            "A::work",
        ),
        (
            "public class A { private int f() { } static class B { public int g() { } }"
            " public int h(int a, Context c) { if (x) { } } }",
            "A::h",
        ),
        ("public class A { public int handler(int a) { } public int other(int a) { } }", "A::handler"),
        ("public class A { public int f(@Ann(x = 1) int a) { } }", "A::f"),
    ],
)
def test_the_handler_is_found(source: str, handler: str) -> None:
    """An interface of Lambda's, a method handleRequest, or the only one that there is."""
    assert java.find_handler([source]) == handler


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "public class A { public int f() { } public int g() { } }",
            r"which one is the handler: A::f, A::g\? Choose with --handler",
        ),
        ("class A { int f() { } }", r"no handler: write a public class with a public method handleRequest \(there is only A\)"),
        ("", r"no handler: .* \(there is no class at all\)"),
        ("public class A { public int f(int a, int b, int c, int d) { } }", "no handler"),
    ],
)
def test_no_handler_is_found(source: str, message: str) -> None:
    """One line says what there is."""
    with pytest.raises(CodeError, match=message):
        java.find_handler([source])


@pytest.mark.measures
def test_a_cell_is_compiled_once() -> None:
    """The second deployment of the same source takes no time."""
    first = package_of({"Hello.java": HELLO})
    started = time.perf_counter()
    assert package_of({"Hello.java": HELLO}) == first == ("Hello::handleRequest", ["Hello.class"])
    assert time.perf_counter() - started < 0.05


def test_complaints_name_the_cells_lines() -> None:
    """The first in whole, the others by their lines."""
    assert (
        complaint("public class A {\n  int f() { return x; }\n}")
        == "Cell In[3], line 2: cannot find symbol (symbol variable x)"
    )
    two = complaint('public class A {\n  int f() { return "s"; }\n  B b;\n}')
    assert two.endswith(("1 more: line 2", "1 more: line 3"))
    assert two.startswith("Cell In[3], line ")
    assert complaint("public class A {\n") == "Cell In[3], line 1: reached end of file while parsing"


def test_several_files_and_resources() -> None:
    """A folder is compiled as a whole, and what is no source goes along; messages name its files."""
    files = {"a/Main.java": "package a; public class Main { public int handleRequest() { return Two.x; } }"}
    files |= {"a/Two.java": "package a; class Two { static int x = 2; }", "config.txt": "c"}
    assert package_of(files) == ("a.Main::handleRequest", ["a/Main.class", "a/Two.class", "config.txt"])
    with pytest.raises(CodeError, match=r"^a/Two\.java, line 1: cannot find symbol"):
        package_of({**files, "a/Two.java": "package a; class Two { static Missing x; }"})
    assert language_of("java").is_source({"A.java": b""})
    assert not language_of("java").is_source({"A.class": b"", "src/A.java": b""})


def jar(folder: Path, files: Mapping[str, str]) -> Path:
    """A library of these sources."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    classes = folder / "classes"
    subprocess.run(["javac", "-d", str(classes), *(str(folder / name) for name in files)], check=True)
    made = folder / "library.jar"
    with zipfile.ZipFile(made, "w") as archive:
        for path in classes.rglob("*.class"):
            archive.write(path, path.relative_to(classes).as_posix())
    return made


def test_libraries_come_along(tmp_path: Path) -> None:
    """A jar of the class path is compiled with, packed below lib, and found at run time; so is one in a layer."""
    library = jar(
        tmp_path / "library", {"dep/Dep.java": "package dep; public class Dep { public static int x() { return 7; } }"}
    )
    text = "public class Main { public int handleRequest() { return dep.Dep.x(); } }"
    assert package_of({"Main.java": text}, classpath=(str(library),))[1] == ["Main.class", "lib/library.jar"]
    assert package_of({"Main.java": text}, classpath=(f"{library.parent}/*",))[1] == ["Main.class", "lib/library.jar"]
    found = 'Class.forName("dep.Dep").getMethod("x").invoke(null)'
    late = f"public class Main {{ public Object handleRequest() throws Exception {{ return {found}; }} }}"
    (tmp_path / "late").mkdir()
    function = Deployed(tmp_path / "late", "java", {"Main.java": late})
    (missing,) = function.answers({})
    assert missing["errorType"] == "java.lang.ClassNotFoundException"
    layer = tmp_path / "late" / "opt" / "java" / "lib"
    layer.mkdir(parents=True)
    library.rename(layer / "library.jar")
    assert function.answers({}) == [7]


def test_a_real_library_goes_before_ours(tmp_path: Path) -> None:
    """Where the user has AWS's interfaces, cells are compiled against those."""
    text = "package com.amazonaws.services.lambda.runtime; public interface Context { int theirs(); }"
    library = jar(tmp_path, {"Context.java": text})
    cell = "import com.amazonaws.services.lambda.runtime.*;\n"
    cell += "public class A { public int handleRequest(Context c) { return c.theirs(); } }"
    assert package_of({"A.java": cell}, classpath=(str(library),))[0] == "A::handleRequest"
    assert "cannot find symbol (symbol method theirs())" in complaint(cell)


def test_a_class_path_that_is_not_there() -> None:
    """Is missed in one line."""
    with pytest.raises(CodeError, match=r"^/nowhere/x\.jar of the class path is not there$"):
        package_of({"Hello.java": HELLO}, classpath=("/nowhere/x.jar",))
