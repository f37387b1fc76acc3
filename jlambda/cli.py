"""The command line: `jlambda quickstart` and `jlambda bench`.

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


def _bench_parser() -> Parser:
    parser = Parser(
        "jlambda bench", "Run the benchmarks and print their figures.", "  jlambda bench\n  jlambda bench warm cold"
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="which benchmarks; default: all of them")
    return parser


def _bench(names: list[str]) -> int:
    from jlambda import bench

    return bench.run(names)


PARSERS = {"quickstart": _quickstart_parser, "bench": _bench_parser}
COMMANDS: dict[str, Callable[..., int]] = {"quickstart": _quickstart, "bench": _bench}
