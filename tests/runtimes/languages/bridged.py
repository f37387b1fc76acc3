"""A function in any language, built, and behind the bridge: in a process as the engine would have it, without an engine."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import signal
import socket
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from jlambda.runtimes import runtime_api
from jlambda.runtimes.language import Sources, write_files
from jlambda.runtimes.languages import built, choose, client
from tests.runtimes.running import RunningRuntime

ABOUT = {
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/24/[$LATEST]abc",
}


class Bridged(RunningRuntime):
    """The bridge with the runtime that it starts, in place of the fast path."""

    def __init__(self, folder: Path, command: list[str], variables: Mapping[str, str]) -> None:
        self._command = command
        super().__init__(folder / "task", variables=variables, layers_root=str(folder / "opt"))

    def _become_environment(
        self, channel: socket.socket, output: int, folder: Path, variables: Mapping[str, str], start: dict[str, object]
    ) -> NoReturn:
        try:
            self._channel.close()
            faulthandler.disable()
            for descriptor in (1, 2):
                os.dup2(output, descriptor)
            os.environ.clear()
            os.environ.update(variables)
            os.chdir(folder)
            runtime_root = str(folder.parent / "runtime")
            runtime_api.run(channel, {**start, "command": self._command, "runtime_root": runtime_root})
        finally:
            os._exit(99)

    def terminate(self) -> None:
        """Ask the environment to shut down, and wait until it has."""
        os.kill(self.pid, signal.SIGTERM)
        self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self._channel.close()


class Deployed:
    """A function below `folder`: build once, start environments of it."""

    def __init__(self, folder: Path, runtime: str, files: Mapping[str, str], handler: str | None = None) -> None:
        chosen = choose(runtime)
        package = built(chosen, Sources({name: text.encode() for name, text in files.items()}, handler=handler))
        self._folder, self._handler = folder, package.note
        self._command = chosen.language.command(chosen.tool, self._handler)
        self._variables = {"PATH": "/usr/bin:/bin", **chosen.language.variables(chosen.tool, self._handler)}
        _unzip(package.package, folder / "task")
        _unzip(client(chosen), folder / "runtime")

    def add_layer(self, files: Mapping[str, str]) -> None:
        """Put files below /opt."""
        write_files({name: text.encode() for name, text in files.items()}, self._folder / "opt")

    @contextlib.contextmanager
    def running(self, **variables: str) -> Iterator[Bridged]:
        """One environment, with more environment variables."""
        moved = {
            name: value.replace("/opt/", f"{self._folder}/opt/").replace("/var/task", f"{self._folder}/task")
            for name, value in self._variables.items()
        }
        task = {"_HANDLER": self._handler, "LAMBDA_TASK_ROOT": str(self._folder / "task")}
        environment = Bridged(self._folder, self._command, {**moved, **ABOUT, **task, **variables})
        try:
            yield environment
        finally:
            environment.forget()

    def answers(self, *events: object, **variables: str) -> list[Any]:
        """What one environment answers to events, one after another; None where it ended instead."""
        with self.running(**variables) as environment:
            replies = [environment.invoke(event) for event in events]
        return [reply and reply.value for reply in replies]


def _unzip(package: bytes, folder: Path) -> None:
    folder.mkdir()
    if package:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            for info in archive.infolist():
                (folder / archive.extract(info, folder)).chmod(info.external_attr >> 16)
