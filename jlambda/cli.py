"""The command line: `jlambda quickstart`, `jlambda doctor` and `jlambda bench`.

Says what a command takes and calls it; an error of ours is one line on stderr and exit status 1 (2 for a line that
could not be understood).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from jlambda.errors import InvalidParameter, LambdaError
from jlambda.notebook.arguments import HelpAsked, Parser, choose


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    try:
        name, options = choose("jlambda", sys.argv[1:] if arguments is None else arguments, PARSERS)
    except HelpAsked as text:
        print(text)
        return 0
    except InvalidParameter as error:
        print(error, file=sys.stderr)
        return 2
    try:
        return COMMANDS[name](**options)
    except LambdaError as error:
        print(f"jlambda {name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


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


PARSERS = {"quickstart": _quickstart_parser, "doctor": _doctor_parser, "bench": _bench_parser}
COMMANDS: dict[str, Callable[..., int]] = {"quickstart": _quickstart, "doctor": _doctor, "bench": _bench}
