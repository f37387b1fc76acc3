"""What the cells of notebooks were that functions were deployed from: kept with the function, so that an edit can be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jlambda.store.database import Database
from jlambda.store.resources import Resources


@dataclass(frozen=True, slots=True)
class DeployedCell:
    """A cell as it was when it deployed `function`.

    `id` is the notebook's own for the cell, empty where the front end says none, `text` all of it, and `code_sha256` what
    it made: with another one, the function was deployed from elsewhere since.
    """

    function: str
    id: str
    text: str
    code_sha256: str


class DeployedCells:
    """The deployed cells of one session."""

    def __init__(self, database: Database) -> None:
        self._cells = Resources(database, "deployed-cell", DeployedCell)
        #: called with the name of the function; from any thread
        self.told: Callable[[str], None] = lambda _: None

    def remember(self, cell: DeployedCell) -> None:
        """Keep a cell in place of the one before."""
        self._cells.put(cell, f"function:{cell.function}")
        self.told(cell.function)

    def get(self, function: str) -> DeployedCell | None:
        """The cell that a function was last deployed from, None if there was none."""
        return self._cells.get(f"function:{function}")
