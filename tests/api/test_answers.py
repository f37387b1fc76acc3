"""Every operation that is there answers, with what botocore's model says, no more and nothing of another type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from jlambda.api.operations import Later
from jlambda.api.table import OPERATIONS
from tests.api import oracle
from tests.api.conftest import Functions, make_sources
from tests.api.packages import zipped
from tests.conftest import eventually

ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
PUBLISHER = f"arn:aws:signer:us-east-1:{ACCOUNT}:/signing-profiles/Profile/abcdefghij"


@pytest.fixture(scope="module")
def sources(shared: jlambda.Session) -> None:
    """A queue and a stream."""
    make_sources(shared, "jobs", "s")


@pytest.mark.usefixtures("sources")
def test_every_operation_answers(shared: jlambda.Session, client: Any, create: Functions) -> None:
    """One after the other, with all the members that they have; the oracle judges each answer."""
    oracle.SEEN.clear()
    functions(client, create, shared.client("ec2"))
    layers(client)
    permissions(client)
    settings(client)
    code_signing(client)
    mappings(client)
    client.invoke(FunctionName="f", LogType="Tail")
    client.invoke_async(FunctionName="f", InvokeArgs=b"{}")
    list(client.invoke_with_response_stream(FunctionName="f")["EventStream"])
    client.delete_alias(FunctionName="f", Name="live")
    client.delete_function(FunctionName="f")
    there = {name for name, operation in OPERATIONS.items() if not isinstance(operation.handle, Later)}
    assert there <= oracle.SEEN, f"not tried: {sorted(there - oracle.SEEN)}"


def functions(client: Any, create: Functions, ec2: Any) -> None:
    """With everything that a function can have."""
    subnet = ec2.describe_subnets()["Subnets"][0]
    groups = [group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]]
    create(
        "f",
        Description="all of it",
        Timeout=30,
        MemorySize=512,
        Publish=True,
        VpcConfig={"SubnetIds": [subnet["SubnetId"]], "SecurityGroupIds": groups[:1]},
        DeadLetterConfig={"TargetArn": QUEUE},
        Environment={"Variables": {"STAGE": "dev"}},
        KMSKeyArn=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k",
        TracingConfig={"Mode": "Active"},
        Tags={"team": "x"},
        FileSystemConfigs=[
            {
                "Arn": f"arn:aws:elasticfilesystem:us-east-1:{ACCOUNT}:access-point/fsap-0123456789abcdef0",
                "LocalMountPath": "/mnt/x",
            }
        ],
        Architectures=["arm64"],
        EphemeralStorage={"Size": 1024},
        SnapStart={"ApplyOn": "PublishedVersions"},
    )
    client.update_function_code(FunctionName="f", ZipFile=zipped({"app.py": "def handler(event, context): return 2\n"}))
    changed = client.update_function_configuration(FunctionName="f", Timeout=20)
    assert changed["DeadLetterConfig"] == {"TargetArn": QUEUE}
    assert changed["TracingConfig"] == {"Mode": "Active"}
    assert changed["VpcConfig"] == {
        "SubnetIds": [subnet["SubnetId"]],
        "SecurityGroupIds": groups[:1],
        "VpcId": subnet["VpcId"],
        "Ipv6AllowedForDualStack": False,
    }
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="must coexist"):
        client.update_function_configuration(FunctionName="f", VpcConfig={"SubnetIds": [], "SecurityGroupIds": groups[:1]})
    client.update_function_configuration(FunctionName="f", SnapStart={"ApplyOn": "None"})
    client.publish_version(FunctionName="f", Description="second")
    client.get_function(FunctionName="f", Qualifier="1")
    for version, status in (("1", "On"), ("2", "Off")):
        found = client.get_function_configuration(FunctionName="f", Qualifier=version)
        assert found["SnapStart"]["OptimizationStatus"] == status
    client.list_functions(FunctionVersion="ALL")
    client.list_versions_by_function(FunctionName="f")
    weights = {"AdditionalVersionWeights": {"2": 0.25}}
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1", Description="now", RoutingConfig=weights)
    assert client.get_alias(FunctionName="f", Name="live")["RoutingConfig"] == weights
    client.update_alias(FunctionName="f", Name="live", Description="later")
    client.list_aliases(FunctionName="f")


def layers(client: Any) -> None:
    """A layer, its versions, and what shares it."""
    for number in (1, 2):
        made = client.publish_layer_version(
            LayerName="tools",
            Description=f"number {number}",
            Content={"ZipFile": zipped({"python/tools.py": f"N = {number}\n"})},
            CompatibleRuntimes=["python3.12", "python3.13"],
            CompatibleArchitectures=["x86_64"],
            LicenseInfo="MIT",
        )
        assert made["Version"] == number
    client.update_function_configuration(FunctionName="f", Layers=[made["LayerVersionArn"]])
    assert client.get_function_configuration(FunctionName="f")["Layers"][0]["Arn"] == made["LayerVersionArn"]
    client.get_layer_version(LayerName="tools", VersionNumber=1)
    client.get_layer_version_by_arn(Arn=made["LayerVersionArn"])
    assert client.list_layers(CompatibleRuntime="python3.12")["Layers"][0]["LatestMatchingVersion"]["Version"] == 2
    assert [each["Version"] for each in client.list_layer_versions(LayerName="tools")["LayerVersions"]] == [2, 1]
    permission = {"LayerName": "tools", "VersionNumber": 2, "StatementId": "all"}
    client.add_layer_version_permission(**permission, Action="lambda:GetLayerVersion", Principal="*")
    assert "all" in client.get_layer_version_policy(LayerName="tools", VersionNumber=2)["Policy"]
    client.remove_layer_version_permission(**permission)
    client.delete_layer_version(LayerName="tools", VersionNumber=1)


def permissions(client: Any) -> None:
    """A function's policy, statement by statement and as a whole."""
    statement = client.add_permission(
        FunctionName="f",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket",
        SourceAccount=ACCOUNT,
    )["Statement"]
    assert json.loads(statement)["Principal"] == {"Service": "s3.amazonaws.com"}
    policy = client.get_policy(FunctionName="f")
    assert json.loads(policy["Policy"])["Statement"] == [json.loads(statement)]
    client.remove_permission(FunctionName="f", StatementId="s3", RevisionId=policy["RevisionId"])
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
    client.put_resource_policy(ResourceArn=arn, Policy=policy["Policy"])
    assert client.get_resource_policy(ResourceArn=arn)["Policy"] == policy["Policy"]
    client.delete_resource_policy(ResourceArn=arn)


