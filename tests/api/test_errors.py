"""Errors that AWS answered, recorded: each that the operations here can give is provoked, and is the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

import jlambda
from tests.api.conftest import make_sources, start_all
from tests.api.packages import ROLE, RUNTIME, zipped

ARN = "arn:aws:lambda:us-east-1:123456789012"
FUNCTION, LAYER = f"{ARN}:function:f", f"{ARN}:layer:tools"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-01T00:00:00.000"
RECORDED_TABLE = "table/test-table-4a53f4e8/stream/2025-02-22T03:03:25.490"
ZIP = zipped({"app.py": "def handler(event, context): return event\n"})
KAFKA: dict[str, Any] = {
    "FunctionName": "f",
    "Topics": ["topic"],
    "StartingPosition": "LATEST",
    "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"}],
}


class Recorded(NamedTuple):
    """An error as AWS gave it; the message has placeholders for names."""

    code: str
    status: int
    message: str

    def has(self, message: str) -> bool:
        """Whether a message is this one but for names."""
        text = self.message.replace("111111111111", "123456789012")
        parts = re.split(r"<[^<>]*>", text)
        return re.fullmatch(".+?".join(map(re.escape, parts)), message, re.DOTALL) is not None


def recorded() -> dict[int, Recorded]:
    """All of them, by the number of their line."""
    lines = Path(__file__).with_name("aws_errors.tsv").read_text().split("\n")
    rows = {number: line.split("\t") for number, line in enumerate(lines, 1) if number > 1 and line}
    return {number: Recorded(row[0], int(row[1]), row[2].replace("\\n", "\n")) for number, row in rows.items()}


RECORDED = recorded()


def within(number: int, pattern: str) -> str:
    """A part of a recorded message."""
    found = re.search(pattern, RECORDED[number].message)
    assert found
    return found[1]


Act = Callable[[Any], object]


def create(**members: Any) -> Act:
    """Makes a function."""
    given = {"FunctionName": "new", "Runtime": RUNTIME, "Role": ROLE, "Handler": "app.handler", "Code": {"ZipFile": ZIP}}
    return lambda client: client.create_function(**{**given, **members})


def configure(**members: Any) -> Act:
    """Changes the configuration of ``f``."""
    return lambda client: client.update_function_configuration(**{"FunctionName": "f", **members})


def permit(**members: Any) -> Act:
    """Adds a permission to ``f``."""
    given = {"FunctionName": "f", "StatementId": "s9", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    return lambda client: client.add_permission(**{**given, **members})


def permit_layer(**members: Any) -> Act:
    """Adds a permission to version 1 of ``tools``."""
    given = {
        "LayerName": "tools",
        "VersionNumber": 1,
        "StatementId": "s9",
        "Action": "lambda:GetLayerVersion",
        "Principal": "*",
    }
    return lambda client: client.add_layer_version_permission(**{**given, **members})


def alias(**members: Any) -> Act:
    """Makes an alias of ``f``."""
    return lambda client: client.create_alias(**{"FunctionName": "f", "Name": "new", "FunctionVersion": "1", **members})


def weighted(weights: dict[str, float], version: str = "1") -> Act:
    """Makes an alias of ``f`` with weights."""
    return alias(FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": weights})


def events(**members: Any) -> Act:
    """Says what is done with asynchronous events of ``f``."""
    return lambda client: client.put_function_event_invoke_config(**{"FunctionName": "f", **members})


def destination(arn: str, member: str = "OnFailure") -> Act:
    """Gives results of ``f`` a destination."""
    return events(DestinationConfig={member: {"Destination": arn}})


def url(**members: Any) -> Act:
    """Makes a URL of ``f``."""
    return lambda client: client.create_function_url_config(**{"FunctionName": "f", "AuthType": "NONE", **members})


def mapping(**members: Any) -> Act:
    """Makes a mapping of ``f``."""
    return lambda client: client.create_event_source_mapping(**{"FunctionName": "f", **members})


def kafka(*servers: str) -> Act:
    """Makes a mapping of a Kafka of one's own."""
    return mapping(**KAFKA, SelfManagedEventSource={"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": list(servers)}})


def provide(**members: Any) -> Act:
    """Gives version 1 of ``f`` provisioned concurrency."""
    given = {"FunctionName": "f", "Qualifier": "1", "ProvisionedConcurrentExecutions": 1}
    return lambda client: client.put_provisioned_concurrency_config(**{**given, **members})


