"""Tab completion of `%lambda` and `%%lambda` lines: verbs, options, their values, functions, aliases, buckets, sample events.

What can stand at the cursor is read off the parsers, so a new verb or option is completed without a word here. Nothing is
started and no service is asked for it: while a session is not open, it has no functions to offer.
"""

from __future__ import annotations

import re
from argparse import Action
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from jlambda.model.limits import MEMORY_MB
from jlambda.model.runtime import LANGUAGE_NAMES, NO_LONGER_SUPPORTED, RUNTIMES
from jlambda.model.trigger import EXAMPLES
from jlambda.model.trigger_options import OPTIONS
from jlambda.notebook.arguments import OneOf, Parser
from jlambda.notebook.options import cell_parser
from jlambda.notebook.verbs import VERBS
from jlambda.notebook.verbs.triggers import ACTIONS
from jlambda.service.inventory import OF_TRIGGERS
from jlambda.service.tuning import SIZES_MB

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, Matcher, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from jlambda.handle import Function
    from jlambda.session import Session

Words = Callable[[], Iterable[str]]

#: what each kind of trigger begins with: its example up to what is to be filled in
_TRIGGERS = [re.match(r"[A-Z]+ /|[a-z0-9]+(?::(?://)?|\()?", example)[0] for example in EXAMPLES.values()]  # type: ignore[index]


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to complete with: functions, ``NAME:ALIAS`` and ``NAME:VERSION``, layers, the notebook's own names.

    `places` gives the names of a kind of thing (buckets, queues), `aliases` those of a function and `versions` its numbers.
    """

    functions: Words
    qualified: Words
    layers: Words
    names: Words
    snapshots: Words
    places: Callable[[str], Iterable[str]]
    aliases: Callable[[str], Iterable[str]]
    versions: Callable[[str], Iterable[str]]


def completions(line: str, known: Known) -> list[str]:
    """What the last word of `line`, which may be empty, can become; `line` ends at the cursor."""
    words = line.split()
    last = "" if line[-1:].isspace() else words.pop()
    if not words or words[0] not in ("%lambda", "%%lambda"):
        return []
    if words[0] == "%%lambda":
        parser, before = cell_parser(), words[1:]
        places: dict[str, Words] = {"name": known.functions}
    elif len(words) == 1:
        return _beginning(last, VERBS)
    elif words[1] in VERBS:
        parser, before = VERBS[words[1]].parser(), words[2:]
        named = before[0] if before else ""
        places = {
            "function": known.qualified if words[1] in ("invoke", "show", "trigger") else known.functions,
            "invocation": known.functions,
            "alias": lambda: known.aliases(named),
            "versions": lambda: known.versions(named),
            "what": lambda: (),
            "name": known.snapshots,
        }
    else:
        return []
    return _beginning(last, _candidates(parser, before, last, places, known))


def _candidates(parser: Parser, before: list[str], last: str, places: dict[str, Words], known: Known) -> Iterable[str]:
    if last.startswith("-"):
        return [option for option in parser.options() if option not in before]
    places = {
        **places,
        "event": lambda: [*known.names(), *_samples()],
        "invoke": lambda: [*known.names(), *_samples()],
        "sample": _samples,
        "use": lambda: _listed(last, known.names()),
        "runtime": lambda: [*LANGUAGE_NAMES, *(name for name in RUNTIMES if name not in NO_LONGER_SUPPORTED)],
        "memory": lambda: _sizes(last),
        "layer": known.layers,
        "trigger": lambda: _triggers(last, known),
        "action": lambda: ACTIONS,
        "output": known.names,
    }
    action = _action(parser, before)
    if action is None:
        return []
    if isinstance(action.type, OneOf):
        return action.type.allowed
    return places[action.dest]() if action.dest in places else []


def _action(parser: Parser, before: list[str]) -> Action | None:
    """What the word after `before` is a value of: an option, or the next argument that has a place."""
    option = parser.option(before[-1]) if before else None
    if option is not None and option.nargs != 0:
        return option
    placed, previous = 0, None
    for word in before:
        takes_value = previous is not None and previous.nargs != 0
        previous = None if takes_value else parser.option(word)
        placed += not takes_value and previous is None
    arguments = parser.arguments()
    if placed < len(arguments):
        return arguments[placed]
    return arguments[-1] if arguments and arguments[-1].nargs in ("+", "*") else None


def _triggers(last: str, known: Known) -> Iterable[str]:
    """Triggers that begin as `last` does: kinds; names of buckets, queues and the like; options after a question mark."""
    before, has_options, options = last.rpartition("?")
    kind = re.match(r"[a-z0-9]*", last)
    if has_options and kind and kind[0] in OPTIONS:
        done, ampersand, _ = options.rpartition("&")
        given = {each.partition("=")[0] for each in done.split("&")}
        offered = OPTIONS[kind[0]].items()
        names = [
            name if option.is_flag else f"{name}=" for name, option in offered if option.is_repeatable or name not in given
        ]
        return [f"{before}?{done}{ampersand}{name}" for name in names]
    start = re.match(r"s3://|[a-z]+:", last)
    place = OF_TRIGGERS.get(start[0].partition(":")[0]) if start else None
    if start is None or place is None:
        return _TRIGGERS
    return [f"{start[0]}{name}{'/' if place == 'bucket' else ''}" for name in known.places(place)]


def _samples() -> Iterable[str]:
    from jlambda.model.samples.catalog import SAMPLES  # when one is first wanted: it has all kinds of events

    return SAMPLES


def _beginning(last: str, among: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(among) if word.startswith(last)]


def _listed(last: str, names: Iterable[str]) -> list[str]:
    """Names after those that stand in a list already: ``df,cl`` becomes ``df,clean``."""
    done, comma, _ = last.rpartition(",")
    return [f"{done}{comma}{name}" for name in names if name not in done.split(",")]


def _sizes(last: str) -> list[str]:
    return _listed(last, [str(size) for size in (*SIZES_MB, MEMORY_MB[-1])])


def _known(session: Callable[[], Session], shell: InteractiveShell) -> Known:
    def functions() -> list[str]:
        it = session()
        return [function.name for function in it.functions()] if it.is_open else []

    def qualified() -> list[str]:
        it = session()
        if not it.is_open:
            return []
        every = it.functions()
        aliases = [f"{alias.function}:{alias.name}" for function in every for alias in function.aliases()]
        versions = [version.reference for function in every for version in function.versions()]
        return [*(function.name for function in every), *aliases, *versions]

    def layers() -> list[str]:
        it = session()
        return [f"{layer.name}:{layer.version}" for layer in it.service.layers.latest()] if it.is_open else []

    def places(kind: str) -> list[str]:
        it = session()
        if not it.is_open:
            return []
        logs = [f"/aws/lambda/{name}" for name in functions()] if kind == "log group" else []
        return [*it.inventory.known(kind), *logs]

    def of_function(name: str, tell: Callable[[Function], Iterable[str]]) -> list[str]:
        it = session()
        return list(tell(it.get(name))) if name in functions() else []

    def aliases(name: str) -> list[str]:
        return of_function(name, lambda function: (alias.name for alias in function.aliases()))

    def versions(name: str) -> list[str]:
        return of_function(name, lambda function: (str(version.qualifier) for version in function.versions()))

    def snapshots() -> list[str]:
        it = session()
        return it.snapshots() if it.is_open else []

    def names() -> list[str]:
        hidden = shell.user_ns_hidden
        return [name for name in shell.user_ns if not name.startswith("_") and name not in hidden]

    return Known(functions, qualified, layers, names, snapshots, places, aliases, versions)


#: before IPython's own, so that those do not search while it is a magic of ours that is written
_FIRST = 1_000.0
_MATCHERS: WeakKeyDictionary[InteractiveShell, Matcher] = WeakKeyDictionary()


def register(shell: InteractiveShell, session: Callable[[], Session]) -> None:
    """Complete the magics in `shell`, which is told of `session` when something is to be completed."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    known = _known(session, shell)

    @context_matcher(identifier="jlambda", priority=_FIRST)  # type: ignore[untyped-decorator]
    def complete(context: CompletionContext) -> SimpleMatcherResult:
        line = context.line_with_cursor[: context.cursor_position]
        last = "" if line[-1:].isspace() or not line else line.split()[-1]
        found = completions(line, known)
        return {
            "completions": [SimpleCompletion(word, type="magic") for word in found],
            "matched_fragment": last,  # IPython's own word begins after a colon or a comma
            "ordered": True,
            "suppress": bool(found),
        }

    unregister(shell)
    assert shell.Completer is not None
    shell.Completer.custom_matchers.append(complete)
    _MATCHERS[shell] = complete


def unregister(shell: InteractiveShell) -> None:
    """Undo `register`."""
    matcher = _MATCHERS.pop(shell, None)
    if matcher is not None and shell.Completer is not None and matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(matcher)
