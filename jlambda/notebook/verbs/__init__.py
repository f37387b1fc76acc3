"""The verbs of `%lambda`, a module for each thing that they work on. To add one is to list it in its module's `VERBS`."""

from __future__ import annotations

from jlambda.errors import InvalidParameter
from jlambda.notebook.arguments import choose, words
from jlambda.notebook.verbs import asynchronous, events, functions, http, live, records, triggers, whole_session
from jlambda.notebook.verbs.verb import Verb

#: verbs that the design has and a later version brings, and what helps until then
LATER = {
    "debug": "until then, %lambda invoke NAME --tail shows what is printed while it runs, and %lambda replay NAME runs the "
    "latest event again",
    "export": "until then, %lambda save keeps all settings in the notebook, and the tab As code of %lambda config has the "
    "calls of boto3 for them",
}

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        *functions.VERBS,
        *records.VERBS,
        *live.VERBS,
        *triggers.VERBS,
        *http.VERBS,
        *asynchronous.VERBS,
        *events.VERBS,
        *whole_session.VERBS,
    )
}


def line_options(line: str) -> tuple[Verb, dict[str, object]]:
    """The verb of a `%lambda` line, and its options. Raises `InvalidParameter` or `HelpAsked`."""
    given = words(line)
    if given and given[0] in LATER:
        raise InvalidParameter(f"%lambda {given[0]} comes with a later version of jlambda; {LATER[given[0]]}")
    parsers = {name: verb.parser for name, verb in VERBS.items()}
    name, options = choose("%lambda", given, parsers, hint="; a cell that begins with %%lambda NAME deploys a function")
    return VERBS[name], options
