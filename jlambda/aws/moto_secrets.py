"""moto's secrets: a rotation is over when its function has run, not before."""

from __future__ import annotations

from typing import Any

from jlambda.aws.moto_request import CURRENT


def change() -> None:
    import moto.secretsmanager.models as models

    set_default = models.FakeSecret.set_default_version_id

    def unless_rotating(self: Any, version_id: str | None) -> None:
        # the function has not run yet: its last step makes the new version the current one
        if getattr(CURRENT, "is_rotating", False):
            CURRENT.is_rotating = False
        else:
            set_default(self, version_id)

    models.FakeSecret.set_default_version_id = unless_rotating  # type: ignore[method-assign]
    update = models.SecretsManagerBackend.update_secret_version_stage

    def update_stage(
        self: Any, secret_id: str, version_stage: str, remove_from_version_id: str, move_to_version_id: str
    ) -> Any:
        updated = update(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
        if version_stage == "AWSCURRENT" and move_to_version_id:
            set_default(self.secrets[secret_id], move_to_version_id)  # what GetSecretValue gives, which moto leaves as it was
        return updated

    models.SecretsManagerBackend.update_secret_version_stage = update_stage  # type: ignore[method-assign]
