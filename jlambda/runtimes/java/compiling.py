"""The Java compiler: how it is called, what its complaints are in one line, and the client made with it.

The client is a jar and an archive of its classes as the JVM has them in memory, from which they are there at once.
"""

from __future__ import annotations

import calendar
import os
import re
import tempfile
import zipfile
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.runtimes.language import Sources, Tool, compile_with

#: a compiler that runs for a second does best so; inline, because the other way costs each cold start 20 ms
JAVAC = ("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-encoding", "UTF-8", "-XDstringConcat=inline")
_JAR_DATE = (1980, 1, 1, 0, 0, 0)
_REHEARSAL = "jlambda.Rehearsal"
_QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_ERROR = re.compile(
    r"^(?P<path>[^\s:][^:\n]*\.java):(?P<line>\d+): error: (?P<what>[^\n]*)(?P<more>(?:\n(?![^\s:]+\.java:\d+:).*)*)", re.M
)
_DETAIL = re.compile(r"^\s+(symbol|required|found|reason|location):\s+(.*)$", re.M)


def compiler(tool: Tool) -> str:
    """The compiler that belongs to a tool's JVM."""
    return str(Path(tool.path).with_name("javac"))


def make_client(tool: Tool, sources: Path, folder: Path) -> None:
    """Compile `sources` into ``client.jar`` in `folder`, with ``client.jsa`` beside it."""
    with tempfile.TemporaryDirectory(prefix="jlambda-java-") as name:
        # Where the classes lie is part of the archive, as it was said: so seen from a folder beside it, as functions run.
        task, runtime, classes = (Path(name, part) for part in ("task", "runtime", "classes"))
        for each in (task, runtime, classes):
            each.mkdir()
        files = [str(path) for path in sorted(sources.rglob("*.java"))]
        done = compile_with([compiler(tool), *JAVAC, "-nowarn", "-proc:none", "-d", str(classes), *files], task)
        if done.exit_code != 0:
            raise CodeError(done.output.strip())
        jar = runtime / "client.jar"
        with zipfile.ZipFile(jar, "w") as made:
            for path in sorted(classes.rglob("*.class")):
                made.writestr(zipfile.ZipInfo(path.relative_to(classes).as_posix(), _JAR_DATE), path.read_bytes())
        # The JVM refuses the archive if the jar is not as old as it was then: as old as a package's files are, unpacked.
        written = calendar.timegm((*_JAR_DATE, 0, 0, 0))
        os.utime(jar, (written, written))
        # without the archive everything works, later
        archive = "-XX:ArchiveClassesAtExit=../runtime/client.jsa"
        compile_with([tool.path, *_QUICK, archive, "-cp", "../runtime/client.jar", _REHEARSAL], task)
        for path in runtime.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())


def message(output: str, sources: Sources) -> str:
    """The compiler's first complaint in one line, with the lines of the others."""
    found = list(_ERROR.finditer(output))
    if not found:
        return next((line for line in output.splitlines() if line.strip()), "javac failed and said nothing")
    first, *others = found
    details = [f"{kind} {' '.join(text.split())}" for kind, text in _DETAIL.findall(first["more"]) if kind != "location"]
    about = f" ({', '.join(details)})" if details else ""
    rest = f"; {len(others)} more: line {', '.join(dict.fromkeys(each['line'] for each in others))}" if others else ""
    return f"{sources.place(first['path'], first['line'])}: {first['what']}{about}{rest}"
