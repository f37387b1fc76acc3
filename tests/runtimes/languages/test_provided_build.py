"""Cells of custom runtimes: what becomes of a script, by what runs it and what it speaks."""

from __future__ import annotations

import sys

import pytest

import jlambda
from jlambda.errors import CodeError
from jlambda.runtimes.language import on_path
from tests.conftest import need

PYTHON = f"""
#!{sys.executable}
import os, urllib.request

api = f"http://{{os.environ['AWS_LAMBDA_RUNTIME_API']}}/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as reply:
        request_id, event = reply.headers["Lambda-Runtime-Aws-Request-Id"], reply.read()
    urllib.request.urlopen(urllib.request.Request(f"{{api}}{{request_id}}/response", data=event))
"""


@pytest.fixture(autouse=True)
def bash() -> None:
    need(bool(on_path("bash")), "bash")


def test_a_bootstrap_may_be_a_script_of_any_program(session: jlambda.Session) -> None:
    """What its first line names runs it; bash is not asked whether it can read it."""
    assert session.deploy(PYTHON, "f", runtime="provided.al2023", timeout=30)({"a": "é"}) == {"a": "é"}


@pytest.mark.parametrize("first", ["", "#!/bin/bash", "#!/usr/bin/env bash", "#!/bin/sh -e"])
def test_a_fault_of_a_shell_s_script_is_told_by_the_cell_s_line(session: jlambda.Session, first: str) -> None:
    """Before it is deployed."""
    with pytest.raises(CodeError, match=r"^Cell In\[3\], line 4: syntax error near unexpected token `}'$"):
        session.deploy(f"{first}\nhandler() {{\n  if true; then\n}}\n", "f", runtime="bash", origin="Cell In[3]")
