"""The four steps of a rotation that Secrets Manager asks a function for.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


def rotation(step: str, secret_arn: str, token: str, rotation_token: str) -> dict[str, str]:
    """The event of one step; `token` names the new version of the secret."""
    return {"Step": step, "SecretId": secret_arn, "ClientRequestToken": token, "RotationToken": rotation_token}
