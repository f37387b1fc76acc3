"""Verbs that work on everything of a session: examine the machine, start over."""

from __future__ import annotations

import os
from pathlib import Path

from jlambda.errors import InvalidParameter
from jlambda.notebook import notebook_file
from jlambda.notebook.arguments import Parser
from jlambda.notebook.doctor import Diagnosis
from jlambda.notebook.verbs.verb import Desk, Verb
from jlambda.session import current


def _doctor(_: Desk) -> Diagnosis:
    return Diagnosis(current().machine())  # the desk would open the session, which may be what fails here


def _save(desk: Desk, notebook: str) -> None:
    path = Path(notebook or os.environ.get("JPY_SESSION_NAME", ""))
    if not path.name:
        raise InvalidParameter("this kernel does not know its notebook: %lambda save NOTEBOOK.ipynb")
    changed = notebook_file.save(desk.session, path)
    print(f"{path.name}: {'wrote the options of ' + ', '.join(changed) if changed else 'its cells say what is deployed'}")


def _add_notebook(parser: Parser) -> None:
    parser.add_argument("notebook", metavar="NOTEBOOK", nargs="?", default="", help="an .ipynb file; default: this notebook")


def _reset(desk: Desk) -> None:
    count = len(desk.session.functions())
    desk.session.reset()
    print(f"deleted {count} function{'' if count == 1 else 's'}, all invocations and logs")


VERBS = (
    Verb(
        "save",
        "Write what the functions are now into the option lines of the notebook's cells. Save the notebook first.",
        _save,
        examples="  %lambda save\n  %lambda save lesson.ipynb",
        add=_add_notebook,
        keeps=False,
    ),
    Verb("doctor", "What is enforced on this machine, how, and what would make it stricter.", _doctor),
    Verb("reset", "Delete every function, invocation and log of this notebook.", _reset, keeps=False),
)
