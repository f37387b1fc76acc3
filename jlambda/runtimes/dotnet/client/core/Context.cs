// Source-compatible with Amazon.Lambda.Core: what a handler is given besides its event.
// https://docs.aws.amazon.com/lambda/latest/dg/csharp-context.html

using System;
using System.Collections.Generic;

namespace Amazon.Lambda.Core
{
    /// <summary>One invocation as its handler sees it.</summary>
    public interface ILambdaContext
    {
        string AwsRequestId { get; }

        IClientContext ClientContext { get; }

        string FunctionName { get; }

        string FunctionVersion { get; }

        ICognitoIdentity Identity { get; }

        string InvokedFunctionArn { get; }

        ILambdaLogger Logger { get; }

        string LogGroupName { get; }

        string LogStreamName { get; }

        int MemoryLimitInMB { get; }

        TimeSpan RemainingTime { get; }

        string TenantId => null;

        string TraceId => null;
    }

    /// <summary>Who called, where a Cognito identity pool signed the call.</summary>
    public interface ICognitoIdentity
    {
        string IdentityId { get; }

        string IdentityPoolId { get; }
    }

    /// <summary>What the caller sent in X-Amz-Client-Context.</summary>
    public interface IClientContext
    {
        IDictionary<string, string> Environment { get; }

        IClientApplication Client { get; }

        IDictionary<string, string> Custom { get; }
    }

    /// <summary>The mobile app that called.</summary>
    public interface IClientApplication
    {
        string AppPackageName { get; }

        string AppTitle { get; }

        string AppVersionCode { get; }

        string AppVersionName { get; }

        string InstallationId { get; }
    }
}
