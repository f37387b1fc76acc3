"""Words on a line become checked options: one parser for the magics and for the command line.

Every mistake is one line: what is wrong, what is allowed, and the nearest word that exists. The parser knows nothing
of the notebook: what an event or a `--use` name stands for is found in `jlambda.notebook.namespace`.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from jlambda.errors import InvalidParameter
from jlambda.model import limits
from jlambda.model.spelling import nearest

_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""", re.DOTALL)
_BEFORE_JSON = re.compile(r"(?:--?[\w-]+=)?(?=[{\[])")
_OPTION = re.compile(r"--?[A-Za-z][\w-]*")
_TRIGGER = re.compile(
    r"(?:--trigger=)?(?:(?:rate|cron|at)\([^()'\"]*\)|(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY)[ ]+/|[a-z]\w*:)", re.ASCII
)


class HelpAsked(Exception):  # it is not an error
    """``--help`` was among the words: the text to show, and nothing else to do."""


def words(line: str) -> list[str]:
    """Take a line apart as a shell does, except that JSON and triggers (``rate(5 minutes)``) need no quotes around them.

    A ``#`` that begins a word starts a comment; a ``;`` at the end (silence, in a notebook) is dropped.
    """
    return [word for piece, is_bare in _pieces(line) for word in ([piece] if is_bare else shlex.split(piece))]


def pieces(line: str) -> list[str]:
    """The words of a line as they are written, quotes and backslashes included."""
    return [piece for piece, _ in _pieces(line)]


def _pieces(line: str) -> Iterator[tuple[str, bool]]:
    """The words as they are written, and whether each is to be taken as it is."""
    rest = line.strip().removesuffix(";").rstrip()
    while rest and not rest.startswith("#"):
        end = _end_of_trigger(rest) if _TRIGGER.match(rest) else _end_of_json(rest)
        is_bare = end is not None
        if end is None and (match := _WORD.match(rest)):
            end = match.end()
        if end is None or (end < len(rest) and not rest[end].isspace()):
            raise InvalidParameter(f"a quote or a backslash in {rest!r} has no end: close it")
        yield rest[:end], is_bare
        rest = rest[end:].lstrip()


def spelled(option: str, value: object) -> list[str]:
    """An option and its value as they are written on a line."""
    text = str(value)
    return [f"{option}={shlex.quote(text)}"] if text.startswith("-") else [option, shlex.quote(text)]


def _end_of_json(text: str) -> int | None:
    """Where the JSON that `text` begins with ends; of text that only looks like it, where its last bracket is."""
    before = _BEFORE_JSON.match(text)
    if not before:
        return None
    start = before.end()
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        end = text.rfind("}" if text[start] == "{" else "]") + 1
    return end or len(text)


def _end_of_trigger(text: str) -> int | None:
    """Where the trigger that `text` begins with ends, spaces in its JSON included; None if it has quotes of its own."""
    match = _TRIGGER.match(text)
    assert match
    end = match.end()
    while end < len(text) and not text[end].isspace():
        if text[end] in "'\"\\":
            return None
        if text[end] in "{[" and text[end - 1] in "=:":
            try:
                _, end = json.JSONDecoder().raw_decode(text, end)
                continue
            except ValueError:
                return None
        end += 1
    return end


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `InvalidParameter` in place of leaving the process."""

    def __init__(self, prog: str, description: str, examples: str = "") -> None:
        super().__init__(
            prog,
            description=description,
            epilog=f"examples:\n{examples}" if examples else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
            allow_abbrev=False,
        )
        self.add_argument("-h", "--help", action=_Help, nargs=0, dest=argparse.SUPPRESS, help="show this text")

    def parse(self, given: list[str]) -> dict[str, object]:
        """The options in `given`, defaults filled in. Raises `InvalidParameter` or `HelpAsked`."""
        known = self.options()
        for word in given:
            option = _OPTION.match(word)
            if option and " " not in word and option[0] not in known and option[0][:2] not in known:
                there_are = ", ".join(text for text in known if text.startswith("--"))
                raise InvalidParameter(f"{self.prog}: there is no option {option[0]}{nearest(option[0], known)} ({there_are})")
        options, rest = self.parse_known_args(given)
        if rest:
            self.error(f"{rest[0]!r} is one word too many")
        return vars(options)

    def options(self) -> list[str]:
        """Every option, long and short."""
        return [text for action in self._actions for text in action.option_strings]

    def option(self, word: str) -> argparse.Action | None:
        """The option that `word` names, None if it is none."""
        return next((action for action in self._actions if word in action.option_strings), None)

    def arguments(self) -> list[argparse.Action]:
        """What has a place on the line and no name, in order."""
        return [action for action in self._actions if not action.option_strings]

    def error(self, message: str) -> NoReturn:
        """Called by argparse for what it finds wrong itself."""
        message = message.removeprefix("argument ").replace("the following arguments are required:", "needs")
        message = re.sub(r"(?:-\w/)?(--[\w-]+): expected one argument", r"\1 needs a value", message)
        raise InvalidParameter(f"{self.prog}: {message} ({self.prog} --help says what is allowed)")


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        raise HelpAsked(parser.format_help())


def choose(
    prog: str, given: list[str], commands: Mapping[str, Callable[[], Parser]], hint: str = ""
) -> tuple[str, dict[str, object]]:
    """The first word as one of `commands`, the rest through that command's parser; no words at all ask for help."""
    if not given or given[0] in ("-h", "--help"):
        lines = [f"  {prog} {name:<12} {make().description}" for name, make in commands.items()]
        raise HelpAsked("\n".join([*lines, "", f"{prog} COMMAND --help says more{hint}"]))
    name = given[0]
    if name not in commands:
        raise InvalidParameter(f"{prog}: there is no {name!r}{nearest(name, commands)} (there are {', '.join(commands)}){hint}")
    return name, commands[name]().parse(given[1:])


def whole(what: str, allowed: range, unit: str) -> Callable[[str], int]:
    """A type for `add_argument`: a whole number in `allowed`."""

    def parse(text: str) -> int:
        return limits.check_range(what, int(text) if re.fullmatch(r"[+-]?\d+", text) else text, allowed, unit)

    return parse


@dataclass(frozen=True, slots=True)
class OneOf:
    """A type for `add_argument`: one of these words, in whatever case."""

    what: str
    allowed: tuple[str, ...]

    def __call__(self, text: str) -> str:
        for word in self.allowed:
            if word.lower() == text.lower():
                return word
        words = f"{', '.join(self.allowed[:-1])} or {self.allowed[-1]}"
        raise InvalidParameter(f"{self.what} {text!r}: use {words}{nearest(text, self.allowed)}")


def variable(text: str) -> tuple[str, str]:
    """``KEY=VALUE`` taken apart at the first ``=``."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InvalidParameter(f"environment variable {text!r}: use KEY=VALUE")
    return key, value


def python_variable(text: str) -> str:
    """A type for `add_argument`: a name that Python takes."""
    if not text.isidentifier():
        raise InvalidParameter(f"variable {text!r}: use a Python name")
    return text
