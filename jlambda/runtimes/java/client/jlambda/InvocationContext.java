package jlambda;

import com.amazonaws.services.lambda.runtime.Client;
import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** One invocation as its handler sees it: what the Runtime API's headers and the environment variables say. */
final class InvocationContext implements Context {
    private final Map<String, String> headers;
    private final Map<String, String> variables;
    private final Log log;
    private final long deadline;
    private final CognitoIdentity identity;
    private final ClientContext client;

    InvocationContext(Map<String, String> headers, Map<String, String> variables, Log log) {
        this.headers = headers;
        this.variables = variables;
        this.log = log;
        deadline = Long.parseLong(headers.getOrDefault("lambda-runtime-deadline-ms", "0"));
        Map<?, ?> who = object("lambda-runtime-cognito-identity");
        identity = who == null ? null : new Identity(text(who.get("cognitoIdentityId")), text(who.get("cognitoIdentityPoolId")));
        Map<?, ?> sent = object("lambda-runtime-client-context");
        client = sent == null ? null : new Caller(sent);
    }

    @Override
    public String getAwsRequestId() {
        return headers.get("lambda-runtime-aws-request-id");
    }

    @Override
    public String getLogGroupName() {
        return variables.get("AWS_LAMBDA_LOG_GROUP_NAME");
    }

    @Override
    public String getLogStreamName() {
        return variables.get("AWS_LAMBDA_LOG_STREAM_NAME");
    }

    @Override
    public String getFunctionName() {
        return variables.get("AWS_LAMBDA_FUNCTION_NAME");
    }

    @Override
    public String getFunctionVersion() {
        return variables.get("AWS_LAMBDA_FUNCTION_VERSION");
    }

    @Override
    public String getInvokedFunctionArn() {
        return headers.get("lambda-runtime-invoked-function-arn");
    }

    @Override
    public CognitoIdentity getIdentity() {
        return identity;
    }

    @Override
    public ClientContext getClientContext() {
        return client;
    }

    @Override
    public int getRemainingTimeInMillis() {
        return (int) Math.max(0, Math.min(Integer.MAX_VALUE, deadline - System.currentTimeMillis()));
    }

    @Override
    public int getMemoryLimitInMB() {
        return Integer.parseInt(variables.getOrDefault("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0"));
    }

    @Override
    public LambdaLogger getLogger() {
        return log;
    }

    @Override
    public String getTenantId() {
        return headers.get("lambda-runtime-aws-tenant-id");
    }

    @Override
    public String getXrayTraceId() {
        return headers.get("lambda-runtime-trace-id");
    }

    private Map<?, ?> object(String header) {
        String value = headers.get(header);
        if (value == null || value.isEmpty()) {
            return null;
        }
        // a header comes as Latin-1 characters, one a byte of its UTF-8
        JsonReader reader = new JsonReader(value.getBytes(StandardCharsets.ISO_8859_1));
        Object found = reader.value();
        reader.end();
        return found instanceof Map ? (Map<?, ?>) found : null;
    }

    private static String text(Object value) {
        return value == null ? null : value.toString();
    }

    private static Map<String, String> texts(Object value) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (value instanceof Map) {
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                texts.put(text(entry.getKey()), text(entry.getValue()));
            }
        }
        return texts;
    }

    private static final class Identity implements CognitoIdentity {
        private final String id;
        private final String pool;

        Identity(String id, String pool) {
            this.id = id;
            this.pool = pool;
        }

        @Override
        public String getIdentityId() {
            return id;
        }

        @Override
        public String getIdentityPoolId() {
            return pool;
        }
    }

    /** The client context and, in it, the application. */
    private static final class Caller implements ClientContext, Client {
        private final Map<String, String> custom;
        private final Map<String, String> environment;
        private final Map<String, String> application;

        Caller(Map<?, ?> sent) {
            custom = texts(sent.get("custom"));
            environment = texts(sent.get("env"));
            application = sent.get("client") == null ? null : texts(sent.get("client"));
        }

        @Override
        public Client getClient() {
            return application == null ? null : this;
        }

        @Override
        public Map<String, String> getCustom() {
            return custom;
        }

        @Override
        public Map<String, String> getEnvironment() {
            return environment;
        }

        @Override
        public String getInstallationId() {
            return application.get("installation_id");
        }

        @Override
        public String getAppTitle() {
            return application.get("app_title");
        }

        @Override
        public String getAppVersionName() {
            return application.get("app_version_name");
        }

        @Override
        public String getAppVersionCode() {
            return application.get("app_version_code");
        }

        @Override
        public String getAppPackageName() {
            return application.get("app_package_name");
        }
    }
}
