"""Functions as the API creates, updates, shows and deletes them."""

from __future__ import annotations

import io
import threading
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import jlambda
from jlambda.errors import (
    CodeError,
    CodeSigningConfigNotFound,
    InvalidParameter,
    LambdaError,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from jlambda.model.function import FunctionConfiguration
from jlambda.model.runtime import NO_LONGER_SUPPORTED, PYTHON_RUNTIMES, THIS_PYTHON
from jlambda.runtimes.languages import language_of
from jlambda.service.functions import ApiFunctions

ROLE = "arn:aws:iam::123456789012:role/r"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


def zipped(text: str = "def handler(event, context): return event") -> bytes:
    """A package with one module, ``app``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", text)
    return buffer.getvalue()


def request(**members: Any) -> dict[str, Any]:
    """What CreateFunction is asked."""
    return {"FunctionName": "f", "Runtime": THIS_PYTHON, "Role": ROLE, "Handler": "app.handler", **members}


class Clock:
    """A clock that moves when it is told to."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def functions(session: jlambda.Session) -> ApiFunctions:
    """Function ``f`` of a session."""
    session.service.functions.create(request(), zipped())
    return session.service.functions


@pytest.fixture
def clock(functions: ApiFunctions) -> Clock:
    """A clock that stands; from now on changes take 5 seconds."""
    clock = Clock()
    functions._clock, functions._settle_s = clock, 5
    return clock


def test_what_is_created_runs(session: jlambda.Session) -> None:
    """The handler as it was given, Lambda's defaults for the rest, and a notebook has the function too."""
    made = session.service.functions.create(request(MemorySize=256, Environment={"Variables": {"STAGE": "dev"}}), zipped())
    assert (made.memory_mb, made.timeout_s, made.handler, made.environment) == (256, 3, "app.handler", {"STAGE": "dev"})
    assert session.get("f")({"a": 1}) == {"a": 1}


def test_details_have_defaults(session: jlambda.Session) -> None:
    """What was not said is as AWS shows it; functions of a cell have a role too."""
    functions = session.service.functions
    made = functions.create(request(), zipped())
    assert functions.details(made) == {
        "Role": ROLE,
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "RevisionId": functions.details(made)["RevisionId"],
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
    }
    of_cell = functions.details(session.deploy("def handler(event, context): 1", "g").configuration)
    assert of_cell["Role"] == "arn:aws:iam::123456789012:role/lambda-role"
    assert (of_cell["State"], of_cell["LastUpdateStatus"]) == ("Active", "Successful")


def test_members_that_are_only_kept(functions: ApiFunctions, session: jlambda.Session) -> None:
    """They come back as they were given, go into versions, and outlive what does not name them."""
    members: dict[str, Any] = {
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k",
        "TracingConfig": {"Mode": "Active"},
        "SnapStart": {"ApplyOn": "PublishedVersions"},
    }
    functions.update_configuration("f", members)
    functions.update_configuration("f", {"Timeout": 5, "Role": f"{ROLE}2"})
    session.deploy("def handler(event, context): 1", "f")
    functions.publish("f", {})
    latest, version = (functions.details(session.control.get(name)) for name in ("f", "f:1"))
    for shown in (latest, version):
        assert shown["Role"] == f"{ROLE}2"
        assert shown["TracingConfig"] == {"Mode": "Active"}
        assert shown["DeadLetterConfig"] == members["DeadLetterConfig"]
        assert shown["KMSKeyArn"] == members["KMSKeyArn"]
        assert shown["VpcConfig"] == {**members["VpcConfig"], "VpcId": "", "Ipv6AllowedForDualStack": False}
    assert latest["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    assert version["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}


def test_members_can_be_taken_away(functions: ApiFunctions, session: jlambda.Session) -> None:
    """An empty ARN is none; a network without subnets is shown as such."""
    functions.update_configuration(
        "f", {"DeadLetterConfig": {"TargetArn": "arn"}, "KMSKeyArn": "arn", "VpcConfig": {"SubnetIds": ["subnet-1"]}}
    )
    functions.update_configuration(
        "f",
        {"DeadLetterConfig": {"TargetArn": ""}, "KMSKeyArn": "", "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}},
    )
    shown = functions.details(session.control.get("f"))
    assert not {"DeadLetterConfig", "KMSKeyArn"} & shown.keys()
    assert shown["VpcConfig"] == {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": False}


def test_logging_follows_aws(functions: ApiFunctions) -> None:
    """JSON brings levels, a change names what it changes, Text takes the levels away."""

    def logging(**members: str) -> tuple[str, str | None, str | None, str]:
        made = functions.update_configuration("f", {"LoggingConfig": members})
        return made.log_format, made.application_log_level, made.system_log_level, made.log_group

    assert logging(LogFormat="JSON") == ("JSON", "INFO", "INFO", "/aws/lambda/f")
    assert logging(ApplicationLogLevel="DEBUG", LogGroup="g") == ("JSON", "DEBUG", "INFO", "g")
    assert logging(LogFormat="Text") == ("Text", None, None, "g")


def test_a_change_settles(functions: ApiFunctions, session: jlambda.Session, clock: Clock) -> None:
    """Pending, then Active; InProgress, then Successful; each with a revision of its own, and no change meanwhile."""

    def shown() -> Mapping[str, Any]:
        return functions.details(session.control.get("f"))

    seen = [shown()["RevisionId"]]
    functions.delete("f")
    made = functions.details(functions.create(request(), zipped()))
    assert made["State"] == shown()["State"] == "Pending"
    assert made["RevisionId"] == shown()["RevisionId"]
    seen.append(made["RevisionId"])
    with pytest.raises(ResourceConflict, match="The function is currently in the following state: Pending"):
        functions.publish("f", {})
    clock.now += 5
    assert (shown()["State"], shown()["LastUpdateStatus"]) == ("Active", "Successful")
    seen.append(shown()["RevisionId"])
    updates: list[Callable[[], FunctionConfiguration]] = [
        lambda: functions.update_configuration("f", {}),
        lambda: functions.update_code("f", {}, zipped("a = 1")),
    ]
    for update in updates:
        changed = functions.details(update())
        assert changed == shown()
        assert (changed["State"], changed["LastUpdateStatus"]) == ("Active", "InProgress")
        assert changed["LastUpdateStatusReasonCode"] == "Creating"
        seen.append(changed["RevisionId"])
        with pytest.raises(ResourceConflict) as caught:
            functions.update_configuration("f", {})
        assert str(caught.value) == (
            f"The operation cannot be performed at this time. An update is in progress for resource: {ARN}"
        )
        clock.now += 5
        assert shown()["LastUpdateStatus"] == "Successful"
        seen.append(shown()["RevisionId"])
    assert len(set(seen)) == len(seen) == 7


def test_what_settles_at_once_is_seen_by_who_makes_it(functions: ApiFunctions, session: jlambda.Session) -> None:
    """The answer says InProgress; whoever looks afterwards sees what came of it."""
    changed = functions.details(functions.update_configuration("f", {"Description": "d"}))
    now = functions.details(session.control.get("f"))
    assert (changed["LastUpdateStatus"], now["LastUpdateStatus"]) == ("InProgress", "Successful")
    assert changed["RevisionId"] != now["RevisionId"]


def test_revisions_are_checked(functions: ApiFunctions, session: jlambda.Session) -> None:
    """The one that was shown last is taken, an earlier one is not."""
    old = functions.details(session.control.get("f"))["RevisionId"]
    functions.update_configuration("f", {"RevisionId": old, "Timeout": 5})
    changes: list[Callable[[], FunctionConfiguration]] = [
        lambda: functions.update_configuration("f", {"RevisionId": old}),
        lambda: functions.update_code("f", {"RevisionId": old}, zipped()),
        lambda: functions.publish("f", {"RevisionId": old}),
    ]
    for act in changes:
        with pytest.raises(PreconditionFailed, match=r"Call the GetFunction/GetAlias API to retrieve the latest Revision Id$"):
            act()
    functions.publish("f", {"RevisionId": functions.details(session.control.get("f"))["RevisionId"]})


def test_versions_come_with_changes(functions: ApiFunctions, session: jlambda.Session) -> None:
    """Publish makes the first or the next one, which is as far as the change; nothing new makes no new one."""
    made = functions.create(request(FunctionName="g", Publish=True), zipped())
    assert (made.version, functions.details(made)["State"]) == ("1", "Pending")
    assert functions.details(session.control.get("g:1"))["State"] == "Active"
    again = functions.publish("g", {"Description": "another"})
    assert (again.version, functions.details(again)["LastUpdateStatus"]) == ("1", "Successful")
    updated = functions.update_code("g", {"Publish": True}, zipped("a = 1"))
    assert (updated.version, functions.details(updated)["LastUpdateStatus"]) == ("2", "InProgress")
    assert functions.publish("g", {}).version == "2"
    with pytest.raises(InvalidParameter, match=r"^CodeSHA256 \(x\) is different from current CodeSHA256 in \$LATEST \("):
        functions.publish("g", {"CodeSha256": "x"})


def test_a_dry_run_changes_nothing(functions: ApiFunctions, session: jlambda.Session) -> None:
    """It tells the digest that the code would have."""
    before = session.control.get("f")
    would = functions.update_code("f", {"DryRun": True}, zipped("a = 1"))
    assert would.code_sha256 != before.code_sha256
    assert session.control.get("f") == before


def test_layers_are_chosen_shown_and_kept(functions: ApiFunctions, session: jlambda.Session) -> None:
    """With their sizes; a deleted version stays with who has it, and is gone with the last of them."""
    layer = session.service.layers.publish("tools", zipped("tools = 1"))
    arn = session.service.layers.arn("tools", 1)
    functions.update_configuration("f", {"Layers": [arn]})
    session.service.layers.delete("tools", 1)
    functions.update_configuration("f", {"Timeout": 5})
    shown = functions.details(session.control.get("f"))
    assert shown["Layers"] == [{"Arn": arn, "CodeSize": layer.code_size}]
    functions.update_configuration("f", {"Layers": []})
    assert "Layers" not in functions.details(session.control.get("f"))
    with pytest.raises(InvalidParameter, match=f"Layer version {arn} does not exist"):
        functions.update_configuration("f", {"Layers": [arn]})
    with pytest.raises(InvalidParameter, match="layers is str: use a list"):
        session.deploy("def handler(event, context): 1", "f", layers=arn)


def test_secrets_stay_secret(session: jlambda.Session) -> None:
    """Masked as they are shown they keep their values, with another they are secrets still; left out they are gone."""
    functions = session.service.functions
    session.deploy("def handler(event, context): 1", "f", secrets={"ONE": "1" * 9, "TWO": "2" * 9})

    def update(variables: dict[str, str]) -> tuple[dict[str, str], tuple[str, ...], dict[str, str]]:
        changed = functions.update_configuration("f", {"Environment": {"Variables": variables}})
        return dict(changed.environment), changed.secrets, session.control._secrets.values("f")

    assert update({"ONE": "***", "TWO": "***", "A_": "1"}) == ({"A_": "1"}, ("ONE", "TWO"), {"ONE": "1" * 9, "TWO": "2" * 9})
    assert update({"ONE": "another", "A_": "***"}) == ({"A_": "***"}, ("ONE",), {"ONE": "another"})
    with pytest.raises(InvalidParameter, match="exceeded the 4KB limit") as refused:
        update({"ONE": "not to be shown", "A_": "x" * 5000})
    assert "not to be shown" not in str(refused.value)
    with pytest.raises(InvalidParameter, match="4 KB"):  # with what the mask stands for
        update({"ONE": "y" * 4000, "A_": "x" * 2000})
    assert update({}) == ({}, (), {})
    assert functions.update_configuration("f", {"Environment": {}}).environment == {}


def test_all_that_a_function_has_goes_with_it(functions: ApiFunctions, session: jlambda.Session) -> None:
    """Policies, URLs, tags, settings and reservations; a version takes its own along."""
    service = session.service
    functions.publish("f", {})
    service.tags.add(ARN, {"a": "1"})
    for qualifier in (None, "1"):
        service.permissions.add("f", qualifier, {"StatementId": "s", "Action": "lambda:*", "Principal": "*"})
        service.event_invoke.put("f", qualifier, {"MaximumRetryAttempts": 0})
    service.urls.create("f", None, {"AuthType": "NONE"})
    service.settings.put_recursion("f", "Allow")
    session.reservations.reserve("f", 5)
    functions.delete("f", "1")
    assert [each.qualifier for each in service.event_invoke.list("f")] == ["$LATEST"]
    functions.delete("f")
    functions.create(request(), zipped())
    assert (service.tags.list(ARN), service.urls.list("f"), service.event_invoke.list("f")) == ({}, [], [])
    assert (service.settings.recursion("f"), session.reservations.reserved("f")) == ("Terminate", None)
    with pytest.raises(ResourceNotFound):
        service.permissions.get("f")


def test_a_function_is_born_with_tags_and_code_signing(session: jlambda.Session) -> None:
    """Both are checked before anything is made."""
    service = session.service
    signing = service.code_signing.create({"AllowedPublishers": {"SigningProfileVersionArns": ["arn"]}})
    arn = service.code_signing.arn(signing)
    with pytest.raises(InvalidParameter, match="Number of tags exceeds"):
        service.functions.create(request(Tags=dict.fromkeys(map(str, range(51)), "")), zipped())
    with pytest.raises(CodeSigningConfigNotFound):
        service.functions.create(request(CodeSigningConfigArn=f"{arn}x"), zipped())
    service.functions.create(request(Tags={"a": "1"}, CodeSigningConfigArn=arn), zipped())
    assert service.tags.list(ARN) == {"a": "1"}
    assert service.code_signing.chosen("f") == ("f", arn)


def test_nothing_is_left_of_what_is_deleted(session: jlambda.Session) -> None:
    """Tags and policies go with mappings, code signing configurations and layer versions; too many tags make none of them."""
    service, many = session.service, dict.fromkeys(map(str, range(51)), "")
    service.functions.create(request(), zipped())
    session.client("sqs").create_queue(QueueName="q")
    source = {"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:q", "FunctionName": "f"}
    publishers = {"AllowedPublishers": {"SigningProfileVersionArns": ["arn"]}}
    makers: list[Callable[[], object]] = [
        lambda: service.mappings.create({**source, "Tags": many}),
        lambda: service.code_signing.create({**publishers, "Tags": many}),
    ]
    for make in makers:
        with pytest.raises(InvalidParameter, match="Number of tags exceeds"):
            make()
    assert (service.mappings.list(), service.code_signing.list()) == ([], [])
    mapping, signing = service.mappings.create(source), service.code_signing.create(publishers)
    service.layers.publish("tools", zipped())
    service.permissions.add_to_layer("tools", 1, {"StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"})
    for arn in (service.mappings.arn(mapping), service.code_signing.arn(signing)):
        service.tags.add(arn, {"a": "1"})
    service.mappings.delete(mapping.uuid)
    service.code_signing.delete(service.code_signing.arn(signing))
    service.layers.delete("tools", 1)
    service.functions.delete("f")
    database = service.layers._versions._database
    assert database.execute("select owner, kind from resources where kind <> 'inventory'") == [("layer:tools", "layer-version")]


def another_python() -> str:
    """A version of Python that Lambda has and this machine has not."""
    here = {tool.runtime for tool in language_of(THIS_PYTHON).tools()}
    there = [name for name in PYTHON_RUNTIMES if name not in here | NO_LONGER_SUPPORTED]
    assert there, "every version of Python is installed here"
    return there[-1]


def test_another_version_of_python_serves_with_a_warning(session: jlambda.Session) -> None:
    """The nearest one that there is, said once; the function is of the runtime that was asked for."""
    create = session.service.functions.create
    source = "import os\ndef handler(event, context): return os.environ['AWS_EXECUTION_ENV']"
    with pytest.warns(RuntimeWarning, match=f"runtime {another_python()} runs on Python"):
        create(request(Runtime=another_python()), zipped(source))
    assert session.get("f")({}) == f"AWS_Lambda_{another_python()}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create(request(FunctionName="g", Runtime=another_python()), zipped(source))


def test_a_strict_session_wants_the_version_itself(tmp_path: Path) -> None:
    """What would run on another version is refused, of the API and of a cell."""
    with jlambda.Session(tmp_path / "state", strict_runtimes=True) as session:
        refused = f"runtime {another_python()} is not installed"
        with pytest.raises(InvalidParameter, match=refused):
            session.service.functions.create(request(Runtime=another_python()), zipped())
        session.service.functions.create(request(), zipped())
        with pytest.raises(InvalidParameter, match=refused):
            session.service.functions.update_configuration("f", {"Runtime": another_python()})
        with pytest.raises(InvalidParameter, match=refused):
            session.deploy("def handler(event, context): return event", "g", runtime=another_python())


LARGE = {"LARGE_VAR": "x" * 4_096}


@pytest.mark.parametrize(
    ("members", "error", "said"),
    [
        ({}, ResourceConflict, "Function already exist: f"),
        (
            {"FunctionName": "a" * 65},
            InvalidParameter,
            f"1 validation error detected: Value '{'a' * 65}' at 'functionName' failed to satisfy constraint: Member must have "
            "length less than or equal to 64",
        ),
        (
            {"FunctionName": "g", "Handler": None},
            InvalidParameter,
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ),
        (
            {"FunctionName": "g", "Runtime": "python3.7"},
            InvalidParameter,
            "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda functions. We "
            "recommend you use a supported runtime while creating or updating functions.",
        ),
        (
            {"FunctionName": "g", "Environment": {"Variables": LARGE}},
            InvalidParameter,
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            f'exceeded the 4KB limit. String measured: {{"LARGE_VAR":"{LARGE["LARGE_VAR"]}"}}',
        ),
        (
            {"FunctionName": "g", "Environment": {"Variables": {"AWS_REGION": "x"}}},
            InvalidParameter,
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            "contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
            "AWS_REGION",
        ),
        (
            {"FunctionName": "g", "PackageType": "Image"},
            InvalidParameter,
            "PackageType: container images cannot be run here: give the code as a zip",
        ),
        (
            {"FunctionName": "g", "DurableConfig": {"ExecutionTimeout": 5}},
            InvalidParameter,
            "DurableConfig: durable functions are not there yet: leave it out",
        ),
        (
            {"FunctionName": "g", "Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:x:1"]},
            InvalidParameter,
            "Layer version arn:aws:lambda:us-east-1:123456789012:layer:x:1 does not exist.",
        ),
        (
            {"FunctionName": "f:1"},
            InvalidParameter,
            "function name 'f:1': a new function has neither versions nor aliases to name",
        ),
    ],
)
def test_what_cannot_be_created(
    functions: ApiFunctions, session: jlambda.Session, members: dict[str, Any], error: type[LambdaError], said: str
) -> None:
    """AWS's words, and nothing comes to be."""
    with pytest.raises(error) as caught:
        functions.create(request(**members), zipped())
    assert caught.value.aws_message == said
    assert [each.name for each in session.functions()] == ["f"]


def test_what_is_not_there_cannot_be_changed(functions: ApiFunctions) -> None:
    """AWS's words."""
    missing = f"Function not found: {ARN[:-1]}h"
    for act in (
        lambda: functions.update_configuration("h", {}),
        lambda: functions.update_code("h", {}, zipped()),
        lambda: functions.publish("h", {}),
        lambda: functions.delete("h"),
    ):
        with pytest.raises(ResourceNotFound) as caught:
            act()
        assert caught.value.aws_message == missing
    with pytest.raises(ResourceNotFound) as caught:
        functions.delete("f", "9")
    assert caught.value.aws_message == f"Function not found: {ARN}:9"
    with pytest.raises(InvalidParameter, match=r"^\$LATEST version cannot be deleted without deleting the function\.$"):
        functions.delete("f", "$LATEST")
    with pytest.raises(InvalidParameter, match="Deletion of aliases is not currently supported"):
        functions.delete("f", "live")
    with pytest.raises(CodeError, match="Could not unzip uploaded file"):
        functions.update_code("f", {}, b"nonsense")


def test_the_accounts_figures(functions: ApiFunctions, session: jlambda.Session) -> None:
    """Every version of functions and layers counts with its zip; reservations take from what is unreserved."""
    functions.publish("f", {})
    session.service.layers.publish("tools", zipped("1"))
    session.reservations.reserve("f", 100)
    found = session.service.account_settings()
    assert (found.functions, found.stored) == (1, 2 * len(zipped()) + len(zipped("1")))
    assert (found.concurrency, found.unreserved_concurrency) == (1_000, 900)
    assert (found.stored_limit, found.unzipped_limit, found.zipped_limit) == (80_530_636_800, 262_144_000, 52_428_800)
    assert session.service.package(session.control.get("f").code_sha256) == zipped()
    assert session.service.package("nothing") is None


def test_concurrent_changes_are_one_after_the_other(functions: ApiFunctions, session: jlambda.Session) -> None:
    """Of many creations of a name one wins; every version that is promised is there, under a number of its own."""
    created: list[str] = []
    published: list[str] = []

    def work(number: int) -> None:
        try:
            functions.create(request(FunctionName="g"), zipped(f"a = {number}"))
            created.append("g")
        except ResourceConflict:
            pass
        published.append(functions.update_code("f", {"Publish": True}, zipped(f"a = {number}")).version)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert created == ["g"]
    assert sorted(published, key=int) == [str(number) for number in range(1, 13)]
    kept = [each.version for each in session.control.versions("f")]
    assert kept == ["$LATEST", *sorted(published, key=int)]
