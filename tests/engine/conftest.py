"""A real engine, and versions made of a few lines of Python."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jlambda.engine.control import Template, wanted_sandbox
from jlambda.engine.engine import Engine
from jlambda.engine.scheduler import Scheduler
from jlambda.model.arn import Account
from jlambda.model.function import FunctionConfiguration
from jlambda.model.invocation import SNAP_START, Outcome, Request
from jlambda.runtimes import python
from jlambda.runtimes.code import CodeStore
from jlambda.runtimes.variables import environment_variables
from jlambda.service.invoke import new_request_id
from tests.conftest import need


@dataclass
class SourceVersion:
    """A version made of source text."""

    source: str
    code: str
    function: str = "f"
    timeout_s: int = 3
    memory_mb: int = 1769
    ephemeral_storage_mb: int = 512
    runtime: str = ""
    layers: str = ""
    has_bridge: bool = False
    has_snapshot: bool = False
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def new_environment(self, initialization: str) -> tuple[str, bytes]:
        """As a deployed version has it."""
        stream = f"2026/11/23/[$LATEST]{uuid.uuid4().hex}"
        configuration = FunctionConfiguration(
            self.function,
            version="1" if self.has_snapshot else "$LATEST",
            handler="lambda_function.handler",
            timeout_s=self.timeout_s,
            memory_mb=self.memory_mb,
            snap_start=self.has_snapshot,
        )
        start = {
            "code": self.code,
            "runtime": self.runtime,
            "layers": self.layers,
            "is_snapshot": initialization == SNAP_START,
            "ephemeral_storage_mb": self.ephemeral_storage_mb,
            "variables": environment_variables(configuration, {}, Account(), stream, python.variables()),
            "entry": python.ENTRY,
            "start": {**python.start(configuration), "function_arn": Account().function_arn(self.function)},
        }
        return stream, json.dumps(start).encode()


@dataclass
class Rig:
    """An engine with what a test wants of it."""

    engine: Engine
    code: CodeStore

    def version(self, source: str, **options: object) -> SourceVersion:
        """A version of a function with this source."""
        package = self.code.put_source(source)
        return SourceVersion(source, f"{package.key}/task", **options)  # type: ignore[arg-type]

    def folder(self, files: dict[str, bytes]) -> str:
        """A folder with these files below the code root, as a START names it."""
        return f"{self.code.put_files(files).key}/task"

    def run(self, version: SourceVersion, event: object = None) -> Outcome:
        """Invoke it, and check the scheduler's books after that."""
        request = Request(new_request_id(), json.dumps({} if event is None else event).encode())
        outcome = self.engine.invoke(version, request, lambda _: None)
        self.engine.scheduler.validate()
        return outcome

    def value(self, version: SourceVersion, event: object = None) -> object:
        """Invoke it and return what it answered."""
        outcome = self.run(version, event)
        assert outcome.status == "success", outcome
        return json.loads(outcome.payload)


MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(tmp_path: Path, no_descriptor_left_behind: None) -> Iterator[MakeRig]:
    """Makes engines: options are those of the scheduler, the sandbox and the engine."""
    made: list[Rig] = []

    def make(
        concurrency: int = 1000,
        keep_alive_s: float = 600.0,
        blanks: int = 1,
        private_root: bool = True,
        landlock: bool = True,
        cpu_limit: bool = True,
        freezer: bool = True,
        tools: tuple[str, ...] = (),
    ) -> Rig:
        state = tmp_path / f"state{len(made)}"
        (state / "code").mkdir(parents=True)
        state.chmod(0o700)
        sandbox = wanted_sandbox(str(state), str(state / "code"), tools, private_root=private_root, landlock=landlock)
        template = Template((python.ENTRY.partition(":")[0], *python.PRELOAD), python.REHEARSE)
        scheduler = Scheduler(concurrency, keep_alive_s)
        engine = Engine(scheduler, sandbox, template, blanks, cpu_limit=cpu_limit, freezer=freezer)
        made.append(Rig(engine, CodeStore(state / "code")))
        return made[-1]

    yield make
    for rig in made:
        rig.engine.close()
        rig.engine.scheduler.validate()


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    """An engine with everything switched on."""
    return make_rig()


TIERS = {"private root": {}, "private root, no Landlock": {"landlock": False}, "Landlock only": {"private_root": False}}


def tier(make_rig: MakeRig, name: str, **options: object) -> Rig:
    """An engine in one tier; the machine must have it."""
    rig = make_rig(**TIERS[name], **options)
    told = rig.engine.protection()
    need("private" not in name or told.sandbox.has_private_root, f"a private root ({told.refusal})")
    need("only" not in name or told.sandbox.landlock_version > 0, "Landlock")
    return rig


@pytest.fixture(params=TIERS)
def any_rig(request: pytest.FixtureRequest, make_rig: MakeRig) -> Rig:
    """Each tier in turn."""
    return tier(make_rig, request.param)


@pytest.fixture(params=["private root", "private root, no Landlock"])
def rooted_rig(request: pytest.FixtureRequest, make_rig: MakeRig) -> Rig:
    """The tiers with a root of its own."""
    return tier(make_rig, request.param)
