"""Java: which JDKs there are, how sources become classes, and how the JVM of a function is started.

The client (`client/`, with source-compatible interfaces of AWS's library) is compiled once for each JDK, and the JVM keeps
its classes in an archive of their own: half of the difference between a start with and without them.
"""

from __future__ import annotations

import calendar
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.model.runtime import JAVA_RUNTIMES
from jlambda.runtimes.java import source as java
from jlambda.runtimes.language import Language, Sources, Tool, compile_with, numbers, on_path, said_version, write_files

_CLIENT = Path(__file__).parent / "client"
#: the oldest version that knows records, which the client binds
_OLDEST = 17
#: a compiler that runs for a second does best so; inline, because the other way costs each cold start 20 ms
_JAVAC = ("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-encoding", "UTF-8", "-XDstringConcat=inline")
#: where JDKs lie that PATH does not name
_INSTALLED = ("/usr/lib/jvm", "/Library/Java/JavaVirtualMachines")
_JAR_DATE = (1980, 1, 1, 0, 0, 0)
_REHEARSAL = "jlambda.Rehearsal"
_ERROR = re.compile(
    r"^(?P<path>[^\s:][^:\n]*\.java):(?P<line>\d+): error: (?P<what>[^\n]*)(?P<more>(?:\n(?![^\s:]+\.java:\d+:).*)*)", re.M
)
_DETAIL = re.compile(r"^\s+(symbol|required|found|reason|location):\s+(.*)$", re.M)
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
        others = [path for root in _INSTALLED for path in sorted(Path(root).glob("*/bin/javac"))]
        others += [path for root in _INSTALLED for path in sorted(Path(root).glob("*/Contents/Home/bin/javac"))]
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
            _compiler(tool),
            *_JAVAC,
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
            raise CodeError(_message(done.output, sources))
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
        classes = folder / "classes"
        files = [str(path) for path in sorted(_CLIENT.rglob("*.java"))]
        done = compile_with([_compiler(tool), *_JAVAC, "-nowarn", "-proc:none", "-d", str(classes), *files], folder)
        if done.exit_code != 0:
            raise CodeError(done.output.strip())
        jar = folder / "client.jar"
        with zipfile.ZipFile(jar, "w") as archive:
            for path in sorted(classes.rglob("*.class")):
                archive.writestr(zipfile.ZipInfo(path.relative_to(classes).as_posix(), _JAR_DATE), path.read_bytes())
                path.unlink()
        for path in sorted((path for path in (classes, *classes.rglob("*"))), reverse=True):
            path.rmdir()
        # The JVM takes classes from its archive only if the jar is as old as it was then. A package that is unpacked has
        # files of this age.
        written = calendar.timegm((*_JAR_DATE, 0, 0, 0))
        os.utime(jar, (written, written))
        quick = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
        # without the archive everything works, later
        compile_with([tool.path, *quick, "-XX:ArchiveClassesAtExit=client.jsa", "-cp", "client.jar", _REHEARSAL], folder)

    def inputs(self) -> dict[str, bytes]:
        files = [path for path in sorted(_CLIENT.rglob("*")) if path.is_file()]
        return {path.relative_to(_CLIENT).as_posix(): path.read_bytes() for path in files}


def _compiler(tool: Tool) -> str:
    return str(Path(tool.path).with_name("javac"))


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


def _message(output: str, sources: Sources) -> str:
    """The compiler's first complaint in one line, with the lines of the others."""
    found = list(_ERROR.finditer(output))
    if not found:
        return next((line for line in output.splitlines() if line.strip()), "javac failed and said nothing")
    first, *others = found
    details = [f"{kind} {' '.join(text.split())}" for kind, text in _DETAIL.findall(first["more"]) if kind != "location"]
    about = f" ({', '.join(details)})" if details else ""
    rest = f"; {len(others)} more: line {', '.join(dict.fromkeys(each['line'] for each in others))}" if others else ""
    return f"{sources.place(first['path'], first['line'])}: {first['what']}{about}{rest}"


LANGUAGE = Java()
