"""The magics: `%%lambda NAME` deploys a cell, `%lambda VERB` uses what was deployed.

A magic takes its line apart, asks the session, and shows or returns what it gets. All rules are elsewhere: options in
`options`, verbs in `verbs`, cells in `capture`, events and secrets in `namespace`, cards in `display`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display
from traitlets import Bool, Bunch, Integer, observe

import jlambda
from jlambda.errors import CodeError
from jlambda.handle import Function
from jlambda.invocation import Invocation
from jlambda.model.runtime import THIS_PYTHON, is_python
from jlambda.notebook import capture
from jlambda.notebook.arguments import HelpAsked
from jlambda.notebook.namespace import SecretValues, event_from, python_name, shipped
from jlambda.notebook.options import CellOptions, cell_options, cell_parser, deployment
from jlambda.notebook.tailing import print_events
from jlambda.notebook.verbs import VERBS, line_options
from jlambda.notebook.verbs.verb import Desk
from jlambda.service.cells import DeployedCell
from jlambda.session import Session

T = TypeVar("T")


@magics_class
class LambdaMagics(Magics):
    """`%lambda` and `%%lambda`; what `%config LambdaMagics` sets is set on the current session."""

    cpu_limit = Bool(True, help="Hold functions to the CPU share of their memory size.").tag(config=True)
    freezer = Bool(True, help="Stop functions between invocations.").tag(config=True)
    memory = Integer(None, allow_none=True, help="Memory in MB of a new function whose cell says nothing.").tag(config=True)
    timeout = Integer(None, allow_none=True, help="Timeout in s of a new function whose cell says nothing.").tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._secrets = SecretValues()
        self._told: Session | None = None

    @no_var_expand
    @line_cell_magic("lambda")  # type: ignore[arg-type]  # IPython types the decorator for use without a name
    def lambda_(self, line: str, cell: str | None = None) -> object:
        try:
            answer = self._use(line) if cell is None else self._deploy(line, cell)
            return None if _is_silent(line) else answer
        except HelpAsked as help_text:
            print(help_text)
            return None

    @observe("cpu_limit", "freezer")
    def _option_changed(self, change: Bunch) -> None:
        session = jlambda.current()
        setattr(session, change.name, change.new)
        when = " once this session is opened again: jlambda.current().close() ends its environments, the next call opens it"
        print(f"{change.name} is {'on' if change.new else 'off'}{when if session.is_open else ''}")

    def _deploy(self, line: str, cell: str) -> Invocation | None:
        given = self._with_defaults(cell_options(line))
        names = self._shell.user_ns
        if not cell.strip():
            raise CodeError(
                f"%%lambda {given.name}: the cell is empty; write a function with two parameters, event and context"
            )
        # everything that can be wrong with the line or the cell is found before anything is asked or changed
        event = None if given.invoke is None else event_from(given.invoke, names)
        ship = shipped(given.use, names)
        source = capture.cell_source(cell)
        # not execution_count: IPython counts up before a cell runs since 9.1x, after it before
        origin = f"Cell In[{self._shell.displayhook.prompt_count}]"
        if is_python(self._runtime(given)):
            capture.check(source, origin, names, ship)
        with _each_warning_a_line():
            secrets = self._secrets.get(given.name, given.secret) if given.secret else None
            function = self._session().deploy(source, given.name, **deployment(given, secrets, ship), origin=origin)
        self._remember_cell(function)
        self._shell.user_ns[python_name(given.name)] = function
        if not given.quiet and not _is_silent(line):
            display(function)  # type: ignore[no-untyped-call]
        if given.invoke is None:
            return None
        written = print_events if given.tail else None
        return self._kept(given.output, self._session().invoke(function.name, event, written))

    def _remember_cell(self, function: Function) -> None:
        """Keep what the cell is, so that a page can tell when it was edited since; a terminal has no cells."""
        kernel = getattr(self._shell, "kernel", None)
        message = {} if kernel is None else kernel.get_parent("shell")
        text = message.get("content", {}).get("code", "")
        if text:
            found = DeployedCell(
                function.name, str(message.get("metadata", {}).get("cellId", "")), text, function.configuration.code_sha256
            )
            self._session().cells.remember(found)

    def _with_defaults(self, given: CellOptions) -> CellOptions:
        """What `%config LambdaMagics` says of new functions, where the cell says nothing."""
        if self.memory is self.timeout is None or any(given.name == each.name for each in self._session().functions()):
            return given
        return replace(
            given,
            memory=self.memory if given.memory is None else given.memory,
            timeout=self.timeout if given.timeout is None else given.timeout,
        )

    def _runtime(self, given: CellOptions) -> str:
        """The runtime of a cell: what its line says, else that of the function so far."""
        if given.runtime is not None:
            return given.runtime
        known = {function.name: function for function in self._session().functions()}
        return known[given.name].configuration.runtime if given.name in known else THIS_PYTHON

    def _use(self, line: str) -> object:
        verb, given = line_options(line)
        output = given.pop("output", None)
        return self._kept(output, verb.act(Desk(self._session, self._shell.user_ns), **given))

    def _kept(self, variable: object, value: T) -> T | None:
        if variable is None:
            return value
        self._shell.user_ns[str(variable)] = value
        return None

    def _session(self) -> Session:
        session = jlambda.current()
        if session.notice and session is not self._told:
            print(session.notice)
        self._told = session
        return session


def _is_silent(line: str) -> bool:
    """Whether a line ends as one does whose output is not wanted; IPython looks for that in code only."""
    return line.rstrip().endswith(";")


@contextmanager
def _each_warning_a_line() -> Iterator[None]:
    """Print what jlambda warns of without the line of ours that does."""
    with warnings.catch_warnings(record=True, category=RuntimeWarning, action="always") as caught:
        yield
    for warning in caught:
        print(warning.message)


_HELP = (
    "Deploy a cell as a Lambda function (%%lambda NAME), or use what was deployed (%lambda VERB).\n\n"
    f"{cell_parser().format_help()}\nverbs, each explained by %lambda VERB --help:\n"
    + "\n".join(f"  %lambda {verb.name:<12} {verb.description}" for verb in VERBS.values())
)
LambdaMagics.lambda_.__doc__ = _HELP  # type: ignore[assignment]  # what %lambda? shows