def call(operation: str, **members: Any) -> Act:
    """Any other operation."""
    return lambda client: getattr(client, operation)(**members)


def twice(act: Act) -> Act:
    """The same again."""

    def both(client: Any) -> None:
        try:
            act(client)
        except ClientError:
            pytest.fail("the first time must be in order")
        act(client)

    return both


def code(bucket: str) -> Act:
    """Makes a function of a zip that is not there."""
    return create(Code={"S3Bucket": bucket, "S3Key": "doesnotexist.zip"})


def networked(**members: list[str]) -> Act:
    """Attaches ``f`` to a network: one that is there but for `members`."""

    def attach(client: Any) -> None:
        own = jlambda.current().client("ec2")
        subnet = own.describe_subnets()["Subnets"][0]
        groups = own.describe_security_groups()["SecurityGroups"]
        there = {"SubnetIds": [subnet["SubnetId"]], "SecurityGroupIds": [groups[0]["GroupId"]]}
        configure(VpcConfig={**there, **members})(client)

    return attach


PROVOKED: dict[int, Act] = {
    4: call("put_function_concurrency", FunctionName="kept", ReservedConcurrentExecutions=1),
    3: call(
        "put_function_code_signing_config", FunctionName="f", CodeSigningConfigArn=f"{ARN}:code-signing-config:csc-{'0' * 17}"
    ),
    5: weighted({"1": 0.5}, "$LATEST"),
    6: call("delete_function", FunctionName="f", Qualifier="$LATEST"),
    7: create(FunctionName="a" * 65),
    8: mapping(EventSourceArn=STREAM),
    9: call("tag_resource", Resource=FUNCTION, Tags={}),
    10: configure(Layers=[f"{ARN}:layer:l{number}:1" for number in range(6)]),
    11: call("publish_version", FunctionName="f", CodeSha256=within(11, r"CodeSHA256 \((a+)\)")),
    12: call("publish_version", FunctionName="f", CodeSha256="somenonexistentsha256"),
    13: create(Code={"ZipFile": b"nonsense"}),
    14: networked(SecurityGroupIds=["sg-0123456789abcdef0"]),
    15: networked(SubnetIds=["subnet-0123456789abcdef0"]),
    16: code("doesnotexist"),
    17: code("code"),
    18: mapping(EventSourceArn=f"{QUEUE}-gone"),
    19: mapping(FunctionName="doesnotexist", EventSourceArn=QUEUE),
    20: mapping(EventSourceArn=QUEUE, FilterCriteria={"Filters": [{"Pattern": "nonsense"}]}),
    21: weighted({"1": 0.5}),
    22: create(Environment={"Variables": json.loads(within(22, "measured: (.*)"))}),
    23: create(Environment={"Variables": json.loads(within(23, "measured: (.*)"))}),
    24: call("get_layer_version", LayerName="tools", VersionNumber=-1),
    25: configure(Layers=[f"{LAYER}:9"]),
    26: configure(Layers=[f"{ARN}:layer:doesnotexist:1"]),
    27: configure(Layers=[LAYER.replace("us-east-1", "eu-west-1") + ":1"]),
    28: mapping(EventSourceArn=QUEUE, BatchSize=11),
    29: weighted({"1": 0.1, "2": 0.1}, "2"),
    30: call("tag_resource", Resource=FUNCTION, Tags=dict.fromkeys(map(str, range(51)), "")),
    31: call("update_function_code", FunctionName="f", ImageUri="123456789012.dkr.ecr.us-east-1.amazonaws.com/i:latest"),
    33: provide(Qualifier="$LATEST"),
    34: provide(ProvisionedConcurrentExecutions=11),
    35: mapping(EventSourceArn=None, SelfManagedEventSource={"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}}),
    36: provide(FunctionName="g", ProvisionedConcurrentExecutions=950),
    37: provide(FunctionName="g", ProvisionedConcurrentExecutions=1_001),
    38: call("put_function_concurrency", FunctionName="f", ReservedConcurrentExecutions=950),
    39: mapping(
        EventSourceArn=TABLE.replace("table/t/stream/2026-01-01T00:00:00.000", RECORDED_TABLE), StartingPosition="LATEST"
    ),
    40: mapping(EventSourceArn=f"{STREAM[:-1]}test-foobar-81ded7e8", StartingPosition="LATEST"),
    41: call("tag_resource", Resource=f"{FUNCTION}:1", Tags={"a": "1"}),
    42: call("get_function", FunctionName="f:1", Qualifier="2"),
    43: destination(f"{ARN}:function:doesnotexist"),
    44: call("get_provisioned_concurrency_config", FunctionName="f", Qualifier="$LATEST"),
    45: destination(f"{FUNCTION}".replace("lambda", "iam"), "OnSuccess"),
    46: permit(Principal="invalid.nonaws.com"),
    47: create(Runtime="dotnetcore3.1"),
    48: create(Runtime="go1.x"),
    49: create(Runtime="java8"),
    50: create(Runtime="nodejs12.x"),
    51: create(Runtime="nodejs14.x"),
    52: create(Runtime="provided"),
    53: create(Runtime="python3.7"),
    54: create(Runtime="ruby2.7"),
    55: call("put_function_concurrency", FunctionName="f:1", ReservedConcurrentExecutions=1),
    56: configure(Layers=[f"{LAYER}:1", f"{LAYER}:1"]),
    57: configure(Layers=[f"{LAYER}:1", f"{LAYER}:2"]),
    58: mapping(),
    59: mapping(EventSourceArn=STREAM, StartingPosition="LATEST", DestinationConfig={"OnSuccess": {"Destination": QUEUE}}),
    60: mapping(EventSourceArn=TABLE, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=1),
    61: lambda client: create(Code={"ZipFile": zipped({"large": b"\0" * 262_144_001})})(client),
    62: create(Runtime="PYTHON3.9"),
    63: create(Runtime="non-existent-runtime"),
    64: permit(Qualifier="$LATEST"),
    65: destination(FUNCTION),
    66: events(),
    67: call("invoke", FunctionName="f", Payload=b'"\x87"'),
    68: call("invoke", FunctionName="f", Payload=b"\x99"),
    69: configure(RevisionId="00000000-0000-0000-0000-000000000000"),
    70: permit_layer(RevisionId="00000000-0000-0000-0000-000000000000"),
    71: permit(RevisionId="00000000-0000-0000-0000-000000000000"),
    72: call("get_provisioned_concurrency_config", FunctionName="f", Qualifier="1"),
    73: lambda client: create(Code={"ZipFile": b"\0" * 52_700_000})(client),
    74: lambda client: create(Code={"ZipFile": b"\0" * 52_428_801})(client),
    75: alias(Name="custom"),
    76: provide(FunctionName="kept", Qualifier="live"),
    77: twice(mapping(EventSourceArn=QUEUE)),
    78: twice(kafka("kafka:1000")),
    79: twice(kafka("kafka:1000", "kafka:2000")),
    80: twice(url()),
    81: twice(mapping(EventSourceArn=TABLE, StartingPosition="LATEST")),
    82: twice(mapping(EventSourceArn=STREAM, StartingPosition="LATEST")),
    84: permit(StatementId="s1"),
    85: permit(StatementId="s3"),
    86: provide(FunctionName="called", Qualifier="1"),
    87: call("update_alias", FunctionName="f", Name="non-existent"),
    88: call("get_alias", FunctionName="f", Name="dead"),
    89: permit(Qualifier="doesnotexist"),
    90: call("get_alias", FunctionName="f", Name="noalias"),
    91: call("get_alias", FunctionName="f", Name="non-existent"),
    92: call("get_alias", FunctionName="f", Name="alias-doesnotexist"),
    93: call("get_alias", FunctionName="doesnotexist", Name="noalias"),
    94: call("list_tags", Resource=f"{ARN}:capacity-provider:c"),
    95: call("list_tags", Resource=f"{ARN}:event-source-mapping:00000000-0000-0000-0000-000000000000"),
    96: url(FunctionName="doesnotexist"),
    97: call("get_function", FunctionName="h"),
    98: permit(Qualifier="1221"),
    99: call("list_versions_by_function", FunctionName="h"),
    100: alias(FunctionName="f-unknown"),
    101: alias(FunctionVersion="10"),
    102: call("get_function", FunctionName="f", Qualifier="aliasdoesnotexist"),
    103: call("get_function", FunctionName="f", Qualifier="non-existent-alias"),
    104: call("get_function", FunctionName="f", Qualifier="42"),
    105: permit(Qualifier="valid-with-$-but-doesnotexist"),
    106: call("delete_function", FunctionName="h"),
    107: call("list_tags", Resource=f"{ARN}:function:h"),
    108: call("get_function_code_signing_config", FunctionName="csc-test-doesnotexist"),
    109: configure(FunctionName="doesnotexist"),
    110: call("invoke", FunctionName="doesnotexist"),
    111: call("get_function", FunctionName="doesnotexist", Qualifier="1"),
    112: call("invoke", FunctionName="some-function"),
    113: call("get_function", FunctionName=FUNCTION.replace("us-east-1", "eu-west-1")),
    114: call("get_function", FunctionName=FUNCTION.replace("us-east-1", "ap-southeast-1")),
    115: permit_layer(LayerName="tools-doesnotexist"),
    116: call("get_layer_version_policy", LayerName="other", VersionNumber=2),
    117: call("remove_permission", FunctionName="doesnotexist", StatementId="s1"),
    118: call("get_layer_version_policy", LayerName="tools", VersionNumber=2),
    119: call("remove_permission", FunctionName="f", StatementId="doesnotexist"),
    120: call("remove_permission", FunctionName="f", StatementId="non-existent"),
    121: call("get_code_signing_config", CodeSigningConfigArn=f"{ARN}:code-signing-config:csc-{'0' * 17}"),
    122: call("get_function_event_invoke_config", FunctionName="f", Qualifier="1221"),
    123: call("get_function_event_invoke_config", FunctionName="f"),
    124: call("get_function_event_invoke_config", FunctionName="f", Qualifier="1"),
    125: call("get_function_event_invoke_config", FunctionName="f", Qualifier="doesnotexist"),
    126: call("delete_function_event_invoke_config", FunctionName="f", Qualifier="eventinvokealias"),
    127: call("get_function_event_invoke_config", FunctionName="h"),
    128: call("update_function_event_invoke_config", FunctionName="doesnotexist", MaximumRetryAttempts=1),
    129: events(FunctionName="doesnotexist", MaximumRetryAttempts=1),
    130: call("get_policy", FunctionName="g"),
    131: call("invoke", FunctionName="off"),
    132: url(Qualifier="$LATEST"),
    133: permit_layer(Action="*"),
    134: provide(ProvisionedConcurrentExecutions=0),
    135: url(Qualifier="1"),
    136: url(Qualifier="2"),
    137: alias(Name="2024"),
    138: call("put_function_recursion_config", FunctionName="f", RecursiveLoop="InvalidValue"),
    139: url(InvokeMode="UNKNOWN"),
    140: configure(VpcConfig={"SubnetIds": [], "SecurityGroupIds": ["no_group"]}),
    141: configure(VpcConfig={"SubnetIds": ["no_subnet"], "SecurityGroupIds": []}),
    142: create(Architectures=["X86_64"]),
    143: configure(Layers=[LAYER]),
    144: create(Architectures=["x86_64", "arm64"]),
    145: call("list_layers", CompatibleArchitecture="archdoesnotexist"),
    146: destination(FUNCTION.replace(":lambda:", ":_-/!lambda:")),
    147: call("list_tags", Resource=f"{ARN}:capacity-provider:c:alias"),
    148: call("list_tags", Resource=f"{ARN}:event-source-mapping:u:alias"),
    149: call("list_tags", Resource=f"{ARN}:foobar:x"),
    150: create(FunctionName=f"{ARN}:function:{'a' * 100}"),
    151: call("get_layer_version_by_arn", Arn=LAYER),
    152: call("get_function", FunctionName="arn:aws:lambda:us-east-1:123400000000@function:myfn"),
    153: call("list_tags", Resource="arn:aws:something"),
    154: permit(StatementId="example.com"),
    155: call("list_functions", FunctionVersion="invalid"),
    156: mapping(EventSourceArn=STREAM, StartingPosition="invalid"),
    157: permit(Qualifier="invalid-qualifier-with-?-char"),
    158: call("get_alias", FunctionName="invalid:function:name", Name="a"),
    159: create(SnapStart={"ApplyOn": "invalidOption"}),
    160: create(Role="r1"),
    161: call("list_layers", CompatibleRuntime="runtimedoesnotexist"),
    162: weighted({"$LATEST": 0.5}),
    163: weighted({"2": -1.0}),
    164: weighted({"2": 2.0}),
    165: call("untag_resource", Resource=FUNCTION, TagKeys=None),
    166: call(
        "publish_layer_version",
        LayerName="new",
        Content={"ZipFile": ZIP},
        CompatibleRuntimes=["invalidruntime", "invalidruntime2", "nodejs20.x"],
        CompatibleArchitectures=["invalidarch", "x86_64"],
    ),
    167: call(
        "publish_layer_version",
        LayerName="new",
        Content={"ZipFile": ZIP},
        CompatibleRuntimes=["invalidruntime"],
        CompatibleArchitectures=["invalidarch"],
    ),
}

#: what cannot be provoked, and why
ELSEWHERE = {
    2: "see test_a_url_that_is_nobodys",
    32: "of functions that are container images, which cannot be made",
    83: "see test_an_update_in_progress",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jlambda.Session]:
    """A session whose gateway is on."""
    with jlambda.Session(tmp_path_factory.mktemp("errors") / "state") as made:
        start_all(made)
        make_sources(made, "q", "s", "t")
        made.client("s3").create_bucket(Bucket="code")
        yield made


@pytest.fixture(autouse=True)
def no_mapping_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test its mappings end."""
    yield
    if "client" in request.fixturenames:
        request.getfixturevalue("filled").service.mappings.clear()


@pytest.fixture(scope="module")
def client(filled: jlambda.Session) -> Any:
    """A client that checks nothing itself.

    There are functions ``f`` (versions 1 and 2, alias ``custom``, statements s1 and s3), ``g`` and ``off``, others whose
    version 1 or alias ``live`` has provisioned concurrency, and a layer ``tools`` (versions 1 and 2).
    """
    address = filled.address
    made = boto3.Session(address.access_key_id, address.secret_access_key, region_name=address.region)
    unchecked = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    client = made.client("lambda", endpoint_url=address.url, config=unchecked)
    for name in ("f", "g", "off"):
        create(FunctionName=name)(client)
    client.publish_version(FunctionName="g")
    for name, qualifier, environments in (("kept", "1", 2), ("called", "live", 1)):
        create(FunctionName=name, Publish=True)(client)
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        provide(FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=environments)(client)
    client.publish_version(FunctionName="f")
    configure(Description="2")(client)
    client.publish_version(FunctionName="f")
    client.create_alias(FunctionName="f", Name="custom", FunctionVersion="1")
    client.put_function_concurrency(FunctionName="off", ReservedConcurrentExecutions=0)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=10)
    for _ in range(2):
        client.publish_layer_version(LayerName="tools", Content={"ZipFile": ZIP})
    for statement in ("s1", "s3"):
        permit(StatementId=statement)(client)
    permit_layer(StatementId="s1")(client)
    return client


def test_every_recorded_error_is_accounted_for() -> None:
    """Each is provoked, or cannot be, for a reason."""
    assert PROVOKED.keys() | ELSEWHERE.keys() == RECORDED.keys()
    assert not PROVOKED.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("number", sorted(PROVOKED), ids=lambda number: f"{number}-{RECORDED[number].message[:40]}")
def test_an_error_is_aws_own(client: Any, number: int) -> None:
    """Code, status and message."""
    expected = RECORDED[number]
    with pytest.raises(ClientError) as caught:
        PROVOKED[number](client)
    error, status = caught.value.response["Error"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert (error["Code"], status) == (expected.code, expected.status), error["Message"]
    assert expected.has(error["Message"]), f"{error['Message']!r}\n{expected.message!r}"


def test_an_update_in_progress(filled: jlambda.Session, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one update has not settled, another is a conflict."""
    monkeypatch.setattr(filled.service.functions, "_settle_s", 60)
    client.update_function_configuration(FunctionName="g", Description="slow")
    with pytest.raises(ClientError) as caught:
        client.update_function_configuration(FunctionName="g", Description="slower")
    assert RECORDED[83].has(caught.value.response["Error"]["Message"])


def test_a_url_that_is_nobodys(filled: jlambda.Session) -> None:
    """What asks a function URL that is not there is denied, without a word of why."""
    asked = urllib3.request("GET", f"{filled.gateway().url}/_lambda-url/{'a' * 32}/")
    assert (asked.headers["x-amzn-ErrorType"], asked.status) == (RECORDED[2].code, RECORDED[2].status)
    assert asked.json() == {"Message": RECORDED[2].message or None}


def test_a_sensitive_value_is_not_shown(client: Any) -> None:
    """As AWS tells of environment variables whose names are wrong: without them."""
    with pytest.raises(ClientError) as caught:
        configure(Environment={"Variables": {"1x": "a secret"}})(client)
    assert caught.value.response["Error"]["Message"] == (
        "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
    )
