"""Layers where functions find them."""

from __future__ import annotations

import stat

import jlambda
from jlambda.runtimes.languages import language_of
from tests.api.packages import zipped
from tests.conftest import need
from tests.runtimes.bootstraps import EXTENSION

SOURCE = """
import os, sys
import greeting
def handler(event, context):
    root = next(path for path in sys.path if path.endswith("/python")).removesuffix("/python")
    return greeting.word, open(f"{root}/data.txt").read(), sorted(os.listdir(root))
"""


def test_layers_are_found_in_their_order(session: jlambda.Session) -> None:
    """What a later layer has replaces what an earlier one has; modules are imported, files are read, nothing is written."""
    layers = session.service.layers
    layers.publish("first", zipped({"python/greeting.py": "word = 'one'", "data.txt": "one", "extra": ""}))
    layers.publish("second", zipped({"python/greeting.py": "word = 'two'", "data.txt": "two"}))
    one, two = layers.arn("first", 1), layers.arn("second", 1)
    function = session.deploy(SOURCE, "f", layers=[one, two])
    assert function({}) == ["two", "two", ["data.txt", "extra", "python"]]
    layers.delete("second", 1)
    session.deploy(SOURCE, "f", layers=[one])
    assert session.get("f")({}) == ["one", "one", ["data.txt", "extra", "python"]]


def test_versions_keep_their_layers(session: jlambda.Session) -> None:
    """A version goes on with what it was published with, whatever becomes of the layer and of $LATEST."""
    layers = session.service.layers
    layers.publish("first", zipped({"python/greeting.py": "word = 'one'", "data.txt": "one"}))
    function = session.deploy(SOURCE, "f", layers=[layers.arn("first", 1)])
    version = function.publish()
    layers.delete("first", 1)
    session.deploy("def handler(event, context): return 'none'", "f", layers=[])
    assert version({})[0] == "one"
    assert session.get("f")({}) == "none"


def test_nodes_modules_are_found(session: jlambda.Session) -> None:
    """A layer's packages for Node.js are required by their names."""
    need(bool(language_of("nodejs").tools()), "Node.js")
    session.service.layers.publish("js", zipped({"nodejs/node_modules/greeting/index.js": "exports.word = 'hello'"}))
    source = "exports.handler = async () => require('greeting').word"
    assert (
        session.deploy(source, "f", runtime="nodejs", layers=[session.service.layers.arn("js", 1)], timeout=10)({}) == "hello"
    )


def test_extensions_and_wrappers_of_layers_go_with_the_notebook_s_own_python(session: jlambda.Session) -> None:
    """They are processes, for which a function leaves the fast path; objects shipped with it and its own packages stay."""
    wrapper = '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n'
    files = {"extensions/watcher": EXTENSION, "wrap": wrapper, "python/greeting.py": "word = 'hello'"}
    session.service.layers.publish("all", zipped(files, dict.fromkeys(files, stat.S_IFREG | 493)))
    source = (
        "import os\nimport greeting, dill\n"
        "def handler(event, context):\n    return [greeting.word, os.environ.get('WRAPPED'), shipped, context.function_name]\n"
    )
    layers = [session.service.layers.arn("all", 1)]
    function = session.deploy(source, "f", layers=layers, use={"shipped": 7}, timeout=10, memory=1769)
    first = function.invoke({})
    assert first.result == ["hello", None, 7, "f"]
    assert any('"eventType": "INVOKE"' in event.message for event in first.logs)
    function = session.deploy(source, "f", env={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"}, use={"shipped": 8})
    assert function({}) == ["hello", "yes", 8, "f"]
