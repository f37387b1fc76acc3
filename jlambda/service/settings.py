"""What a deployment says of a function, and the configuration that comes of it. Stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from jlambda.errors import InvalidParameter
from jlambda.model.function import FunctionConfiguration, with_settings
from jlambda.model.log_settings import log_levels
from jlambda.service.requirements import is_of_requirements


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may say of a function; None keeps what the function has, or takes Lambda's default.

    `requirements` is the ARN of the layer that pip has filled, "" where there is to be none; `use` are objects that become
    globals of the module; `classpath` holds libraries to compile with; `is_strict` refuses a runtime that another version
    would have to stand in for; `origin` is how a traceback names where the source came from.
    """

    handler: str | None = None
    runtime: str | None = None
    memory_mb: int | None = None
    timeout_s: int | None = None
    environment: Mapping[str, str] | None = None
    secrets: Mapping[str, str] | None = field(default=None, repr=False)
    description: str | None = None
    ephemeral_storage_mb: int | None = None
    architecture: str | None = None
    layers: Sequence[str] | None = None
    requirements: str | None = None
    log_format: str | None = None
    application_log_level: str | None = None
    system_log_level: str | None = None
    log_group: str | None = None
    snap_start: bool | None = None
    role: str | None = None
    use: Mapping[str, object] | None = field(default=None, repr=False)
    classpath: tuple[str, ...] = ()
    is_strict: bool = False
    origin: str = ""


def configured(
    before: FunctionConfiguration, held: dict[str, str], settings: Settings
) -> tuple[FunctionConfiguration, dict[str, str]]:
    """The configuration that `settings` ask for, its code apart, and the values of its secrets.

    A name is either a variable's or a secret's: the one that is given now takes it from the other.
    """
    given = {"env": settings.environment, "secrets": settings.secrets}
    for option, mapping in given.items():
        if mapping is not None and not isinstance(mapping, Mapping):
            raise InvalidParameter(f"{option} is {type(mapping).__name__}: use a dict of names and values")
    if isinstance(settings.layers, str):
        raise InvalidParameter('layers is str: use a list of layer versions, ["NAME:VERSION"]')
    environment = dict(before.environment if settings.environment is None else settings.environment)
    secrets = dict(held if settings.secrets is None else settings.secrets)
    both = sorted(map(str, environment.keys() & secrets.keys()))
    if both and settings.environment is not None and settings.secrets is not None:
        raise InvalidParameter(f"environment variable {both[0]}: give it as a variable or as a secret, not as both")
    for name in both:
        del (environment if settings.environment is None else secrets)[name]
    made = with_settings(
        before,
        runtime=settings.runtime,
        memory_mb=settings.memory_mb,
        timeout_s=settings.timeout_s,
        environment=environment,
        secrets=tuple(sorted(secrets, key=str)),
        description=settings.description,
        ephemeral_storage_mb=settings.ephemeral_storage_mb,
        architecture=settings.architecture,
        layers=_layers(before.layers, settings),
        log_format=settings.log_format,
        log_group=settings.log_group,
        snap_start=settings.snap_start,
    )
    if settings.role is not None:
        made = replace(made, members={**made.members, "Role": settings.role})
    asked = settings.application_log_level, settings.system_log_level
    levels = log_levels(made.log_format, asked, (before.application_log_level, before.system_log_level))
    return replace(made, application_log_level=levels[0], system_log_level=levels[1]), secrets


def _layers(before: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """The layers that are asked for, and on top of them the one of the requirements; what is not given stays."""
    held = [arn for arn in before if is_of_requirements(arn)]
    layers = [arn for arn in before if arn not in held] if settings.layers is None else settings.layers
    on_top = held if settings.requirements is None else [settings.requirements] if settings.requirements else []
    return (*layers, *(arn for arn in on_top if arn not in layers))
