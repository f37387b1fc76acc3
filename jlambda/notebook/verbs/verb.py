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


def _without_variables(examples: str, program: str) -> str:
    """The examples that mean something in a terminal, written as they are there."""
    lines = [line for line in examples.splitlines() if line.lstrip().startswith("%lambda") and " -o " not in line]
    return "\n".join(line.replace("%lambda", program) for line in lines)


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

    def _examples(self) -> str:
        """What is written most, of a verb that says nothing of it."""
        forms = {"": [""], "one": [" hello"], "any": ["", " hello"]}[self.function]
        return "\n".join(f"  %lambda {self.name}{form}" for form in forms)

    def parser(self, program: str = "%lambda") -> Parser:
        """The parser of the words after the verb; another `program` is in a terminal, and can keep nothing in a variable."""
        is_magic = program == "%lambda"
        examples = self.examples or self._examples()
        examples = examples if is_magic else _without_variables(examples, program)
        parser = Parser(f"{program} {self.name}", self.description, examples)
        if self.function == "one":
            parser.add_argument("function", metavar="NAME")
        elif self.function == "any":
            parser.add_argument("function", metavar="NAME", nargs="?", default="")
        if self.keeps and is_magic:
            text = "keep the answer in VAR, do not show it"
            parser.add_argument("-o", "--output", metavar="VAR", type=python_variable, help=text)
        if self.add is not None:
            self.add(parser)
        return parser
