"""Samples of services that ask a function for something: Cognito, Secrets Manager, Step Functions, CloudFormation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jlambda.errors import InvalidParameter
from jlambda.model.events import secrets
from jlambda.model.samples.setting import Setting

Members = dict[str, Any]
_USER = {"email": "ada@example.com", "email_verified": "true"}


def _cognito(setting: Setting, source: str, user: str, request: Members, response: Members) -> Members:
    # https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
    return {
        "version": "1",
        "region": setting.account.region,
        "userPoolId": f"{setting.account.region}_{setting.hex(9)}",
        "userName": user,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": setting.hex(26, 1).lower()},
        "triggerSource": source,
        "request": request,
        "response": response,
    }


def cognito_pre_signup(setting: Setting, *, user: str = "ada", attributes: Mapping[str, str] = _USER) -> Members:
    """Somebody signs up to a user pool: may they?"""
    request = {"userAttributes": dict(attributes), "validationData": None, "clientMetadata": {}}
    response = {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False}
    return _cognito(setting, "PreSignUp_SignUp", user, request, response)


def cognito_post_confirmation(setting: Setting, *, user: str = "ada", attributes: Mapping[str, str] = _USER) -> Members:
    """Somebody has confirmed that they signed up."""
    request = {"userAttributes": dict(attributes), "clientMetadata": {}}
    return _cognito(setting, "PostConfirmation_ConfirmSignUp", user, request, {})


def cognito_pre_authentication(setting: Setting, *, user: str = "ada", attributes: Mapping[str, str] = _USER) -> Members:
    """Somebody signs in: may they?"""
    request = {"userAttributes": dict(attributes), "validationData": {}, "userNotFound": False}
    return _cognito(setting, "PreAuthentication_Authentication", user, request, {})


def cognito_pre_token(setting: Setting, *, user: str = "ada", attributes: Mapping[str, str] = _USER) -> Members:
    """Tokens are about to be made: which claims do they get?"""
    groups: Members = {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None}
    request = {"userAttributes": dict(attributes), "groupConfiguration": groups, "clientMetadata": {}}
    return _cognito(setting, "TokenGeneration_Authentication", user, request, {"claimsOverrideDetails": None})


def secretsmanager_rotate(setting: Setting, *, secret: str = "my-secret", step: str = "createSecret") -> Members:
    """One of the four steps of a rotation."""
    if step not in secrets.STEPS:
        raise InvalidParameter(f"step {step!r}: use {', '.join(secrets.STEPS[:-1])} or {secrets.STEPS[-1]}")
    arn = setting.arn("secretsmanager", f"secret:{secret}-{setting.hex(6)}")
    return {**secrets.rotation(step, arn, setting.id(1), setting.id(2))}


def stepfunctions_task(setting: Setting, *, input: object = None, token: bool = False) -> object:
    """A state of a state machine: its input as it is, with a task token for a callback if asked for."""
    given = {"order": 1, "item": "tea"} if input is None else input
    return {"input": given, "taskToken": setting.hex(64)} if token else given


def cloudformation_custom(
    setting: Setting, *, request: str = "Create", properties: Mapping[str, object] | None = None, resource: str = "MyResource"
) -> Members:
    """A custom resource is to be created, updated or deleted."""
    if request not in ("Create", "Update", "Delete"):
        raise InvalidParameter(f"request {request!r}: use Create, Update or Delete")
    token = setting.account.function_arn("my-function")
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
    made: Members = {
        "RequestType": request,
        "ServiceToken": token,
        "ResponseURL": f"https://cloudformation-custom-resource-response.s3.{setting.account.region}.amazonaws.com/answer",
        "StackId": setting.arn("cloudformation", f"stack/my-stack/{setting.id(1)}"),
        "RequestId": setting.id(2),
        "LogicalResourceId": resource,
        "ResourceType": f"Custom::{resource}",
        "ResourceProperties": {"ServiceToken": token, **(properties or {})},
    }
    if request != "Create":
        made["PhysicalResourceId"] = f"my-stack-{resource}-{setting.hex(12)}"
    if request == "Update":
        made["OldResourceProperties"] = {"ServiceToken": token}
    return made
