"""Java: which JDKs there are, how sources become classes, and how the JVM of a function is started.

The client (`client/`, with source-compatible interfaces of AWS's library) is compiled once for each JDK, and the JVM keeps
its classes in an archive of their own: half of the difference between a start with and without them.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.model.runtime import JAVA_RUNTIMES
from jlambda.runtimes.java import source as java
from jlambda.runtimes.java.compiling import JAVAC, compiler, make_client, message
from jlambda.runtimes.language import Language, Sources, Tool, below, compile_with, numbers, on_path, said_version, write_files

_CLIENT = Path(__file__).parent / "client"
#: the oldest version that knows records, which the client binds
_OLDEST = 17
#: where JDKs lie that PATH does not name
_INSTALLED = ("/usr/lib/jvm", "/Library/Java/JavaVirtualMachines")
_SHIM = "com/amazonaws/services/lambda/runtime/Context.class"


class Java(Language):
    """Java, on a JDK."""

    name = "Java"
    runtimes = JAVA_RUNTIMES
    cell_file = "Function.java"
    default_handler = "Function::handleRequest"
    install = f"a JDK {_OLDEST} or later is needed (apt-get install openjdk-17-jdk-headless, brew install openjdk)"

    def programs(self) -> Sequence[str]:
        home = os.environ.get("JAVA_HOME", "")
        given = [os.path.realpath(Path(home, "bin", "javac"))] if home else []
        others = [*below(_INSTALLED, "*/bin/javac"), *below(_INSTALLED, "*/Contents/Home/bin/javac")]
        found = [*given, *on_path("javac"), *(os.path.realpath(path) for path in others)]
        compilers = [path for path in dict.fromkeys(found) if os.access(path, os.X_OK)]
        return [str(Path(path).with_name("java")) for path in compilers]

    def examine(self, program: str) -> Tool | None:
        version = _released(Path(program)) or said_version(str(Path(program).with_name("javac")), "-version")
        major = numbers(version)[:1]
        if not major or major[0] < _OLDEST:
            return None
        return Tool(program, ".".join(str(part) for part in numbers(version)), f"java{major[0]}")

    def command(self, tool: Tool, handler: str) -> list[str]:
        del handler
        return ["/bin/sh", "/var/runtime/bootstrap", tool.path, "/var/task", "/opt"]

    def file_of(self, source: str) -> str:
        return java.file_of(source)

    def is_source(self, files: Mapping[str, bytes]) -> bool:
        return any(name.endswith(".java") for name in files) and not any(name.endswith((".class", ".jar")) for name in files)

    def build(self, sources: Sources, tool: Tool, folder: Path) -> str:
        texts = {name: data.decode(errors="replace") for name, data in sources.files.items() if name.endswith(".java")}
        jars = list(_jars(sources.classpath))
        write_files(sources.files, folder)
        # a real library that the user has is preferred to ours, which then is not even looked for
        ours = [] if any(_has_shim(jar) for jar in jars) else ["-sourcepath", str(_CLIENT), "-implicit:none"]
        classpath = os.pathsep.join([*map(str, jars), *(path for path in sources.classpath if Path(path).is_dir())])
        processing = [] if jars else ["-proc:none"]
        command = [
            compiler(tool),
            *JAVAC,
            "-g",
            "-parameters",
            "-nowarn",
            *processing,
            *ours,
            "-cp",
            classpath or ".",
            "-d",
            ".",
        ]
        done = compile_with([*command, *texts], folder)
        if done.exit_code != 0:
            raise CodeError(message(done.output, sources))
        for name in texts:
            (folder / name).unlink()
        for jar in jars:
            write_files({f"lib/{jar.name}": jar.read_bytes()}, folder)
        for root in map(Path, sources.classpath):
            inside = (
                [path for path in sorted(root.rglob("*")) if path.is_file() and path.suffix != ".jar"] if root.is_dir() else []
            )
            write_files({path.relative_to(root).as_posix(): path.read_bytes() for path in inside}, folder)
        return sources.handler or java.find_handler(texts.values())

    def client(self, tool: Tool, folder: Path) -> None:
        write_files({"bootstrap": (_CLIENT / "bootstrap").read_bytes()}, folder)
        make_client(tool, _CLIENT, folder)

    def inputs(self) -> dict[str, bytes]:
        files = [path for path in sorted(_CLIENT.rglob("*")) if path.is_file()]
        return {path.relative_to(_CLIENT).as_posix(): path.read_bytes() for path in files}


def _released(java_program: Path) -> str:
    """The version of a JDK as its file ``release`` tells; empty if there is none."""
    try:
        about = (java_program.parent.parent / "release").read_text()
    except (OSError, UnicodeDecodeError):
        return ""
    found = re.search(r'^JAVA_VERSION="([^"]+)"', about, re.M)
    return found[1] if found else ""


def _jars(classpath: Sequence[str]) -> Iterator[Path]:
    """The jars that a class path names: itself, or all of a folder."""
    for entry in classpath:
        path = Path(entry.removesuffix("*")) if entry.endswith("/*") else Path(entry)
        if path.is_dir():
            yield from sorted(path.glob("*.jar"))
        elif path.is_file():
            yield path
        else:
            raise CodeError(f"{entry} of the class path is not there")


def _has_shim(jar: Path) -> bool:
    try:
        with zipfile.ZipFile(jar) as archive:
            return _SHIM in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        raise CodeError(f"{jar} of the class path is no jar") from None


LANGUAGE = Java()
