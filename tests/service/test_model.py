"""The control plane beside a model of it: whatever is asked for in whatever order, both say the same."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import jlambda
from jlambda.errors import InvalidParameter, LambdaError, PreconditionFailed, ResourceConflict, ResourceNotFound
from jlambda.model.alias import Alias
from jlambda.model.runtime import THIS_PYTHON

names = st.sampled_from(["f", "g"])
aliases = st.sampled_from(["live", "test"])
versions = st.sampled_from(["$LATEST", "1", "2", "3"])
codes = st.integers(0, 2)


@cache
def package(code: int) -> bytes:
    """One of a few packages."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), f"a = {code}")
    return buffer.getvalue()


@dataclass
class Function:
    """What the model knows of a function: (code, timeout, description) of $LATEST and of each version, and more."""

    code: int
    timeout: int
    description: str = ""
    versions: dict[str, tuple[int, int]] = field(default_factory=dict)
    last: int = 0
    aliases: dict[str, str] = field(default_factory=dict)
    statements: dict[str, set[str]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class ControlPlane(RuleBasedStateMachine):
    """Each rule does the same to both, and expects the same refusal."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.session = jlambda.Session(self.folder / "state")
        self.service, self.control = self.session.service, self.session.control
        self.model: dict[str, Function] = {}
        self.layers: dict[int, bool] = {}

    def teardown(self) -> None:
        """Nothing stays."""
        self.session.close()
        shutil.rmtree(self.folder)

    def refused(self, *errors: type[LambdaError]) -> _Refused:
        """Whether the block is refused, which it must be for the model's reason."""
        return _Refused(errors)

    @rule(name=names, code=codes, publish=st.booleans())
    def create(self, name: str, code: int, publish: bool) -> None:
        """A name is taken once."""
        request = {"FunctionName": name, "Runtime": THIS_PYTHON, "Role": "r", "Handler": "app.h", "Publish": publish}
        with self.refused(*([ResourceConflict] if name in self.model else [])):
            self.service.functions.create(request, package(code))
            self.model[name] = Function(code, 3)
            if publish:
                self._publish(name)

    @rule(name=names, code=codes, publish=st.booleans())
    def update_code(self, name: str, code: int, publish: bool) -> None:
        """Other code, and a version of it if there is none."""
        with self.refused(*([] if name in self.model else [ResourceNotFound])):
            made = self.service.functions.update_code(name, {"Publish": publish}, package(code))
            self.model[name].code = code
            if publish:
                assert made.version == self._publish(name)

    @rule(name=names, timeout=st.integers(3, 5), is_stale=st.booleans())
    def configure(self, name: str, timeout: int, is_stale: bool) -> None:
        """A revision that is not the latest is refused."""
        request = {"Timeout": timeout, **({"RevisionId": "stale"} if is_stale else {})}
        wanted = [ResourceNotFound] if name not in self.model else [PreconditionFailed] if is_stale else []
        with self.refused(*wanted):
            self.service.functions.update_configuration(name, request)
            self.model[name].timeout = timeout

    @rule(name=names)
    def publish(self, name: str) -> None:
        """The last version again if nothing changed since."""
        with self.refused(*([] if name in self.model else [ResourceNotFound])):
            made = self.service.functions.publish(name, {})
            assert made.version == self._publish(name)

    def _publish(self, name: str) -> str:
        function = self.model[name]
        what = (function.code, function.timeout)
        highest = max(function.versions, key=int, default=None)
        if highest is not None and function.versions[highest] == what:
            return highest
        function.last += 1
        function.versions[str(function.last)] = what
        return str(function.last)

    @rule(name=names, version=versions)
    def delete_version(self, name: str, version: str) -> None:
        """$LATEST stays, and so does what an alias points to."""
        wanted: list[type[LambdaError]] = []
        function = self.model.get(name)
        if version == "$LATEST":
            wanted = [InvalidParameter]
        elif function is None or version not in function.versions:
            wanted = [ResourceNotFound]
        elif version in function.aliases.values():
            wanted = [ResourceConflict]
        with self.refused(*wanted):
            self.service.functions.delete(name, version)
            assert function is not None
            del function.versions[version]
            function.statements.pop(version, None)

    @rule(name=names, alias=aliases, version=versions)
    def create_alias(self, name: str, alias: str, version: str) -> None:
        """It points to what is there, and has a name of its own."""
        function = self.model.get(name)
        is_there = function is not None and (version == "$LATEST" or version in function.versions)
        wanted = [ResourceNotFound] if not is_there else [ResourceConflict] if alias in self.model[name].aliases else []
        with self.refused(*wanted):
            self.control.create_alias(Alias(alias, name, version))
            self.model[name].aliases[alias] = version

    @rule(name=names, alias=aliases, version=versions)
    def move_alias(self, name: str, alias: str, version: str) -> None:
        """To what is there."""
        function = self.model.get(name)
        is_there = function is not None and alias in function.aliases
        can_be = function is not None and (version == "$LATEST" or version in function.versions)
        with self.refused(*([] if is_there and can_be else [ResourceNotFound])):
            self.control.update_alias(Alias(alias, name, version))
            self.model[name].aliases[alias] = version

    @rule(name=names, alias=aliases)
    def delete_alias(self, name: str, alias: str) -> None:
        """Its policy goes with it; one that is not there is no error."""
        with self.refused(*([] if name in self.model else [ResourceNotFound])):
            self.control.delete_alias(name, alias)
            if self.model[name].aliases.pop(alias, None) is not None:
                self.model[name].statements.pop(alias, None)

    @rule(name=names, qualifier=st.sampled_from(["", "1", "2", "live"]), statement=st.sampled_from(["s1", "s2"]))
    def permit(self, name: str, qualifier: str, statement: str) -> None:
        """Each qualifier has statements of its own."""
        function = self.model.get(name)
        is_there = function is not None and (qualifier in ("", *function.versions, *function.aliases))
        has = is_there and statement in self.model[name].statements.get(qualifier, set())
        request = {"StatementId": statement, "Action": "lambda:*", "Principal": "*"}
        with self.refused(*([ResourceNotFound] if not is_there else [ResourceConflict] if has else [])):
            self.service.permissions.add(name, qualifier or None, request)
            self.model[name].statements.setdefault(qualifier, set()).add(statement)

    @rule(name=names, key=st.sampled_from(["a", "b"]), value=st.sampled_from(["1", "2"]))
    def tag(self, name: str, key: str, value: str) -> None:
        """Tags replace each other by key."""
        with self.refused(*([] if name in self.model else [ResourceNotFound])):
            self.service.tags.add(self.session.account.function_arn(name), {key: value})
            self.model[name].tags[key] = value

    @rule(name=names)
    def delete(self, name: str) -> None:
        """All that it has goes with it."""
        with self.refused(*([] if name in self.model else [ResourceNotFound])):
            self.service.functions.delete(name)
            del self.model[name]

    @rule(code=codes)
    def publish_layer(self, code: int) -> None:
        """Numbers go up."""
        made = self.service.layers.publish("layer", package(code))
        assert made.version == len(self.layers) + 1
        self.layers[made.version] = True

    @rule(version=st.integers(1, 4))
    def delete_layer(self, version: int) -> None:
        """One that is not there is no error."""
        self.service.layers.delete("layer", version)
        if version in self.layers:
            self.layers[version] = False

    @rule()
    def reopen(self) -> None:
        """What was said is still so in the next session."""
        self.session.close()
        self.session = jlambda.Session(self.folder / "state")
        self.service, self.control = self.session.service, self.session.control

    @invariant()
    def both_are_the_same(self) -> None:
        """Functions, versions, aliases, policies, tags and layers; and all code that they need is there."""
        digests = {self.service.functions._code.put_zip(package(code)).sha256: code for code in range(3)}
        assert {each.name for each in self.control.list()} == self.model.keys()
        for name, function in self.model.items():
            latest, *published = self.control.versions(name)
            assert (digests[latest.code_sha256], latest.timeout_s) == (function.code, function.timeout)
            assert {each.version: (digests[each.code_sha256], each.timeout_s) for each in published} == function.versions
            assert {each.name: each.version for each in self.control.aliases(name)} == function.aliases
            assert self.service.tags.of(f"function:{name}") == function.tags
            for qualifier in ("", "1", "2", "live"):
                assert self._statements(name, qualifier) == function.statements.get(qualifier, set())
            for version in ("$LATEST", *function.versions):
                self.control.version(name, version)
        assert {each.version for each in self.service.layers.versions("layer")} == {
            version for version, is_there in self.layers.items() if is_there
        }

    def _statements(self, name: str, qualifier: str) -> set[str]:
        try:
            return {statement["Sid"] for statement in self.service.permissions.get(name, qualifier or None).statements}
        except ResourceNotFound:
            return set()


class _Refused:
    """A block that raises one of `errors`, if there are any, and nothing otherwise."""

    def __init__(self, errors: tuple[type[LambdaError], ...]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not self._errors:
            return False
        assert kind is not None, f"expected {self._errors}"
        return issubclass(kind, self._errors)


TestControlPlane = ControlPlane.TestCase
TestControlPlane.settings = settings(max_examples=10, stateful_step_count=25, deadline=None)
