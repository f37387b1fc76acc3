"""Requirements of functions in Python: what was asked for, and pip, which puts it into a folder.

pip is the user's own, with the user's settings of it. What it says is read and never shown: a fault is one line. Knows
nothing of layers.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from jlambda import process
from jlambda.errors import CodeError, InvalidParameter
from jlambda.model.limits import UNZIPPED_BYTES
from jlambda.runtimes.builds import digest, file_state
from jlambda.runtimes.language import Tool
from jlambda.runtimes.merge import unpacked_bytes

#: seconds that pip may take
_LIMIT_S = 1_800.0
#: where Python looks in a layer: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
_FOLDER = "python"
_OPTIONS = (
    *("install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--no-compile", "--no-warn-conflicts"),
    *("--retries", "1", "--timeout", "15", "--target"),
)
#: variables that pip and what it starts may need; of pip's own those are left out that say where to install
_VARIABLES = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TMPDIR|TZ|XDG_\w+|NETRC|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|\w+_PROXY"
    r"|PIP_(?!USER$|TARGET$|PREFIX$|ROOT$|PYTHON$|REQUIRE_VIRTUALENV$|DRY_RUN$|QUIET$|VERBOSE$|LOG$)\w+",
    re.IGNORECASE,
)
#: requirements in one text begin where a word does that may be a name or a path
_BETWEEN = re.compile(r"\s+(?=[A-Za-z./~])")
_UNREACHABLE = re.compile(
    r"Failed to establish a new connection|NameResolutionError|Temporary failure in name resolution|ConnectTimeout"
    r"|Read timed out|ProxyError|Network is unreachable|Max retries exceeded"
)
_FROM_VERSIONS = re.compile(r"requirement (?P<wanted>.+?) \(from versions: (?P<versions>.*)\)")
#: a line of a file of requirements that names another such file, or a package on this disk
_NAMED = re.compile(r"\s*(?:(-r|-c|--requirement|--constraint)[ =]\s*|(?:-e|--editable)[ =]\s*)?(\S+).*")
_VERSIONS_SHOWN = 5


class Requirements(NamedTuple):
    """What is to be installed: requirements as pip takes them, and files of requirements."""

    lines: tuple[str, ...]
    files: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines or self.files)

    def key(self, tool: Tool) -> str:
        """Equal for what was asked for equally and for the same Python: files, and packages on this disk, by what they hold."""
        on_disk = [file_state(line) for line in self.lines if Path(line).is_absolute()]
        said = [part for path in self.files for part in _said(path, set())]
        return digest([tool.runtime, sys.platform, *sorted(self.lines), "files", *said, "disk", *on_disk])


def _said(path: Path, seen: set[Path]) -> Iterator[str]:
    """What a file of requirements holds, and the files and folders that it names. Raises `InvalidParameter`."""
    if path in seen:
        return
    seen.add(path)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidParameter(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    yield text
    for line in text.splitlines():
        found = _NAMED.fullmatch(line)
        if found is None or found[2].startswith(("#", "-")):
            continue
        other = path.parent / found[2]
        if found[1] and other.is_file():
            yield from _said(other.resolve(), seen)
        elif ("/" in found[2] or found[2] == ".") and other.exists():
            yield file_state(str(other))


def parsed(given: str | Path | Iterable[str | Path]) -> Requirements:
    """Requirements (``"requests==2.*"``, several in one text too), and paths of requirements.txt, of wheels and folders.

    Raises `InvalidParameter`.
    """
    lines, files = list[str](), list[Path]()
    for each in (given,) if isinstance(given, str | Path) else tuple(given):
        if not isinstance(each, str | Path):
            raise InvalidParameter(f"requirement {each!r}: use text such as 'requests==2.*', or the path of a requirements.txt")
        for word in _words(each):
            path = Path(word).expanduser()
            if path.suffix == ".txt":
                if not path.is_file():
                    raise InvalidParameter(f"{word}: there is no such file of requirements")
                files.append(path.resolve())
            elif word.startswith("-"):
                raise InvalidParameter(f"requirement {word!r}: options of pip go into a requirements.txt, or PIP_… variables")
            else:
                is_path = ("/" in word or path.suffix == ".whl") and path.exists()
                lines.append(str(path.resolve()) if is_path else word)
    return Requirements(tuple(dict.fromkeys(lines)), tuple(dict.fromkeys(files)))


def _words(given: str | Path) -> list[str]:
    if isinstance(given, Path):
        return [str(given)]
    text = given.strip()
    if not text:
        return []
    return [text] if ";" in text or "@" in text or Path(text).exists() else _BETWEEN.split(text)


def install(wanted: Requirements, tool: Tool, folder: Path, heard: Callable[[str], None]) -> list[str]:
    """Install into a layer's `folder`, for the Python `tool`; returns what is in it now, ``"requests 2.32.3"``.

    `heard` is called with each line of pip's, and with "" every now and then. Raises `CodeError`.
    """
    words = [*_OPTIONS, str(folder / _FOLDER), *wanted.lines]
    for path in wanted.files:
        words += ["-r", str(path)]
    done = None
    for command in _pips(tool):
        done = process.run(
            [*command, *words],
            timeout_s=_LIMIT_S,
            cwd=wanted.files[0].parent if wanted.files else None,
            variables={key: value for key, value in os.environ.items() if _VARIABLES.fullmatch(key)},
            heard=heard,
        )
        if "No module named pip" not in done.output:
            break
    else:
        raise CodeError(f"pip is not installed for {sys.executable}: python -m ensurepip, or uv pip install pip, brings it")
    if done.exit_code is None:
        raise CodeError(f"pip did not end within {_LIMIT_S / 60:.0f} minutes")
    if done.exit_code != 0:
        raise CodeError(complaint(done.output, tool))
    _compile(tool, folder, heard)
    return sorted(_installed(folder / _FOLDER))


def _compile(tool: Tool, folder: Path, heard: Callable[[str], None]) -> None:
    """Put compiled modules beside their sources, as pip does, unless the layer grows too large of it.

    Without dates, which would not outlive the way to an environment: no cold start is to compile anything. Modules that
    cannot be compiled stay as they are.
    """
    compiling = ["-I", "-m", "compileall", "-q", "-d", "/opt", "--invalidation-mode", "unchecked-hash"]
    process.run([tool.path, *compiling, str(folder)], timeout_s=_LIMIT_S, heard=heard)
    if unpacked_bytes([folder]) > UNZIPPED_BYTES:
        for compiled in list(folder.rglob("__pycache__")):
            shutil.rmtree(compiled)


def _pips(tool: Tool) -> Iterator[list[str]]:
    """Ways to call pip for a Python: its own, or the notebook's, which can install for another."""
    yield [tool.path, "-m", "pip"]
    if tool.path != sys.executable:
        yield [sys.executable, "-m", "pip", "--python", tool.path]


