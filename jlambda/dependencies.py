"""Layers from a notebook: of what pip installs for a function, and those that `jlambda.layer` publishes.

Shows how far pip is, never what it writes. Everything else is the service's.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from jlambda.errors import CodeError, InvalidParameter, ResourceNotFound
from jlambda.model.layer import LayerVersion
from jlambda.model.runtime import THIS_PYTHON
from jlambda.progress import Progress

if TYPE_CHECKING:
    from jlambda.session import Session

Given = str | Path | Iterable[str | Path]

#: folders of a layer that runtimes look into: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
_SEEN = {"python", "nodejs", "java", "ruby", "bin", "lib", "extensions"}


def requirement_layer(session: Session, given: Given, function: str | None, runtime: str | None) -> LayerVersion | None:
    """The layer with what a function requires, built by pip if there is none; None where it requires nothing.

    `runtime` is the one that the function is to have, None for that of `function` now. Raises `InvalidParameter` and
    `CodeError`.
    """
    choice = session.control.choose(runtime or _runtime_of(session, function), session.strict_runtimes, 4)
    with _Pip() as pip:
        return session.service.requirements.layer(given, choice, pip.heard)


def publish(session: Session, name: str, source: Given, runtime: str | None) -> LayerVersion:
    """A version of a layer: the latest if that has the same content, else the next one.

    `source` is a folder, a zip, or requirements for pip. Raises `InvalidParameter` and `CodeError`.
    """
    layers = session.service.layers
    path = _package(source)
    if path is None:
        made = requirement_layer(session, source, None, runtime)
        if made is None:
            raise InvalidParameter(
                f"layer {name}: give a folder, a zip or requirements, jlambda.layer({name!r}, ['requests==2.*'])"
            )
        return layers.publish_once(name, made, description=made.description, runtimes=made.runtimes)
    try:
        package = path if path.is_dir() else path.read_bytes()
    except OSError as error:
        raise CodeError(f"{path} cannot be read: {error.strerror}") from None
    published = layers.publish_once(name, package, runtimes=[runtime] if runtime else [])
    if path.is_dir() and not any((path / each).exists() for each in _SEEN):
        hint = f"modules of Python belong into {path.name}/python"
        warnings.warn(
            f"layer {published}: no runtime looks into what is in it, it is only found at /opt; {hint}", RuntimeWarning, 3
        )
    return published


def _package(source: Given) -> Path | None:
    """The folder or zip that is meant, None for requirements. Raises `InvalidParameter`."""
    if not isinstance(source, str | Path):
        return None
    path = Path(source).expanduser()
    is_there = path.is_dir() or (path.is_file() and path.suffix == ".zip")
    if not is_there and (path.suffix == ".zip" or (isinstance(source, Path) and not path.exists())):
        raise InvalidParameter(f"{source}: there is no such file or folder")
    return path if is_there else None


def _runtime_of(session: Session, function: str | None) -> str:
    try:
        return session.control.get(function).runtime if function else THIS_PYTHON
    except ResourceNotFound:
        return THIS_PYTHON


class _Pip:
    """A progress bar for pip: how many packages it has come to, and which."""

    def __init__(self) -> None:
        self._progress = Progress("pip", None, " packages")

    def __enter__(self) -> _Pip:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.close()

    def heard(self, line: str) -> None:
        """A line of pip's, or "" where it says nothing."""
        word, _, rest = line.strip().partition(" ")
        if word in ("Collecting", "Processing"):
            self._progress.one_more()
            self._progress.doing = rest.partition(" (from")[0].rpartition("/")[2]
        elif word == "Installing":
            self._progress.doing = "installing"
        elif word == "WARNING:" and rest.startswith("Retrying"):
            self._progress.doing = "no answer, trying again"
        self._progress.show()
