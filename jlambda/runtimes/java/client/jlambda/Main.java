package jlambda;

import com.amazonaws.services.lambda.runtime.LambdaRuntime;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import jlambda.Failure.Fault;

/** Loads the handler, then serves one invocation after the other from the Runtime API, for as long as that is there. */
public final class Main {
    // https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    private static final String API = "/2018-06-01/runtime/";
    // where X-Ray's SDK for Java looks for the trace
    private static final String TRACE = "com.amazonaws.xray.traceHeader";

    private final Map<String, String> variables;
    private final Log log;
    private final Connection connection;

    private Main(PrintStream out, Map<String, String> variables) throws IOException {
        this.variables = variables;
        log = new Log(out, variables);
        connection = new Connection(variables.get("AWS_LAMBDA_RUNTIME_API"));
    }

    public static void main(String[] arguments) throws Exception {
        serve(System.getenv());
    }

    /** Serve until the Runtime API closes the connection. */
    static void serve(Map<String, String> variables) throws Exception {
        // unbuffered: what a function wrote before it was killed is there
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.setOut(out);
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8));
        try {
            new Main(out, variables).run();
        } catch (EOFException gone) {
            System.exit(0);
        }
    }

    private void run() throws IOException {
        LambdaRuntime.setLogger(log);
        Handler handler = handler();
        while (true) {
            Connection.Reply next = connection.get(API + "invocation/next");
            if (next.status != 200) {
                throw new IOException("the Runtime API answers " + next.status + " to a request for the next invocation");
            }
            serve(next, handler);
        }
    }

    private Handler handler() throws IOException {
        try {
            return Handlers.load(variables.getOrDefault("_HANDLER", ""));
        } catch (Fault fault) {
            if (!fault.isFatal) {
                return new Handler() {
                    @Override
                    public void call(byte[] event, com.amazonaws.services.lambda.runtime.Context context, Result result) throws Fault {
                        throw fault;
                    }
                };
            }
            Failure.hideRuntime(fault.getCause());
            log.logFailure(Failure.report(fault));
            post("init/error", failed(fault), "Runtime.BadFunctionCode");
            System.exit(1);
            throw new IllegalStateException(fault);
        }
    }

    private void serve(Connection.Reply next, Handler handler) throws IOException {
        String id = next.headers.get("lambda-runtime-aws-request-id");
        String trace = next.headers.get("lambda-runtime-trace-id");
        if (trace != null) {
            System.setProperty(TRACE, trace);
        } else {
            System.clearProperty(TRACE);
        }
        log.requestId = id;
        log.tenantId = next.headers.get("lambda-runtime-aws-tenant-id");
        Result result = new Result();
        Throwable failure = null;
        try {
            handler.call(next.body, new InvocationContext(next.headers, variables, log), result);
            // a handler that was interrupted must not interrupt the next
            Thread.interrupted();
        } catch (Throwable error) {
            failure = error;
        }
        if (failure == null) {
            post("invocation/" + id + "/response", result, null);
            return;
        }
        result = null; // it may be what filled the memory
        Failure.hideRuntime(failure);
        log.logFailure(Failure.report(failure));
        post("invocation/" + id + "/error", failed(failure), failure instanceof Fault ? "Runtime.BadFunctionCode" : "Runtime.UserException");
        if (Failure.isFatal(failure)) {
            System.exit(1);
        }
    }

    private static Result failed(Throwable failure) {
        Result result = new Result();
        result.json(Failure.document(failure));
        return result;
    }

    private void post(String path, Result result, String errorType) throws IOException {
        connection.post(API + path, result.bytes, result.length, errorType);
    }
}
