"""Which names a cell would miss, and what is said about each."""

from __future__ import annotations

import json
import math
import sys
from textwrap import dedent

import pytest

from jlambda.notebook.missing import missing_message, undefined_names


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("print(len('x'))", []),
        ("import os.path\nfrom a import b as c\nos, c", []),
        ("df", ["df"]),
        ("def f(x, *y, z=1, **k):\n    a = x\n    return a, y, z, k, b", ["b"]),
        ("def f(x=default): ...", ["default"]),
        ("@decorate\ndef f(): ...", ["decorate"]),
        ("def f():\n    global made\n    made = 1\ndef g():\n    return made", []),
        ("def f():\n    global imported\n    import json as imported\ndef g():\n    return imported", []),
        ("def f():\n    return later\nlater = 1", []),
        ("[x for x in xs if (y := x)]\ny", ["xs"]),
        ("class A(Base):\n    n = 1\n    m = n + other\n    def f(self): return __class__, super().f()", ["Base", "other"]),
        ("try:\n    pass\nexcept Oops as error:\n    error", ["Oops"]),
        ("with open('f') as f:\n    f\nfor i, (j, k) in []:\n    i, j, k", []),
        ("match 1:\n    case Point(x=a):\n        a\n    case [b, *c]:\n        b, c", ["Point"]),
        ("f = lambda q: q + w", ["w"]),
        ("def f():\n    n = 1\n    def g():\n        nonlocal n\n        n += 1\n    return g", []),
        ("print(__name__, __file__, __doc__)", []),
        ("async def f():\n    async for x in source: yield x", ["source"]),
        ("x: Undefined = 1", [] if sys.version_info >= (3, 14) else ["Undefined"]),
        ("from __future__ import annotations\ndef f(x: Unknown) -> Other: ...", []),
        ("from math import *\nsin(x)", []),
        ("globals()['made'] = 1\nmade", []),
        ("exec('made = 1')\nmade", []),
        ("display(get_ipython())", ["display", "get_ipython"]),
    ],
)
def test_a_name_is_missing_if_neither_the_cell_nor_python_has_it(source: str, missing: list[str]) -> None:
    """Scopes are Python's own: what is bound anywhere at module level, or declared global, is there."""
    assert undefined_names(source) == missing


def helper() -> None: ...


helper.__module__ = "__main__"
NOTEBOOK: dict[str, object] = {
    "df": [1],
    "cfg": {},
    "limit": 3,
    "np": math,
    "dumps": json.dumps,
    "helper": helper,
    "Half": type("Half", (), {"__module__": "__main__"}),
}


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (["df"], "`df` is a notebook variable: pass it in the event, or ship it with --use df"),
        (
            ["cfg", "df", "limit"],
            "`cfg`, `df` and `limit` are notebook variables: pass them in the event, or ship them with --use cfg,df,limit",
        ),
        (["helper"], "`helper` is defined in another cell: define it in this cell, or ship it with --use helper"),
        (
            ["Half", "helper"],
            "`Half` and `helper` are defined in another cell: define them in this cell, or ship them with --use Half,helper",
        ),
        (["np"], "`np` is a module that another cell imported: import it in this cell"),
        (["dumps"], "`dumps` comes from json: import it in this cell"),
        (["display"], "`display` exists in notebooks only: print or return the value"),
        (["prnt"], "`prnt` is defined neither in this cell nor in the notebook; did you mean print?"),
        (["zzzzzz"], "`zzzzzz` is defined neither in this cell nor in the notebook"),
        (
            ["df", "np"],
            "`df` is a notebook variable: pass it in the event, or ship it with --use df; "
            "`np` is a module that another cell imported: import it in this cell",
        ),
    ],
)
def test_each_missing_name_comes_with_its_remedy(missing: list[str], message: str) -> None:
    """Names with the same remedy share a sentence; the line is that of the first use."""
    source = "\n\n" + "\n".join(missing)
    assert missing_message(missing, source, NOTEBOOK) == f"line 3: {message}"


def test_the_line_is_the_first_use() -> None:
    """A name used twice is told where it is met first."""
    source = dedent("""
        def handler(event, context):
            return limit

        limit
    """)
    assert missing_message(["limit"], source, NOTEBOOK).startswith("line 3: ")