def settings(client: Any) -> None:
    """Concurrency, events, URLs, tags, and what is only kept."""
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=10)
    assert client.get_function_concurrency(FunctionName="f")["ReservedConcurrentExecutions"] == 10
    client.delete_function_concurrency(FunctionName="f")
    asked = client.put_provisioned_concurrency_config(FunctionName="f", Qualifier="2", ProvisionedConcurrentExecutions=1)
    assert (asked["RequestedProvisionedConcurrentExecutions"], asked["Status"]) == (1, "IN_PROGRESS")
    assert eventually(lambda: client.get_provisioned_concurrency_config(FunctionName="f", Qualifier="2")["Status"] == "READY")
    listed = client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert [each["FunctionArn"].rpartition(":")[2] for each in listed] == ["2"]
    client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="2")
    client.put_function_scaling_config(
        FunctionName="f", Qualifier="1", FunctionScalingConfig={"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 5}
    )
    client.get_function_scaling_config(FunctionName="f", Qualifier="1")
    client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60)
    client.update_function_event_invoke_config(FunctionName="f", DestinationConfig={"OnFailure": {"Destination": QUEUE}})
    kept = client.get_function_event_invoke_config(FunctionName="f")
    assert (kept["MaximumRetryAttempts"], kept["DestinationConfig"]["OnFailure"]) == (1, {"Destination": QUEUE})
    client.list_function_event_invoke_configs(FunctionName="f")
    client.delete_function_event_invoke_config(FunctionName="f")
    url = client.create_function_url_config(FunctionName="f", AuthType="NONE", Cors={"AllowOrigins": ["*"], "MaxAge": 60})
    client.update_function_url_config(FunctionName="f", InvokeMode="RESPONSE_STREAM")
    assert client.get_function_url_config(FunctionName="f")["FunctionUrl"] == url["FunctionUrl"]
    client.list_function_url_configs(FunctionName="f")
    client.delete_function_url_config(FunctionName="f")
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
    client.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
    client.untag_resource(Resource=arn, TagKeys=["a", "team"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"
    client.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="FunctionUpdate")
    assert client.get_runtime_management_config(FunctionName="f")["UpdateRuntimeOn"] == "FunctionUpdate"
    usage = client.get_account_settings()["AccountUsage"]
    assert usage["FunctionCount"] == 1


def code_signing(client: Any) -> None:
    """A configuration, and a function that has it."""
    made = client.create_code_signing_config(
        Description="mine",
        AllowedPublishers={"SigningProfileVersionArns": [PUBLISHER]},
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"},
        Tags={"a": "1"},
    )["CodeSigningConfig"]
    arn = {"CodeSigningConfigArn": made["CodeSigningConfigArn"]}
    assert client.list_tags(Resource=made["CodeSigningConfigArn"])["Tags"] == {"a": "1"}
    client.update_code_signing_config(**arn, Description="yours")
    assert client.get_code_signing_config(**arn)["CodeSigningConfig"]["Description"] == "yours"
    client.list_code_signing_configs()
    client.put_function_code_signing_config(FunctionName="f", **arn)
    assert client.get_function_code_signing_config(FunctionName="f")["FunctionName"] == "f"
    assert len(client.list_functions_by_code_signing_config(**arn)["FunctionArns"]) == 1
    with pytest.raises(ClientError, match="ResourceConflictException"):
        client.delete_code_signing_config(**arn)
    client.delete_function_code_signing_config(FunctionName="f")
    client.delete_code_signing_config(**arn)


def mappings(client: Any) -> None:
    """A queue and a stream that feed a function."""
    queue = client.create_event_source_mapping(
        FunctionName="f",
        EventSourceArn=QUEUE,
        BatchSize=5,
        FilterCriteria={"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]},
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
        Tags={"a": "1"},
    )
    assert (queue["State"], queue["BatchSize"], queue["StateTransitionReason"]) == ("Creating", 5, "USER_INITIATED")
    stream = client.create_event_source_mapping(
        FunctionName="f",
        EventSourceArn=f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s",
        StartingPosition="AT_TIMESTAMP",
        StartingPositionTimestamp=1_795_435_200,
        DestinationConfig={"OnFailure": {"Destination": QUEUE}},
    )
    assert stream["StartingPositionTimestamp"].timestamp() == 1_795_435_200
    assert client.get_event_source_mapping(UUID=queue["UUID"])["State"] == "Enabled"
    client.update_event_source_mapping(UUID=queue["UUID"], Enabled=False)
    assert len(client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]) == 2
    for made in (queue, stream):
        assert client.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"
