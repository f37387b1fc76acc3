"""The one table of behaviours that every language is held to: what a language brings, and how its functions are asked.

A language's own file (``node.py``, ``java.py`` …) holds `SOURCES`, a `Sources`. Its handler takes an event ``{"do": …}``:

=============  ===============================================================================================
echo           return the event's ``value``
error          raise an error with the message "boom"
async_error    the same after something asynchronous (a promise, a thread), where the language has that
sleep          sleep for ``seconds``, return null
eat            take memory, touching it, until there is no more
exit           end the process with status 3
print          write "to stdout é" and "to stderr" to the two streams, a line each; return null
environment    return the value of the variable ``name``, null if there is none
context        return an object: request_id, function, version, memory (as the language has it), arn, remaining_ms,
               log_group, log_stream
count          add one to a variable that lives as long as the process, and return it
tmp            return the text of the file "kept" in the folder for temporary files (TMPDIR, else /tmp), null if there
               is none; then write the event's ``value`` to it
=============  ===============================================================================================
"""

from __future__ import annotations

import importlib
from typing import NamedTuple

from jlambda.runtimes import languages


class Sources(NamedTuple):
    """One language's part of the table.

    `runtime` is what it is deployed as, `handler` the source of the function above, `broken` the source of one whose
    init phase fails with the message "no luck"; `error_type` is that of "boom", `init_error_type` that of "no luck"; the
    messages are other ones where a language has none.
    """

    runtime: str
    handler: str
    broken: str
    error_type: str
    init_error_type: str
    error_message: str = "boom"
    init_error_message: str = "no luck"


#: the files of this folder that hold the sources of a language
NAMES = ("node", "cpython", "provided", "java", "dotnet", "ruby", "go")


def sources(name: str) -> Sources:
    """The sources of one language."""
    found: Sources = importlib.import_module(f"tests.runtimes.languages.{name}").SOURCES
    return found


def what_is_missing(runtime: str) -> str:
    """Why a runtime cannot be served here, nothing if it can."""
    language = languages.language_of(runtime)
    return "" if language.tools() else f"{language.name}: {language.install}"
