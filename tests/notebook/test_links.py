"""Addresses as links."""

from __future__ import annotations

import jlambda
from jlambda.notebook.links import Link
from tests.notebook.conftest import Run


def test_a_link_is_text_and_html() -> None:
    """Nothing in it can end the attribute that it stands in."""
    assert Link('http://x/"a') == 'http://x/"a'
    assert Link('http://x/"a')._repr_html_().startswith('<a href="http://x/&quot;a"')


def test_a_function_s_url(run: Run, session: jlambda.Session) -> None:
    """What `%lambda url` gives is `fn.url`; a function without one is told how to get it."""
    function = session.deploy("def handler(event, context): return 1", "f")
    ran = run("%lambda url f")
    assert "%lambda trigger add f url" in f"{ran.error}{ran.printed}"
    function.triggers.add("url")
    ran = run("%lambda url f")
    assert isinstance(ran.value, Link) and ran.value == function.url
