"""The operations of the Lambda API, all of them: see `jlambda.api.operations` for what a row says."""

from __future__ import annotations

from jlambda.api import (
    account,
    aliases,
    code_signing,
    concurrency,
    event_invoke,
    functions,
    layers,
    mappings,
    permissions,
    urls,
)
from jlambda.api.operations import Later, Operation

_CAPACITY = Later("capacity providers")
_DURABLE = Later("durable executions")

OPERATIONS = {
    operation.name: operation
    for operation in (
        # Functions and versions
        Operation("CreateFunction", "POST", "/2015-03-31/functions", 201, functions.create),
        Operation("GetFunction", "GET", "/2015-03-31/functions/{FunctionName}", 200, functions.get),
        Operation(
            "GetFunctionConfiguration",
            "GET",
            "/2015-03-31/functions/{FunctionName}/configuration",
            200,
            functions.get_configuration,
        ),
        Operation("ListFunctions", "GET", "/2015-03-31/functions", 200, functions.list_all),
        Operation("UpdateFunctionCode", "PUT", "/2015-03-31/functions/{FunctionName}/code", 200, functions.update_code),
        Operation(
            "UpdateFunctionConfiguration",
            "PUT",
            "/2015-03-31/functions/{FunctionName}/configuration",
            200,
            functions.update_configuration,
        ),
        Operation("DeleteFunction", "DELETE", "/2015-03-31/functions/{FunctionName}", 204, functions.delete),
        Operation("PublishVersion", "POST", "/2015-03-31/functions/{FunctionName}/versions", 201, functions.publish),
        Operation(
            "ListVersionsByFunction", "GET", "/2015-03-31/functions/{FunctionName}/versions", 200, functions.list_versions
        ),
        # Invocations
        Operation("Invoke", "POST", "/2015-03-31/functions/{FunctionName}/invocations", 200, None),
        Operation("InvokeAsync", "POST", "/2014-11-13/functions/{FunctionName}/invoke-async", 202, None),
        Operation(
            "InvokeWithResponseStream", "POST", "/2021-11-15/functions/{FunctionName}/response-streaming-invocations", 200, None
        ),
        # Aliases
        Operation("CreateAlias", "POST", "/2015-03-31/functions/{FunctionName}/aliases", 201, aliases.create),
        Operation("GetAlias", "GET", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 200, aliases.get),
        Operation("ListAliases", "GET", "/2015-03-31/functions/{FunctionName}/aliases", 200, aliases.list_all),
        Operation("UpdateAlias", "PUT", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 200, aliases.update),
        Operation("DeleteAlias", "DELETE", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 204, aliases.delete),
        # Layers
        Operation("PublishLayerVersion", "POST", "/2018-10-31/layers/{LayerName}/versions", 201, layers.publish),
        Operation("GetLayerVersion", "GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", 200, layers.get),
        Operation("GetLayerVersionByArn", "GET", "/2018-10-31/layers?find=LayerVersion", 200, layers.get_by_arn),
        Operation("ListLayers", "GET", "/2018-10-31/layers", 200, layers.list_all),
        Operation("ListLayerVersions", "GET", "/2018-10-31/layers/{LayerName}/versions", 200, layers.list_versions),
        Operation(
            "DeleteLayerVersion", "DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", 204, layers.delete
        ),
        # Permissions
        Operation("AddPermission", "POST", "/2015-03-31/functions/{FunctionName}/policy", 201, permissions.add),
        Operation(
            "RemovePermission", "DELETE", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}", 204, permissions.remove
        ),
        Operation("GetPolicy", "GET", "/2015-03-31/functions/{FunctionName}/policy", 200, permissions.get),
        Operation(
            "AddLayerVersionPermission",
            "POST",
            "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
            201,
            permissions.add_to_layer,
        ),
        Operation(
            "RemoveLayerVersionPermission",
            "DELETE",
            "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}",
            204,
            permissions.remove_from_layer,
        ),
        Operation(
            "GetLayerVersionPolicy",
            "GET",
            "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
            200,
            permissions.get_of_layer,
        ),
        Operation("PutResourcePolicy", "PUT", "/2026-07-09/resource-policy/{ResourceArn}", 200, permissions.put_policy),
        Operation("GetResourcePolicy", "GET", "/2026-07-09/resource-policy/{ResourceArn}", 200, permissions.get_policy),
        Operation(
            "DeleteResourcePolicy", "DELETE", "/2026-07-09/resource-policy/{ResourceArn}", 204, permissions.delete_policy
        ),
        # Concurrency
        Operation("PutFunctionConcurrency", "PUT", "/2017-10-31/functions/{FunctionName}/concurrency", 200, concurrency.put),
        Operation("GetFunctionConcurrency", "GET", "/2019-09-30/functions/{FunctionName}/concurrency", 200, concurrency.get),
        Operation(
            "DeleteFunctionConcurrency", "DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", 204, concurrency.delete
        ),
        Operation(
            "PutProvisionedConcurrencyConfig",
            "PUT",
            "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
            202,
            concurrency.put_provisioned,
        ),
        Operation(
            "GetProvisionedConcurrencyConfig",
            "GET",
            "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
            200,
            concurrency.get_provisioned,
        ),
        Operation(
            "ListProvisionedConcurrencyConfigs",
            "GET",
            "/2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL",
            200,
            concurrency.list_provisioned,
        ),
        Operation(
            "DeleteProvisionedConcurrencyConfig",
            "DELETE",
            "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
            204,
            concurrency.delete_provisioned,
        ),
        Operation(
            "PutFunctionScalingConfig",
            "PUT",
            "/2025-11-30/functions/{FunctionName}/function-scaling-config",
            202,
            concurrency.put_scaling,
        ),
        Operation(
            "GetFunctionScalingConfig",
            "GET",
            "/2025-11-30/functions/{FunctionName}/function-scaling-config",
            200,
            concurrency.get_scaling,
        ),
        # Asynchronous invocation
        Operation(
            "PutFunctionEventInvokeConfig",
            "PUT",
            "/2019-09-25/functions/{FunctionName}/event-invoke-config",
            200,
            event_invoke.put,
        ),
        Operation(
            "UpdateFunctionEventInvokeConfig",
            "POST",
            "/2019-09-25/functions/{FunctionName}/event-invoke-config",
            200,
            event_invoke.update,
        ),
        Operation(
            "GetFunctionEventInvokeConfig",
            "GET",
            "/2019-09-25/functions/{FunctionName}/event-invoke-config",
            200,
            event_invoke.get,
        ),
        Operation(
            "ListFunctionEventInvokeConfigs",
            "GET",
            "/2019-09-25/functions/{FunctionName}/event-invoke-config/list",
            200,
            event_invoke.list_all,
        ),
        Operation(
            "DeleteFunctionEventInvokeConfig",
            "DELETE",
            "/2019-09-25/functions/{FunctionName}/event-invoke-config",
            204,
            event_invoke.delete,
        ),
        # Event source mappings
        Operation("CreateEventSourceMapping", "POST", "/2015-03-31/event-source-mappings", 202, mappings.create),
        Operation("GetEventSourceMapping", "GET", "/2015-03-31/event-source-mappings/{UUID}", 200, mappings.get),
        Operation("ListEventSourceMappings", "GET", "/2015-03-31/event-source-mappings", 200, mappings.list_all),
        Operation("UpdateEventSourceMapping", "PUT", "/2015-03-31/event-source-mappings/{UUID}", 202, mappings.update),
        Operation("DeleteEventSourceMapping", "DELETE", "/2015-03-31/event-source-mappings/{UUID}", 202, mappings.delete),
        # Function URLs
        Operation("CreateFunctionUrlConfig", "POST", "/2021-10-31/functions/{FunctionName}/url", 201, urls.create),
        Operation("GetFunctionUrlConfig", "GET", "/2021-10-31/functions/{FunctionName}/url", 200, urls.get),
        Operation("ListFunctionUrlConfigs", "GET", "/2021-10-31/functions/{FunctionName}/urls", 200, urls.list_all),
        Operation("UpdateFunctionUrlConfig", "PUT", "/2021-10-31/functions/{FunctionName}/url", 200, urls.update),
        Operation("DeleteFunctionUrlConfig", "DELETE", "/2021-10-31/functions/{FunctionName}/url", 204, urls.delete),
        # Code signing
        Operation("CreateCodeSigningConfig", "POST", "/2020-04-22/code-signing-configs", 201, code_signing.create),
        Operation(
            "GetCodeSigningConfig", "GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", 200, code_signing.get
        ),
        Operation("ListCodeSigningConfigs", "GET", "/2020-04-22/code-signing-configs", 200, code_signing.list_all),
        Operation(
            "UpdateCodeSigningConfig",
            "PUT",
            "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
            200,
            code_signing.update,
        ),
        Operation(
            "DeleteCodeSigningConfig",
            "DELETE",
            "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
            204,
            code_signing.delete,
        ),
        Operation(
            "ListFunctionsByCodeSigningConfig",
            "GET",
            "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions",
            200,
            code_signing.list_functions,
        ),
        Operation(
            "PutFunctionCodeSigningConfig",
            "PUT",
            "/2020-06-30/functions/{FunctionName}/code-signing-config",
            200,
            code_signing.put_on_function,
        ),
        Operation(
            "GetFunctionCodeSigningConfig",
            "GET",
            "/2020-06-30/functions/{FunctionName}/code-signing-config",
            200,
            code_signing.get_of_function,
        ),
        Operation(
            "DeleteFunctionCodeSigningConfig",
            "DELETE",
            "/2020-06-30/functions/{FunctionName}/code-signing-config",
            204,
            code_signing.delete_from_function,
        ),
        # Tags, account, and what is stored and returned
        Operation("TagResource", "POST", "/2017-03-31/tags/{Resource}", 204, account.tag),
        Operation("UntagResource", "DELETE", "/2017-03-31/tags/{Resource}", 204, account.untag),
        Operation("ListTags", "GET", "/2017-03-31/tags/{Resource}", 200, account.list_tags),
        Operation("GetAccountSettings", "GET", "/2016-08-19/account-settings", 200, account.get_settings),
        Operation(
            "PutFunctionRecursionConfig",
            "PUT",
            "/2024-08-31/functions/{FunctionName}/recursion-config",
            200,
            account.put_recursion,
        ),
        Operation(
            "GetFunctionRecursionConfig",
            "GET",
            "/2024-08-31/functions/{FunctionName}/recursion-config",
            200,
            account.get_recursion,
        ),
        Operation(
            "PutRuntimeManagementConfig",
            "PUT",
            "/2021-07-20/functions/{FunctionName}/runtime-management-config",
            200,
            account.put_runtime_management,
        ),
        Operation(
            "GetRuntimeManagementConfig",
            "GET",
            "/2021-07-20/functions/{FunctionName}/runtime-management-config",
            200,
            account.get_runtime_management,
        ),
        # Capacity providers: not there yet
        Operation("CreateCapacityProvider", "POST", "/2025-11-30/capacity-providers", 202, _CAPACITY),
        Operation("DeleteCapacityProvider", "DELETE", "/2025-11-30/capacity-providers/{CapacityProviderName}", 202, _CAPACITY),
        Operation("GetCapacityProvider", "GET", "/2025-11-30/capacity-providers/{CapacityProviderName}", 200, _CAPACITY),
        Operation("ListCapacityProviders", "GET", "/2025-11-30/capacity-providers", 200, _CAPACITY),
        Operation(
            "ListFunctionVersionsByCapacityProvider",
            "GET",
            "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions",
            200,
            _CAPACITY,
        ),
        Operation("UpdateCapacityProvider", "PUT", "/2025-11-30/capacity-providers/{CapacityProviderName}", 202, _CAPACITY),
        # Durable executions: not there yet
        Operation(
            "CheckpointDurableExecution",
            "POST",
            "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint",
            200,
            _DURABLE,
        ),
        Operation("DeleteDurableExecution", "DELETE", "/2025-12-01/durable-executions/{DurableExecutionArn}", 202, _DURABLE),
        Operation("GetDurableExecution", "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}", 200, _DURABLE),
        Operation(
            "GetDurableExecutionHistory", "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/history", 200, _DURABLE
        ),
        Operation(
            "GetDurableExecutionState", "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/state", 200, _DURABLE
        ),
        Operation(
            "ListDurableExecutionsByFunction", "GET", "/2025-12-01/functions/{FunctionName}/durable-executions", 200, _DURABLE
        ),
        Operation("PauseDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/pause", 202, _DURABLE),
        Operation(
            "ResumeDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/resume", 202, _DURABLE
        ),
        Operation(
            "SendDurableExecutionCallbackFailure",
            "POST",
            "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail",
            200,
            _DURABLE,
        ),
        Operation(
            "SendDurableExecutionCallbackHeartbeat",
            "POST",
            "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat",
            200,
            _DURABLE,
        ),
        Operation(
            "SendDurableExecutionCallbackSuccess",
            "POST",
            "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed",
            200,
            _DURABLE,
        ),
        Operation("StopDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/stop", 200, _DURABLE),
    )
}
