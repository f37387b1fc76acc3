"""What can be read off Java source without a compiler: its package, its classes, and which of their methods is the handler.

Comments and literals are blanked first; what is left is taken apart by its braces. Starts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from jlambda.errors import CodeError
from jlambda.runtimes.braces import blanked, block_end, parameters, without_blocks

_NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"""(?:\\.|.)*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
_PACKAGE = re.compile(r"\bpackage\s+([\w.\s]+?)\s*;")
_TYPE = re.compile(
    r"((?:@\w[\w.]*\s*|\b(?:public|final|abstract|sealed|strictfp|static)\b\s*)*)\b(class|record|enum|interface)\s+(\w+)([^{;]*)\{"
)
_METHOD = re.compile(
    r"\bpublic\s+((?:(?:static|final|synchronized)\s+)*)([\w.<>\[\],?&\s]*?)\b(\w+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)[^{;]*\{"
)
_INTERFACE = re.compile(r"\b(?:RequestHandler|RequestStreamHandler)\b")
_MAX_PARAMETERS = 3


class JavaClass(NamedTuple):
    """A top-level class: its public methods, and whether it says that it implements one of Lambda's interfaces."""

    name: str
    is_public: bool
    is_handler: bool
    methods: tuple[str, ...]


def package(source: str) -> str:
    """The package that a file declares, empty for none."""
    found = _PACKAGE.search(blanked(source, _NOISE))
    return re.sub(r"\s", "", found[1]) if found else ""


def classes(source: str) -> Iterator[JavaClass]:
    """The top-level classes and records of a file, in its order."""
    text = blanked(source, _NOISE)
    at = 0
    while found := _TYPE.search(text, at):
        at = block_end(text, found.end())
        modifiers, kind, name, rest = found.groups()
        if kind in ("class", "record") and "abstract" not in modifiers:
            body = text[found.end() : at]
            implements = rest.partition("implements")[2]
            yield JavaClass(name, "public" in modifiers, bool(_INTERFACE.search(implements)), tuple(_methods(body, name)))


def file_of(source: str) -> str:
    """The file that Java wants a text to be in: that of its package and its public class, else of its first."""
    found = list(classes(source))
    chosen = next((each for each in found if each.is_public), found[0] if found else None)
    name = chosen.name if chosen else _first_type(source) or "Function"
    return "/".join([*filter(None, package(source).split(".")), f"{name}.java"])


def find_handler(sources: Iterable[str]) -> str:
    """The handler string of these files. Raises `CodeError` in one line where there is none, or more than one.

    A class that implements RequestHandler or RequestStreamHandler, else one with a public method ``handleRequest``,
    else the only public method of all public classes.
    """
    found = [(f"{package(source)}.{each.name}".lstrip("."), each) for source in sources for each in classes(source)]
    for candidates in (
        [f"{name}::handleRequest" for name, each in found if each.is_handler],
        [f"{name}::handleRequest" for name, each in found if "handleRequest" in each.methods],
        [f"{name}::{method}" for name, each in found for method in each.methods if method in ("handle", "handler")],
        [f"{name}::{method}" for name, each in found if each.is_public for method in each.methods],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise CodeError(f"which one is the handler: {', '.join(candidates)}? Choose with --handler")
    names = ", ".join(name for name, _ in found)
    there = f"there is only {names}" if names else "there is no class at all"
    raise CodeError(f"no handler: write a public class with a public method handleRequest ({there})")


def _methods(body: str, class_name: str) -> Iterator[str]:
    """The public methods of a class body that can be called with an event and a context, each name once."""
    outer = without_blocks(body)
    names = dict.fromkeys(
        found[3]
        for found in _METHOD.finditer(outer)
        if found[3] != class_name and found[2].strip() and len(parameters(found[4])) <= _MAX_PARAMETERS
    )
    yield from (name for name in names if name != "main")


def _first_type(source: str) -> str | None:
    found = _TYPE.search(blanked(source, _NOISE))
    return found[3] if found else None
