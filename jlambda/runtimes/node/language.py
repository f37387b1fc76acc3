"""JavaScript on Node.js: which `node` programs there are, and how a function's process is started."""

from __future__ import annotations

from collections.abc import Sequence

from jlambda.model.runtime import NODE_RUNTIMES
from jlambda.runtimes.language import Language, Tool, numbers, on_path, said_version

#: the oldest version that the client is written for
_OLDEST = 18


class Node(Language):
    """Node.js."""

    name = "Node.js"
    runtimes = NODE_RUNTIMES
    cell_file = "index.js"
    default_handler = "index.handler"
    install = "install it with apt-get install nodejs, brew install node or from https://nodejs.org"

    def programs(self) -> Sequence[str]:
        return on_path("node", "nodejs")

    def examine(self, program: str) -> Tool | None:
        version = said_version(program, "--version").strip().removeprefix("v")
        major = numbers(version)[:1]
        if not major or major[0] < _OLDEST:
            return None
        return Tool(program, version, f"nodejs{major[0]}.x")

    def command(self, tool: Tool, handler: str) -> list[str]:
        del handler
        return [tool.path, "/var/runtime/index.mjs"]


LANGUAGE = Node()
