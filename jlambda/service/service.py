"""The Lambda service but for invocations: its parts, put together over one store and one lock."""

from __future__ import annotations

from typing import NamedTuple

from jlambda.engine.engine import Engine
from jlambda.errors import StateError
from jlambda.model.arn import Account
from jlambda.model.limits import STORED_BYTES, UNZIPPED_BYTES, ZIPPED_BYTES
from jlambda.runtimes.code import CodeStore
from jlambda.service.api_usage import ApiUsage
from jlambda.service.code_signing import CodeSigning
from jlambda.service.control import ControlPlane
from jlambda.service.event_invoke import EventInvokeConfigs
from jlambda.service.function_logs import FunctionLogs
from jlambda.service.function_metrics import FunctionMetrics
from jlambda.service.function_settings import FunctionSettings
from jlambda.service.functions import ApiFunctions
from jlambda.service.layers import Layers
from jlambda.service.mappings import Mappings
from jlambda.service.permissions import Permissions
from jlambda.service.requirements import RequirementLayers
from jlambda.service.revision import Revisions
from jlambda.service.running_logs import RunningLogs
from jlambda.service.switches import Switches
from jlambda.service.tags import Tags
from jlambda.service.targets import Targets
from jlambda.service.url_gate import UrlGate
from jlambda.service.urls import FunctionUrls
from jlambda.store.database import Database
from jlambda.store.functions import Functions
from jlambda.store.records import Records
from jlambda.store.secrets import Secrets


class AccountSettings(NamedTuple):
    """Limits and usage of an account: sizes in bytes."""

    stored_limit: int
    unzipped_limit: int
    zipped_limit: int
    concurrency: int
    unreserved_concurrency: int
    stored: int
    functions: int


class Service:
    """What the API works on, besides the control plane and reserved concurrency."""

    def __init__(
        self,
        database: Database,
        functions: Functions,
        secrets: Secrets,
        code: CodeStore,
        layers: Layers,
        control: ControlPlane,
        account: Account,
        concurrency: int,
        is_strict: bool,
        settle_s: float,
        records: Records,
        engine: Engine,
    ) -> None:
        lock = control.lock
        self.targets = targets = Targets(functions, account)
        self._functions, self._code, self._concurrency = functions, code, concurrency
        self.layers, self.requirements = layers, RequirementLayers(layers)
        self.permissions = Permissions(database, targets, layers, account, lock, Revisions(functions, control.forget_aliases))
        self.mappings = Mappings(database, targets, account, lock, settle_s=settle_s)
        self.urls = FunctionUrls(database, targets, account, lock)
        self.switches = Switches(database)
        self.api_usage = ApiUsage(database)
        self.url_gate = UrlGate(database, self.urls, self.permissions, account)
        self.event_invoke = EventInvokeConfigs(database, targets, account, lock)
        self.code_signing = CodeSigning(database, targets, account, lock)
        self.settings = FunctionSettings(database, targets, account)
        exist = {
            "event-source-mapping": lambda uuid: self.mappings.find(uuid) is not None,
            "code-signing-config": self.code_signing.has,
        }
        self.tags = Tags(database, targets, exist, account, lock)
        self.running_logs = RunningLogs(engine, records, account.region)
        self.logs = FunctionLogs(records, functions, database, self.running_logs)
        self.metrics = FunctionMetrics(records, functions)
        self.functions = ApiFunctions(
            *(control, functions, secrets, code, layers, targets, self.tags, self.code_signing, account, is_strict),
            settle_s=settle_s,
        )

    def account_settings(self) -> AccountSettings:
        """Limits and usage; each version of a function and of a layer counts with its zip."""
        every = self._functions.everything()
        return AccountSettings(
            STORED_BYTES,
            UNZIPPED_BYTES,
            ZIPPED_BYTES,
            self._concurrency,
            self._concurrency - sum(self._functions.reserved().values()),
            sum(each.code_size for each in every) + self.layers.stored_bytes(),
            len({each.name for each in every}),
        )

    def package(self, sha256: str) -> bytes | None:
        """The zip with this digest (as CodeSha256), None if there is none."""
        try:
            return self._code.zip(sha256)
        except (StateError, ValueError):
            return None
