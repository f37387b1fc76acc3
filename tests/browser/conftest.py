"""A Jupyter server and a browser, started once for all tests of this folder."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api") if "JLAMBDA_REQUIRE_ALL" not in os.environ else None

from playwright.sync_api import Browser, sync_playwright  # noqa: E402 - after the look whether it is there

from tests.browser.lab import CHROMIUM, Lab, NotebookPage  # noqa: E402
from tests.conftest import need  # noqa: E402

Open = Callable[..., NotebookPage]


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server; it ends with the tests."""
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="package")  # while it is there, its event loop runs in this thread
def browser() -> Iterator[Browser]:
    """The Chromium that the machine has."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing = "no Chromium on this machine: apt-get install chromium"
        assert "JLAMBDA_REQUIRE_ALL" not in os.environ, missing
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def notebook(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open a notebook of these cells in a page of its own, in which `script` runs first; all kernels end with the test."""
    context = browser.new_context(viewport={"width": 1_400, "height": 1_000})
    pages: list[NotebookPage] = []

    def open_notebook(cells: Sequence[str], front_end: str = "lab", script: str = "") -> NotebookPage:
        name = re.sub(r"\W", "-", request.node.name)
        context.add_init_script(script)
        pages.append(NotebookPage(lab, context.new_page(), lab.write(f"{name}.ipynb", cells), front_end))
        return pages[-1]

    yield open_notebook
    for page in pages:
        page.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    context.close()


@pytest.fixture(scope="session")
def extension() -> None:
    """The JupyterLab extension: it comes with the wheel, and a checkout alone has none."""
    there = Path(sys.prefix, "share/jupyter/labextensions/jlambda/package.json")
    need(there.is_file(), "the JupyterLab extension (pip install .)")
