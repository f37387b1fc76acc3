"""The life of a function through boto3."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from tests.api.conftest import Functions
from tests.api.packages import ROLE, RUNTIME, zipped

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    """The members of an answer."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def call(client: Any, **options: Any) -> Any:
    """What a function answers."""
    answer = client.invoke(FunctionName="f", **options)
    assert "FunctionError" not in answer
    return json.loads(answer["Payload"].read())


def test_a_new_function_has_all_that_aws_gives_it(client: Any, create: Functions) -> None:
    """Member for member: what was asked for, defaults, true digests, and Pending until it is Active."""
    package = zipped({"app.py": "def handler(event, context): return event\n"})
    made = create("f", Code={"ZipFile": package})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    answered = without_metadata(made)
    assert STAMP.fullmatch(answered.pop("LastModified"))
    assert re.fullmatch(r"[0-9a-f-]{36}", answered.pop("RevisionId"))
    assert answered.pop("RuntimeVersionConfig")["RuntimeVersionArn"].startswith("arn:aws:lambda:us-east-1::runtime:")
    assert answered == {
        "FunctionName": "f",
        "FunctionArn": arn,
        "Runtime": RUNTIME,
        "Role": ROLE,
        "Handler": "app.handler",
        "CodeSize": len(package),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "CodeSha256": base64.b64encode(hashlib.sha256(package).digest()).decode(),
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
    }
    client.get_waiter("function_active_v2").wait(FunctionName="f")
    found = client.get_function(FunctionName="f")
    assert (found["Configuration"]["State"], found["Configuration"]["LastUpdateStatus"]) == ("Active", "Successful")
    assert found["Code"]["RepositoryType"] == "S3"
    with urllib.request.urlopen(found["Code"]["Location"]) as download:
        assert download.read() == package
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(found["Code"]["Location"].replace("X-Amz-Expires=600", "X-Amz-Expires=601"))


def test_an_update_moves_the_revision_and_the_code(client: Any, create: Functions) -> None:
    """Each update is InProgress, then Successful; revisions are preconditions; what is not given stays."""
    made = create("f", Environment={"Variables": {"STAGE": "dev"}}, Timeout=5)
    code = zipped({"app.py": "import os\ndef handler(event, context): return [os.environ['STAGE'], event]\n"})
    changed = client.update_function_code(FunctionName="f", ZipFile=code)
    assert (changed["LastUpdateStatus"], changed["LastUpdateStatusReasonCode"]) == ("InProgress", "Creating")
    assert changed["CodeSha256"] != made["CodeSha256"]
    client.get_waiter("function_updated_v2").wait(FunctionName="f")
    now = client.get_function_configuration(FunctionName="f")
    assert len({each["RevisionId"] for each in (made, changed, now)}) == 3
    assert call(client, Payload=b"1") == ["dev", 1]
    with pytest.raises(client.exceptions.PreconditionFailedException):
        client.update_function_configuration(FunctionName="f", RevisionId=made["RevisionId"], MemorySize=256)
    changed = client.update_function_configuration(
        FunctionName="f", RevisionId=now["RevisionId"], MemorySize=256, Environment={"Variables": {"STAGE": "prod"}}
    )
    assert (changed["MemorySize"], changed["Timeout"], changed["Environment"]) == (256, 5, {"Variables": {"STAGE": "prod"}})
    assert call(client, Payload=b"2") == ["prod", 2]


def test_a_dry_run_changes_nothing(client: Any, create: Functions) -> None:
    """UpdateFunctionCode says what it would do."""
    create("f")
    before = client.get_function_configuration(FunctionName="f")
    would = client.update_function_code(FunctionName="f", ZipFile=zipped({"app.py": "x = 1\n"}), DryRun=True)
    assert would["CodeSha256"] != before["CodeSha256"]
    assert without_metadata(client.get_function_configuration(FunctionName="f")) == without_metadata(before)


def test_versions_and_aliases(client: Any, create: Functions) -> None:
    """A version never changes, an alias moves, qualifiers show in ARNs and in what is executed."""
    create("f", "def handler(event, context): return [1, context.invoked_function_arn]\n")
    one = client.publish_version(FunctionName="f", Description="first")
    assert (one["Version"], one["Description"]) == ("1", "first")
    assert one["FunctionArn"].endswith(":function:f:1")
    assert client.publish_version(FunctionName="f")["Version"] == "1"
    client.update_function_code(FunctionName="f", ZipFile=zipped({"app.py": "def handler(event, context): return [2, '']\n"}))
    two = client.publish_version(FunctionName="f", CodeSha256=client.get_function_configuration(FunctionName="f")["CodeSha256"])
    assert two["Version"] == "2"
    alias = client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert alias["AliasArn"].endswith(":function:f:live")
    for reference in (
        {"FunctionName": "f", "Qualifier": "live"},
        {"FunctionName": "f:live"},
        {"FunctionName": alias["AliasArn"]},
    ):
        answer = client.invoke(**reference)
        assert answer["ExecutedVersion"] == "1"
        assert json.loads(answer["Payload"].read()) == [1, alias["AliasArn"]]
    moved = client.update_alias(FunctionName="f", Name="live", FunctionVersion="2", RevisionId=alias["RevisionId"])
    assert (moved["FunctionVersion"], client.invoke(FunctionName="f:live")["ExecutedVersion"]) == ("2", "2")
    client.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}})
    versions = {client.invoke(FunctionName="f:live")["ExecutedVersion"] for _ in range(40)}
    assert versions == {"1", "2"}  # a fair coin shows both but once in 2**39
    listed = client.list_versions_by_function(FunctionName="f")["Versions"]
    assert [each["FunctionArn"].rpartition(":")[2] for each in listed] == ["$LATEST", "1", "2"]
    assert [each["Name"] for each in client.list_aliases(FunctionName="f", FunctionVersion="2")["Aliases"]] == ["live"]
    client.delete_alias(FunctionName="f", Name="live")
    client.delete_function(FunctionName="f", Qualifier="1")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match=r"function:f:1$"):
        client.get_function(FunctionName="f", Qualifier="1")


