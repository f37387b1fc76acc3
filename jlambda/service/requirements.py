"""Layers made of what pip installs: each once, by what was asked for and for which Python. Runs nothing itself.

A layer that is there already is the cache: it lies in the session's state folder, so that it needs no network again.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from jlambda.errors import InvalidParameter
from jlambda.model.layer import LayerVersion
from jlambda.model.limits import DESCRIPTION_CHARS
from jlambda.runtimes import requirements
from jlambda.runtimes.code import zipped_folder
from jlambda.runtimes.languages import Choice
from jlambda.service.layers import Layers

#: what the names of such layers begin with
PREFIX = "requirements-"
_KEY_DIGITS = 12


class RequirementLayers:
    """The layers of a session that pip has filled."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._lock = threading.Lock()  # two that want the same are not to build it twice

    def layer(
        self, given: str | Path | Iterable[str | Path], choice: Choice, heard: Callable[[str], None]
    ) -> LayerVersion | None:
        """The layer with these packages, built if there is none; None where no requirement was given.

        `heard` is called with pip's lines meanwhile. The description of the layer names what is in it. Raises
        `InvalidParameter`, also for a runtime other than Python's, and `CodeError`.
        """
        wanted = requirements.parsed(given)
        if not wanted:
            return None
        if not choice.is_python:
            what = f"--requirements: pip installs for Python, and {choice.runtime} is {choice.language.name}"
            raise InvalidParameter(
                f"{what}: put its packages into a folder, and that into a layer: jlambda.layer(NAME, FOLDER)"
            )
        name = f"{PREFIX}{wanted.key(choice.tool)[:_KEY_DIGITS]}"
        with self._lock:
            if found := self._layers.versions(name):
                return found[0]
            with tempfile.TemporaryDirectory(prefix="jlambda-pip-") as scratch:
                packages = requirements.install(wanted, choice.tool, Path(scratch), heard)
                description = _shortened(", ".join(packages))
                package = zipped_folder(Path(scratch), has_compiled=True)
                return self._layers.publish(name, package, description=description, runtimes=[choice.runtime])


def is_of_requirements(arn: str) -> bool:
    """Whether this is the ARN of a layer version that pip has filled."""
    return arn.rpartition(":layer:")[2].startswith(PREFIX)


def _shortened(text: str) -> str:
    return text if len(text) <= DESCRIPTION_CHARS else f"{text[: DESCRIPTION_CHARS - 2]} …"
