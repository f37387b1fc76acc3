"""What a verb of `%lambda` is, and what it may ask of the notebook."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal

from jlambda.errors import ResourceNotFound
from jlambda.handle import Function
from jlambda.model.spelling import nearest
from jlambda.notebook.arguments import Parser, python_variable
from jlambda.session import Session


class Desk:
    """Where a verb works: the notebook's names, and the session, which is asked for when it is first needed."""

    def __init__(self, session: Callable[[], Session], names: MutableMapping[str, Any]) -> None:
        self._session, self.names = session, names

    @property
    def session(self) -> Session:
        """The session of the notebook."""
        return self._session()

    def function(self, name: str) -> Function:
        """A function by name, NAME:QUALIFIER or ARN. Raises `ResourceNotFound`, with the nearest name that there is."""
        if not name.startswith("arn:"):
            self.known(name.partition(":")[0])
        return self.session.get(name)

    def known(self, name: str) -> str | None:
        """`name` if there is such a function, None for all of them."""
        if not name:
            return None
        deployed = [function.name for function in self.session.functions()]
        if name not in deployed:
            there_are = f"there are {', '.join(deployed)}" if deployed else "none is deployed yet"
            raise ResourceNotFound(f"there is no function {name!r}{nearest(name, deployed)} ({there_are})")
        return name


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: `act` gets the desk and, by name, what the parser found.

    `function` is "one" where a name is needed, "any" where none means all; `add` adds further options to the parser;
    `keeps` is whether `-o VAR` can keep the answer.
    """

    name: str
    description: str
    act: Callable[..., object]
    function: Literal["", "one", "any"] = ""
    examples: str = ""
    add: Callable[[Parser], None] | None = None
    keeps: bool = True

    def parser(self) -> Parser:
        """The parser of the words after the verb."""
        parser = Parser(f"%lambda {self.name}", self.description, self.examples)
        if self.function == "one":
            parser.add_argument("function", metavar="NAME")
        elif self.function == "any":
            parser.add_argument("function", metavar="NAME", nargs="?", default="")
        if self.keeps:
            text = "keep the answer in VAR, do not show it"
            parser.add_argument("-o", "--output", metavar="VAR", type=python_variable, help=text)
        if self.add is not None:
            self.add(parser)
        return parser
