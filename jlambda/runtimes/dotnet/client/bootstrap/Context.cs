// One invocation as its handler sees it: what the Runtime API's headers and the environment variables say.

using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Amazon.Lambda.Core;

namespace Jlambda
{
    internal sealed class Context : ILambdaContext
    {
        private readonly Connection.Reply next;
        private readonly DateTime deadline;

        public Context(Connection.Reply next, Logger log)
        {
            this.next = next;
            Logger = log;
            deadline = DateTime.UnixEpoch.AddMilliseconds(long.Parse(next.Header("Lambda-Runtime-Deadline-Ms") ?? "0"));
            Identity = Object("Lambda-Runtime-Cognito-Identity") is JsonElement who ? new Caller(who) : null;
            ClientContext = Object("Lambda-Runtime-Client-Context") is JsonElement sent ? new Sent(sent) : null;
        }

        public string AwsRequestId => next.Header("Lambda-Runtime-Aws-Request-Id");

        public IClientContext ClientContext { get; }

        public string FunctionName => Variable("AWS_LAMBDA_FUNCTION_NAME");

        public string FunctionVersion => Variable("AWS_LAMBDA_FUNCTION_VERSION");

        public ICognitoIdentity Identity { get; }

        public string InvokedFunctionArn => next.Header("Lambda-Runtime-Invoked-Function-Arn");

        public ILambdaLogger Logger { get; }

        public string LogGroupName => Variable("AWS_LAMBDA_LOG_GROUP_NAME");

        public string LogStreamName => Variable("AWS_LAMBDA_LOG_STREAM_NAME");

        public int MemoryLimitInMB => int.Parse(Variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") ?? "0");

        public TimeSpan RemainingTime
        {
            get
            {
                var left = deadline - DateTime.UtcNow;
                return left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }

        public string TenantId => next.Header("Lambda-Runtime-Aws-Tenant-Id");

        public string TraceId => next.Header("Lambda-Runtime-Trace-Id");

        private static string Variable(string name) => Environment.GetEnvironmentVariable(name);

        private static string Text(JsonElement value, string name) =>
            value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null
                ? found.ToString()
                : null;

        private JsonElement? Object(string header)
        {
            var text = next.Header(header);
            if (string.IsNullOrEmpty(text))
            {
                return null;
            }
            // a header comes as Latin-1 characters, one a byte of its UTF-8
            var value = JsonDocument.Parse(Encoding.Latin1.GetBytes(text)).RootElement;
            return value.ValueKind == JsonValueKind.Object ? value : null;
        }

        private sealed class Caller : ICognitoIdentity
        {
            public Caller(JsonElement who)
            {
                IdentityId = Text(who, "cognitoIdentityId");
                IdentityPoolId = Text(who, "cognitoIdentityPoolId");
            }

            public string IdentityId { get; }

            public string IdentityPoolId { get; }
        }

        private sealed class Sent : IClientContext
        {
            public Sent(JsonElement sent)
            {
                Environment = Texts(sent, "env");
                Custom = Texts(sent, "custom");
                Client = sent.TryGetProperty("client", out var client) && client.ValueKind == JsonValueKind.Object ? new App(client) : null;
            }

            public IDictionary<string, string> Environment { get; }

            public IClientApplication Client { get; }

            public IDictionary<string, string> Custom { get; }

            private static Dictionary<string, string> Texts(JsonElement sent, string name)
            {
                var texts = new Dictionary<string, string>();
                if (sent.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Object)
                {
                    foreach (var member in found.EnumerateObject())
                    {
                        texts[member.Name] = Text(found, member.Name);
                    }
                }
                return texts;
            }
        }

        private sealed class App : IClientApplication
        {
            private readonly JsonElement client;

            public App(JsonElement client) => this.client = client;

            public string AppPackageName => Text(client, "app_package_name");

            public string AppTitle => Text(client, "app_title");

            public string AppVersionCode => Text(client, "app_version_code");

            public string AppVersionName => Text(client, "app_version_name");

            public string InstallationId => Text(client, "installation_id");
        }
    }
}