def test_lists_come_in_pages(client: Any, create: Functions) -> None:
    """MaxItems is the size of a page, NextMarker leads to the next; paginators see all, once, in order."""
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        create(name)
    first = client.list_functions(MaxItems=2)
    assert [each["FunctionName"] for each in first["Functions"]] == names[:2]
    assert client.list_functions(MaxItems=2, Marker=first["NextMarker"])["Functions"][0]["FunctionName"] == names[2]
    pages = list(client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    assert [[each["FunctionName"] for each in page["Functions"]] for page in pages] == [names[:2], names[2:4], names[4:]]
    assert "State" not in first["Functions"][0]
    for timeout_s in (10, 20, 30):
        client.update_function_configuration(FunctionName=names[0], Timeout=timeout_s)
        client.publish_version(FunctionName=names[0])
    paginator = client.get_paginator("list_versions_by_function")
    pages = list(paginator.paginate(FunctionName=names[0], PaginationConfig={"PageSize": 1}))
    found = [each["Version"] for page in pages for each in page["Versions"]]
    assert found == ["$LATEST", "1", "2", "3"]
    every = client.list_functions(FunctionVersion="ALL")["Functions"]
    assert [each["Version"] for each in every if each["FunctionName"] == names[0]] == ["$LATEST", "1", "2", "3"]


def test_a_package_runs_as_it_was_packed(client: Any, create: Functions) -> None:
    """Several files, a dependency inside, a handler in a nested module, modes of files, with either separator."""
    files = {
        "src/__init__.py": "",
        "src/api/__init__.py": "",
        "src/api/main.py": (
            "import os, subprocess\nfrom vendored import answer\nfrom src import helper\n"
            "def run(event, context):\n"
            "    tool = os.environ['LAMBDA_TASK_ROOT'] + '/bin/tool'\n"
            "    data = os.environ['LAMBDA_TASK_ROOT'] + '/data.txt'\n"
            "    out = subprocess.run([tool], capture_output=True, text=True).stdout.strip()\n"
            "    return [answer(), helper.TEXT, out, os.access(data, os.X_OK), open(data, encoding='utf-8').read()]\n"
        ),
        "src/helper.py": "TEXT = 'nested'\n",
        "vendored/__init__.py": "def answer(): return 42\n",
        "bin/tool": "#!/bin/sh\necho ran\n",
        "data.txt": "häh",
    }
    modes = {"bin/tool": stat.S_IFREG | 0o755}
    create("f", Code={"ZipFile": zipped(files, modes)}, Handler="src.api.main.run", Timeout=30)
    assert call(client) == [42, "nested", "ran", False, "häh"]
    client.update_function_configuration(FunctionName="f", Handler="src/api/main.run")
    assert call(client) == [42, "nested", "ran", False, "häh"]


@pytest.mark.parametrize(
    ("files", "modes", "said"),
    [
        ({"../evil.py": ""}, {}, "lies outside"),
        ({"/etc/evil.py": ""}, {}, "lies outside"),
        ({"a/../../evil.py": ""}, {}, "lies outside"),
        ({"link": "/etc/passwd"}, {"link": stat.S_IFLNK | 0o777}, "leads out of the package"),
        ({"link": "../../.."}, {"link": stat.S_IFLNK | 0o777}, "leads out of the package"),
        ({"bomb": bytes(262_144_001)}, {}, r"^Unzipped size must be smaller than 262144000 bytes$"),
    ],
)
def test_a_zip_that_would_do_harm(
    client: Any, create: Functions, files: dict[str, str | bytes], modes: dict[str, int], said: str
) -> None:
    """Nothing is written outside, links stay inside, a bomb is stopped while it unpacks; nothing is made."""
    with pytest.raises(client.exceptions.InvalidParameterValueException) as caught:
        create("f", Code={"ZipFile": zipped({"app.py": "", **files}, modes)})
    assert re.search(said, caught.value.response["Error"]["Message"])
    assert client.list_functions()["Functions"] == []


def test_a_link_inside_of_a_package_is_kept(client: Any, create: Functions) -> None:
    """Virtual environments and Node have them."""
    files = {"app.py": "import os\ndef handler(event, context): return [os.readlink('alias.txt'), open('alias.txt').read()]\n"}
    create("f", Code={"ZipFile": zipped({**files, "a.txt": "A", "alias.txt": "a.txt"}, {"alias.txt": stat.S_IFLNK | 0o777})})
    assert call(client) == ["a.txt", "A"]


def test_the_notebook_and_the_api_have_the_same_functions(shared: jlambda.Session, client: Any, create: Functions) -> None:
    """What boto3 made can be called here, and what a cell deployed is there for boto3."""
    create("f", "def handler(event, context): return {'from': 'boto3', **event}\n", MemorySize=256)
    assert shared.get("f")({"a": 1}) == {"from": "boto3", "a": 1}
    shared.deploy("def handler(event, context): return 'from a cell'", "cell", secrets={"TOKEN": "s3cr3t-value"})
    try:
        found = client.get_function_configuration(FunctionName="cell")
        assert found["Handler"] == "lambda_function.handler"
        assert "s3cr3t" not in json.dumps(found, default=str)
        assert json.loads(client.invoke(FunctionName="cell")["Payload"].read()) == "from a cell"
    finally:
        shared.delete("cell")


def test_a_configuration_that_is_read_and_written_back_keeps_its_secrets(shared: jlambda.Session, client: Any) -> None:
    """As tools do that change one member of Environment: the function has the value, and nobody else sees it."""
    source = (
        "import os\ndef handler(event, context): return [os.environ.get('TOKEN') == 's3cr3t-value', os.environ.get('STAGE')]"
    )
    shared.deploy(source, "cell", secrets={"TOKEN": "s3cr3t-value"})
    try:
        found = client.get_function_configuration(FunctionName="cell")["Environment"]
        found["Variables"]["STAGE"] = "dev"
        changed = client.update_function_configuration(FunctionName="cell", Environment=found)
        assert changed["Environment"] == {"Variables": {"TOKEN": "***", "STAGE": "dev"}}
        assert json.loads(client.invoke(FunctionName="cell")["Payload"].read()) == [True, "dev"]
    finally:
        shared.delete("cell")


def test_revisions_move_as_on_aws(client: Any, create: Functions) -> None:
    """Recorded there: publishing moves $LATEST and not the version, an alias moves neither, a policy is at its function's."""

    def revision(**qualifier: str) -> str:
        found: str = client.get_function(FunctionName="f", **qualifier)["Configuration"]["RevisionId"]
        return found

    made = create("f", "import os\ndef handler(event, context): return os.getpid()\n")
    process = call(client)
    seen = [made["RevisionId"], revision()]
    version = client.publish_version(FunctionName="f", RevisionId=seen[-1])["RevisionId"]
    seen += [version, revision()]
    assert client.publish_version(FunctionName="f")["RevisionId"] == revision(Qualifier="1") == version  # nothing new
    alias = client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")["RevisionId"]
    assert (revision(), revision(Qualifier="1")) == (seen[-1], version)
    seen.append(alias)
    statement = {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    for qualifier, before in (({}, revision()), ({"Qualifier": "1"}, version), ({"Qualifier": "live"}, alias)):
        with pytest.raises(ClientError, match=r"PreconditionFailedException.*Call the GetPolicy API"):
            client.add_permission(**statement, **qualifier, RevisionId="wrong")
        client.add_permission(**statement, **qualifier, RevisionId=before)
        added = client.get_policy(FunctionName="f", **qualifier)["RevisionId"]
        if "live" in qualifier.values():
            assert client.get_alias(FunctionName="f", Name="live")["RevisionId"] == added
        else:
            assert revision(**qualifier) == added
        with pytest.raises(ClientError, match=r"PreconditionFailedException.*Call the GetPolicy API"):
            client.remove_permission(FunctionName="f", StatementId="s", **qualifier, RevisionId=before)
        client.remove_permission(FunctionName="f", StatementId="s", **qualifier, RevisionId=added)
        seen += [added]
    seen += [revision(), revision(Qualifier="1"), client.get_alias(FunctionName="f", Name="live")["RevisionId"]]
    assert len(set(seen)) == len(seen)
    assert call(client) == process  # nothing of this was a deployment
    assert client.publish_version(FunctionName="f")["Version"] == "1"


def test_a_deleted_function_is_gone_with_all_that_it_had(client: Any, create: Functions) -> None:
    """Versions, aliases, tags, its policy, its URL; its name is free again."""
    create("f", Tags={"team": "x"})
    client.publish_version(FunctionName="f")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    client.add_permission(FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    client.create_function_url_config(FunctionName="f", AuthType="NONE")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=5)
    assert client.delete_function(FunctionName="f")["ResponseMetadata"]["HTTPStatusCode"] == 204
    create("f")
    found = client.get_function(FunctionName="f")
    assert not {"Tags", "Concurrency"} & found.keys()
    assert len(client.list_versions_by_function(FunctionName="f")["Versions"]) == 1
    assert client.list_aliases(FunctionName="f")["Aliases"] == []
    for ask in (client.get_policy, client.get_function_url_config):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            ask(FunctionName="f")
