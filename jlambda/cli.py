"""The command line: `jlambda quickstart`, `serve`, `deploy`, `doctor`, `bench`, and the verbs of `%lambda`.

Says what a command takes and calls it; an error of ours is one line on stderr and exit status 1 (2 for a line that
could not be understood).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from jlambda.errors import InvalidParameter, LambdaError, StateError
from jlambda.model.arn import Account
from jlambda.notebook.arguments import HelpAsked, Parser, choose, whole


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    try:
        given = sys.argv[1:] if arguments is None else arguments
        name, options = choose("jlambda", given, PARSERS if given and given[0] in PARSERS else _with_verbs())
    except HelpAsked as text:
        print(text)
        return 0
    except InvalidParameter as error:
        print(error, file=sys.stderr)
        return 2
    try:
        return COMMANDS[name](**options) if name in COMMANDS else _verb(name, options)
    except LambdaError as error:
        print(f"jlambda {name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _with_verbs() -> dict[str, Callable[[], Parser]]:
    from jlambda.notebook.terminal import terminal_verbs  # nothing that is no verb waits for all that they import

    return {**terminal_verbs(), **PARSERS}


def _verb(name: str, options: dict[str, object]) -> int:
    from jlambda.notebook.terminal import run

    return run(name, options)


def _quickstart_parser() -> Parser:
    parser = Parser(
        "jlambda quickstart",
        "Open the first notebook in JupyterLab.",
        "  jlambda quickstart            copies the notebooks to ./jlambda-notebooks and opens the first in JupyterLab\n"
        "  jlambda quickstart --execute  runs it here and now, and prints what every cell prints",
    )
    parser.add_argument(
        "--execute", action="store_true", help="run the notebook here; exit status 0 only if every cell succeeds"
    )
    return parser


def _quickstart(execute: bool) -> int:
    from jlambda.notebook import quickstart

    return quickstart.execute() if execute else quickstart.open_in_lab()


def _serve_parser() -> Parser:
    parser = Parser(
        "jlambda serve",
        "Serve functions on an AWS endpoint of this machine, for boto3 and the AWS CLI.",
        "  jlambda serve                 prints the lines that a shell needs; the functions are kept in .jlambda/default\n"
        "  jlambda serve --state DIR     serves what a notebook or an earlier run has left in DIR",
    )
    parser.add_argument("--port", type=whole("port", range(65_536), ""), default=9001, help="default 9001; 0 takes a free one")
    parser.add_argument("--state", metavar="DIR", help="the folder for functions, records and logs")
    parser.add_argument("--account", default=Account().id, help=f"12 digits, default {Account().id}")
    parser.add_argument("--region", default=Account().region, help=f"default {Account().region}")
    text = "how long changes stay Pending, InProgress, Creating …, as on AWS; default 0"
    parser.add_argument("--settle", metavar="SECONDS", dest="settle_s", type=_seconds, default=0.0, help=text)
    text = "other AWS services in place of the embedded ones; aws for AWS itself, with your credentials"
    parser.add_argument("--aws-endpoint", metavar="URL", help=text)
    parser.add_argument("--access-key-id", metavar="ID", help="default: a new key each time")
    parser.add_argument("--secret-access-key", metavar="KEY", help="the secret that goes with it")
    return parser


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidParameter(f"{text!r} is not a number of seconds: use 2 or 0.5") from None


def _serve(
    port: int,
    state: str | None,
    account: str,
    region: str,
    settle_s: float,
    aws_endpoint: str | None,
    access_key_id: str | None,
    secret_access_key: str | None,
) -> int:
    from jlambda.api import serve

    return serve.run(
        port, state, account, region, access_key_id, secret_access_key, settle_s=settle_s, aws_endpoint=aws_endpoint
    )


def _deploy_parser() -> Parser:
    parser = Parser(
        "jlambda deploy",
        "Deploy the %%lambda cells of a notebook, and run nothing else of it.",
        "  jlambda deploy lesson.ipynb               into .jlambda/lesson beside it, where its kernel finds them\n"
        "  jlambda deploy lesson.ipynb --only hello  one function of it",
    )
    parser.add_argument("notebook", metavar="NOTEBOOK", help="an .ipynb file")
    parser.add_argument("--state", metavar="DIR", help="the folder for functions, records and logs")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="a function; repeatable")
    return parser


def _deploy(notebook: str, state: str | None, only: list[str]) -> int:
    from pathlib import Path

    from jlambda.notebook import notebook_file
    from jlambda.session import Session, beside

    path = Path(notebook)
    with Session(state or beside(path.resolve())) as session:
        if session.notice:
            raise StateError(f"{session.notice}: run the cells there, or give --state another folder")
        for cell, function in notebook_file.deploy(session, path, only):
            it = function.configuration
            done = "deployed" if function.changes is None else "updated" if function.changes else "unchanged:"
            print(f"{done} {it.name} from cell {cell.number} ({it.runtime}, {it.memory_mb} MB, {it.timeout_s} s)")
            for note in function.notes:
                print(f"  {note}")
    return 0


def _doctor_parser() -> Parser:
    return Parser("jlambda doctor", "Say what is enforced on this machine, how, and what would make it stricter.")


def _doctor() -> int:
    import shutil
    import tempfile

    from jlambda.notebook.doctor import Diagnosis
    from jlambda.session import Session, default_folder

    # looked at in a session of its own: the folder here may be another's, and is not made by asking
    with tempfile.TemporaryDirectory(prefix="jlambda-doctor-") as folder, Session(folder) as session:
        machine = session.machine(default_folder())
    print(Diagnosis(machine).text(shutil.get_terminal_size((100, 24)).columns))
    return 1 if machine.failure else 0


def _bench_parser() -> Parser:
    parser = Parser(
        "jlambda bench", "Run the benchmarks and print their figures.", "  jlambda bench\n  jlambda bench warm cold"
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="which benchmarks; default: all of them")
    return parser


def _bench(names: list[str]) -> int:
    from jlambda import bench

    return bench.run(names)


PARSERS = {
    "quickstart": _quickstart_parser,
    "serve": _serve_parser,
    "deploy": _deploy_parser,
    "doctor": _doctor_parser,
    "bench": _bench_parser,
}
COMMANDS: dict[str, Callable[..., int]] = {
    "quickstart": _quickstart,
    "serve": _serve,
    "deploy": _deploy,
    "doctor": _doctor,
    "bench": _bench,
}