def complaint(output: str, tool: Tool) -> str:
    """What pip wrote before it failed, in one line."""
    errors = [line.partition("ERROR: ")[2].strip() for line in output.splitlines() if line.startswith("ERROR: ")]
    found = next((match for line in errors if (match := _FROM_VERSIONS.search(line))), None)
    if (found is None or found["versions"] == "none") and _UNREACHABLE.search(output):
        return (
            "pip cannot reach the package index: is there a network? Without one, wheels in a folder do: "
            "PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER"
        )
    if found is not None:
        versions = found["versions"].split(", ")
        there_are = "check its name" if versions == ["none"] else f"there are {_shortened(versions)}"
        return f"pip finds no {found['wanted']} for Python {tool.version}: {there_are}"
    told = errors[0] if errors else (output.strip().splitlines() or ["it said nothing"])[-1].strip()
    return f"pip: {told.removeprefix('error: ')}"


def _shortened(versions: list[str]) -> str:
    return ("… " if len(versions) > _VERSIONS_SHOWN else "") + ", ".join(versions[-_VERSIONS_SHOWN:])


def _installed(folder: Path) -> Iterator[str]:
    """Names and versions of the distributions in a folder, as their own folders are called."""
    for about in folder.glob("*.dist-info"):
        name, _, version = about.name.removesuffix(".dist-info").partition("-")
        yield f"{name.replace('_', '-').lower()} {version}"
