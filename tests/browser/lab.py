"""A Jupyter server with every folder of its own, and a notebook in its page: of JupyterLab, or of Notebook 7."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import nbformat
from playwright.sync_api import Locator, Page, expect

_START_S = 60.0
#: how long a page may take to show something, in ms; the machine may be slow
PATIENCE_MS = 60_000

#: what the prompt of a cell shows that has run
_DONE = re.compile(r"\[\d+\]:")
#: run the cell that is active, and say when it is done
_RUN = """() => {
    window.hasRun = false
    window.jupyterapp.commands.execute('notebook:run-cell').then(() => { window.hasRun = true })
}"""

CHROMIUM = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)


class Lab:
    """``jupyter lab`` on a free port of 127.0.0.1, whose folders are all below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.notebooks = folder, folder / "notebooks"
        self.notebooks.mkdir(parents=True)
        self.token = secrets.token_hex(16)

    def __enter__(self) -> Lab:
        folder, prefix = self._folder, Path(sys.prefix)
        quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
        self.set("@jupyterlab/apputils-extension:notification", quiet)
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("NODE_OPTIONS", "JPY_SESSION_NAME")},
            "PATH": f"{prefix / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
        }
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"),
            *("--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.notebooks}"),
            *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
            *("--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"),
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]
        self._log = (folder / "lab.log").open("wb")
        self._server = subprocess.Popen(command, env=environment, stdout=self._log, stderr=subprocess.STDOUT)
        try:
            self.url = self._wait()
        except BaseException:
            self._stop()
            raise
        return self

    def _wait(self) -> str:
        """The server's URL, once it answers."""
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self._server.poll() is None:
            for found in (self._folder / "runtime").glob("jpserver-*.json"):
                try:
                    url = str(json.loads(found.read_text())["url"])
                    urllib.request.urlopen(f"{url}api?token={self.token}", timeout=2).close()
                except (ValueError, OSError):
                    continue
                return url
            time.sleep(0.05)
        raise AssertionError(f"the server did not start:\n{(self._folder / 'lab.log').read_text()[-3_000:]}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def _stop(self) -> None:
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()

    def set(self, plugin: str, values: Mapping[str, object]) -> None:
        """Set what a user sets; pages that are opened from now on have it, and nothing else of this plugin."""
        extension, _, name = plugin.partition(":")
        file = self._folder / "settings" / extension / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))

    def write(self, name: str, cells: Sequence[str]) -> str:
        """A notebook of these code cells; its path as the server has it."""
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        made = [nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
        notebook = nbformat.v4.new_notebook(cells=made, metadata=kernel)  # type: ignore[no-untyped-call]
        nbformat.write(notebook, self.notebooks / name)  # type: ignore[no-untyped-call]
        return name


#: where a notebook is shown, by front end
PATHS = {"lab": "lab/tree", "notebook": "notebooks"}


class NotebookPage:
    """One notebook in the browser, in a front end: "lab" or "notebook"."""

    def __init__(self, lab: Lab, page: Page, name: str, front_end: str = "lab") -> None:
        self.page, self.name = page, name
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.goto(f"{lab.url}{PATHS[front_end]}/{name}?token={lab.token}&reset")
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        self.cell(0).wait_for()
        page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
        )
        page.evaluate("async () => { await window.jupyterapp.restored }")
        page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.ready }")

    def shoot(self, name: str, shown: Locator) -> None:
        """Take pictures of something in the light and in the dark theme, where somebody wants to look at them."""
        folder = os.environ.get("JLAMBDA_SCREENSHOTS")
        if not folder:
            return
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
            self.page.wait_for_selector(f'body[data-jp-theme-name="{theme}"]', state="attached")
            shown.screenshot(path=f"{folder}/{name}-{theme.split()[-1].lower()}.png")

    def cell(self, number: int) -> Locator:
        """A code cell of the notebook in front, counted from 0."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").nth(number)

    def start(self, number: int) -> Locator:
        """Run a cell as a user does, and do not wait for it; its outputs."""
        cell = self.cell(number)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        return cell.locator(".jp-Cell-outputArea")

    def run(self, number: int) -> Locator:
        """Run a cell and wait until it is done; its outputs."""
        cell = self.cell(number)
        cell.locator(".cm-content").click()
        self.page.evaluate(_RUN)  # the prompt would not tell this run from one before it
        self.page.wait_for_function("() => window.hasRun")
        expect(cell.locator(".jp-InputPrompt")).to_have_text(_DONE)
        return cell.locator(".jp-Cell-outputArea")
