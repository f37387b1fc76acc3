"""What the configuration widget edits, as a value: is it in order, what does it cost, and how is it written as code. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jlambda.billing import MB_MS_PER_GB_SECOND, PRICES, billed_ms
from jlambda.errors import InvalidParameter
from jlambda.model import limits
from jlambda.model.arn import Account
from jlambda.model.event_invoke import DEFAULT_EVENT_AGE_S, DEFAULT_RETRIES
from jlambda.model.function import FunctionConfiguration, check_values
from jlambda.model.runtime import THIS_PYTHON
from jlambda.model.trigger import parse_trigger
from jlambda.model.trigger_options import OPTIONS
from jlambda.notebook.arguments import spelled
from jlambda.notebook.option_line import updated
from jlambda.notebook.options import CellOptions
from jlambda.notebook.trigger_calls import trigger_calls

# https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
RETRIES = range(3)
EVENT_AGE_S = range(60, 21_601)


@dataclass(frozen=True, slots=True)
class Draft:
    """The settings of one function as they are being edited.

    `secrets` maps names to new values, None for one that keeps its value; `reserved` is None for no concurrency of its own;
    `provisioned` maps versions and aliases to how many environments are kept ready; destinations are ARNs, empty for none;
    `triggers` maps specifications to whether they are enabled.
    """

    memory_mb: int = limits.DEFAULT_MEMORY_MB
    timeout_s: int = limits.DEFAULT_TIMEOUT_S
    ephemeral_storage_mb: int = limits.DEFAULT_EPHEMERAL_STORAGE_MB
    description: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str | None] = field(default_factory=dict)
    reserved: int | None = None
    provisioned: Mapping[str, int] = field(default_factory=dict)
    retries: int = DEFAULT_RETRIES
    event_age_s: int = DEFAULT_EVENT_AGE_S
    on_success: str = ""
    on_failure: str = ""
    triggers: Mapping[str, bool] = field(default_factory=dict)

    def configured(self, before: FunctionConfiguration) -> FunctionConfiguration:
        """The configuration that `before` becomes."""
        return replace(
            before,
            memory_mb=self.memory_mb,
            timeout_s=self.timeout_s,
            ephemeral_storage_mb=self.ephemeral_storage_mb,
            description=self.description,
            environment=dict(self.environment),
            secrets=tuple(sorted(self.secrets)),
        )

    def problem(self, before: FunctionConfiguration) -> str | None:
        """What is wrong with it, in one line; None if it can be applied as far as can be told here."""
        try:
            both = sorted(self.environment.keys() & self.secrets.keys())
            if both:
                raise InvalidParameter(f"{both[0]} is a variable and a secret: keep one of them")
            new = [name for name, value in self.secrets.items() if value is None and name not in before.secrets]
            if new:
                raise InvalidParameter(f"the secret {new[0]} has no value yet: give it one")
            self.configured(before).checked()
            check_values({name: value for name, value in self.secrets.items() if value is not None})
            if self.reserved is not None and sum(self.provisioned.values()) > self.reserved:
                raise InvalidParameter(
                    f"provisioned concurrency is {sum(self.provisioned.values())} in all, reserved are {self.reserved}: "
                    "reserve as many, or provision less"
                )
            limits.check_range("retries", self.retries, RETRIES, "")
            limits.check_range("event age", self.event_age_s, EVENT_AGE_S, "seconds")
        except InvalidParameter as error:
            return str(error)
        return None


def usd_per_million(memory_mb: int, duration_ms: float, architecture: str) -> float:
    """The price of a million calls of this duration, at first-tier prices, requests included."""
    gb_seconds = memory_mb * billed_ms(duration_ms, None) / MB_MS_PER_GB_SECOND
    return 1e6 * (PRICES.request + gb_seconds * PRICES.tiers[architecture][0].usd_per_gb_second)


def price_line(memory_mb: int, duration_ms: float | None, architecture: str) -> str:
    """What a memory size means: its part of a CPU, and the price of a million calls of what is known of their duration."""
    vcpu = memory_mb / limits.MB_PER_VCPU
    known = 100.0 if duration_ms is None else duration_ms
    usd = usd_per_million(memory_mb, known, architecture)
    of = "100 ms each" if duration_ms is None else f"{known:.3g} ms each, as its last ones took"
    return f"{vcpu:.2f} vCPU · ${usd:,.2f} for a million calls of {of}"


def cell_line(before: FunctionConfiguration, draft: Draft) -> str:
    """The first line of a cell that deploys the function with these settings."""
    runtime = None if before.runtime == THIS_PYTHON else before.runtime
    words = [before.name, *([] if runtime is None else spelled("--runtime", runtime))]
    triggers = [specification(text, is_on) for text, is_on in draft.triggers.items()]
    given = CellOptions(before.name, runtime=runtime)
    return "%%lambda " + updated(" ".join(words), given, draft.configured(before), triggers).strip()


def specification(text: str, is_enabled: bool) -> str:
    """A trigger's specification that also says if it is disabled, where its kind can be."""
    trigger = parse_trigger(text)
    if is_enabled or "disabled" not in OPTIONS[trigger.kind] or trigger.get("disabled"):
        return text
    return str(replace(trigger, options=tuple(sorted((*trigger.options, ("disabled", True)), key=lambda each: each[0]))))


def boto3_calls(name: str, draft: Draft, account: Account) -> str:
    """The same as calls of boto3. Values of secrets are not shown."""
    variables = {**draft.environment, **dict.fromkeys(draft.secrets, "***")}
    lines = [
        'client = jlambda.client("lambda")      # on AWS: boto3.client("lambda")',
        "client.update_function_configuration(",
        f"    FunctionName={name!r},",
        f"    MemorySize={draft.memory_mb},",
        f"    Timeout={draft.timeout_s},",
        f'    EphemeralStorage={{"Size": {draft.ephemeral_storage_mb}}},',
        f"    Description={draft.description!r},",
        f'    Environment={{"Variables": {json.dumps(variables, ensure_ascii=False)}}},',
        ")",
        "client.put_function_event_invoke_config(",
        f"    FunctionName={name!r},",
        f"    MaximumRetryAttempts={draft.retries},",
        f"    MaximumEventAgeInSeconds={draft.event_age_s},",
        f"    DestinationConfig={json.dumps(destinations(draft))},",
        ")",
    ]
    if draft.reserved is not None:
        lines.append(f"client.put_function_concurrency(FunctionName={name!r}, ReservedConcurrentExecutions={draft.reserved})")
    else:
        lines.append(f"client.delete_function_concurrency(FunctionName={name!r})")
    for qualifier, concurrency in draft.provisioned.items():
        lines += [
            "client.put_provisioned_concurrency_config(",
            f"    FunctionName={name!r}, Qualifier={qualifier!r}, ProvisionedConcurrentExecutions={concurrency}",
            ")",
        ]
    for text, is_on in draft.triggers.items():
        lines += trigger_calls(name, parse_trigger(specification(text, is_on)), account)
    return "\n".join(lines)


def destinations(draft: Draft) -> dict[str, dict[str, str]]:
    """AWS's DestinationConfig."""
    wanted = {"OnSuccess": draft.on_success, "OnFailure": draft.on_failure}
    return {member: {"Destination": arn} if arn else {} for member, arn in wanted.items()}
