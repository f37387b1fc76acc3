"""Verbs that work on everything of a session: examine the machine, start over, keep it all and have it back."""

from __future__ import annotations

import os
from pathlib import Path

from jlambda.errors import InvalidParameter
from jlambda.notebook.arguments import OneOf, Parser
from jlambda.notebook.doctor import Diagnosis
from jlambda.notebook.verbs.verb import Desk, Verb
from jlambda.session import current


def _doctor(_: Desk) -> Diagnosis:
    return Diagnosis(current().machine())  # the desk would open the session, which may be what fails here


def _save(desk: Desk, notebook: str) -> None:
    from jlambda.notebook import notebook_file  # nbformat takes long to import

    path = Path(notebook or os.environ.get("JPY_SESSION_NAME", ""))
    if not path.name:
        raise InvalidParameter("this kernel does not know its notebook: %lambda save NOTEBOOK.ipynb")
    changed = notebook_file.save(desk.session, path)
    print(f"{path.name}: {'wrote the options of ' + ', '.join(changed) if changed else 'its cells say what is deployed'}")


def _add_notebook(parser: Parser) -> None:
    parser.add_argument("notebook", metavar="NOTEBOOK", nargs="?", default="", help="an .ipynb file; default: this notebook")


def _add_reset(parser: Parser) -> None:
    parser.add_argument(
        "--keep", metavar="WHAT", type=OneOf("what is kept", ("functions",)), help="functions: empty the services only"
    )


def _reset(desk: Desk, keep: str | None) -> None:
    count = len(desk.session.functions())
    desk.session.reset(keep_functions=keep == "functions")
    functions = f"{count} function{'' if count == 1 else 's'}"
    if keep == "functions":
        print(f"kept {functions}; the embedded AWS services are empty, and no event waits")
    else:
        print(f"deleted {functions}, all invocations and logs")


def _stop(_: Desk) -> None:
    session = current()  # the desk would open it
    if not session.is_open:
        print("nothing runs: no function has been used yet")
        return
    session.close()
    print("stopped all environments, the gateway and the AWS services; functions and data stay, and the next call starts anew")


def _add_snapshot(parser: Parser) -> None:
    parser.add_argument("what", metavar="save|load|list", type=OneOf("what to do", ("save", "load", "list")))
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="of the snapshot")


def _snapshot(desk: Desk, what: str, name: str) -> None:
    session = desk.session
    if what == "list":
        print("\n".join(session.snapshots()) or "no snapshot yet: %lambda snapshot save NAME")
        return
    if not name:
        raise InvalidParameter(f"%lambda snapshot {what}: name the snapshot, %lambda snapshot {what} NAME")
    if what == "save":
        session.save_snapshot(name)
        print(f"saved {name}: functions, invocations, logs, events, and what the embedded AWS services hold")
    else:
        session.load_snapshot(name)
        print(f"loaded {name}: all is as it was when it was saved")


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
    Verb(
        "stop",
        "End all environments, the gateway and the embedded AWS services; functions, records and data stay.",
        _stop,
        examples="  %lambda stop",
        keeps=False,
    ),
    Verb(
        "reset",
        "Delete every function, invocation and log of this notebook, and all that is in its AWS services.",
        _reset,
        examples="  %lambda reset\n  %lambda reset --keep functions",
        add=_add_reset,
        keeps=False,
    ),
    Verb(
        "snapshot",
        "Keep everything under a name, or have it back as it was.",
        _snapshot,
        examples="  %lambda snapshot save lesson-1\n  %lambda snapshot load lesson-1",
        add=_add_snapshot,
        keeps=False,
    ),
)
