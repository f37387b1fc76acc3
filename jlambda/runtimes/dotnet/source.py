"""What can be read off C# source without a compiler: its packages, and which method is the handler.

Comments and literals are blanked first; what is left is taken apart by its braces. Starts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from jlambda.errors import CodeError
from jlambda.runtimes.braces import blanked, block_end, parameters, without_blocks

_NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|\$*"{3,}.*?"{3,}|\$?@\$?"(?:""|[^"])*"|\$?"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL
)
_PACKAGE = re.compile(
    r'^[ \t]*#r[ \t]+"nuget:[ \t]*(?P<name>[\w.-]+)(?:[ \t]*,[ \t]*(?P<version>[^"\s]+))?[ \t]*"[ \t]*$', re.M
)
_NAMESPACE = re.compile(r"\bnamespace\s+([\w.]+)\s*([;{])")
_TYPE = re.compile(
    r"((?:\b(?:public|internal|sealed|static|partial|abstract|readonly|unsafe)\s+)*)\b(class|struct|record(?:\s+(?:class|struct))?)\s+(\w+)([^{;]*)\{"
)
_METHOD = re.compile(
    r"\bpublic\s+((?:(?:static|async|virtual|override|unsafe)\s+)*)([\w.<>\[\],?\s]+?)\s+(\w+)\s*\(([^()]*)\)[^{;=]*(?:\{|=>)"
)
#: the names in AWS's own templates and examples
_USUAL = ("FunctionHandler", "FunctionHandlerAsync", "Handler", "HandlerAsync", "Handle", "HandleAsync")


class Package(NamedTuple):
    """A package of NuGet that a cell asks for; `version` is empty for the newest."""

    name: str
    version: str


class Candidate(NamedTuple):
    """A method that could be the handler."""

    type_name: str
    method: str
    has_context: bool


def packages(source: str) -> tuple[str, list[Package]]:
    """The source without its ``#r "nuget: NAME, VERSION"`` lines, which stay as empty lines, and what they ask for."""
    found = [Package(each["name"], each["version"] or "") for each in _PACKAGE.finditer(source)]
    return _PACKAGE.sub("", source), found


def find_handler(sources: Iterable[str], assembly: str) -> str:
    """The handler string of these files. Raises `CodeError` in one line where there is none, or more than one.

    The only public method that takes an ILambdaContext, else the only one with a usual name, else the only one that can
    be called with an event.
    """
    found = [candidate for source in sources for candidate in candidates(source)]
    for chosen in (
        [each for each in found if each.has_context],
        [each for each in found if each.method in _USUAL],
        found,
    ):
        names = list(dict.fromkeys(f"{assembly}::{each.type_name}::{each.method}" for each in chosen))
        if len(names) == 1:
            return names[0]
        if names:
            raise CodeError(f"which one is the handler: {', '.join(names)}? Choose with --handler")
    raise CodeError(
        "no handler: write a class with a public method, as in `public string Handler(Event e, ILambdaContext context)`"
    )


def candidates(source: str) -> Iterator[Candidate]:
    """The public methods of the source's classes that can be called with an event and a context, in its order."""
    text = blanked(source, _NOISE)
    at = 0
    while found := _TYPE.search(text, at):
        at = block_end(text, found.end())
        modifiers, _, name, _ = found.groups()
        if "abstract" in modifiers:
            continue
        namespace = ".".join(_namespaces(text, found.start()))
        for method in _METHOD.finditer(without_blocks(text[found.end() : at])):
            taken = parameters(method[4])
            has_context = any("ILambdaContext" in each for each in taken)
            if method[3] != name and (len(taken) < 2 or (len(taken) == 2 and has_context)):
                yield Candidate(f"{namespace}.{name}".lstrip("."), method[3], has_context)


def _namespaces(text: str, place: int) -> Iterator[str]:
    for found in _NAMESPACE.finditer(text, 0, place):
        if found[2] == ";" or block_end(text, found.end()) > place:
            yield found[1]
