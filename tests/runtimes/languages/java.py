"""Java in the table of behaviours."""

from tests.runtimes.languages.behaviours import Sources

_HANDLER = """
import com.amazonaws.services.lambda.runtime.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;

public class Function implements RequestHandler<Map<String, Object>, Object> {
    private int count;

    public Object handleRequest(Map<String, Object> event, Context context) {
        try {
            return answer(event, context);
        } catch (ExecutionException error) {
            throw (RuntimeException) error.getCause();
        } catch (Exception error) {
            throw (RuntimeException) error;
        }
    }

    private Object answer(Map<String, Object> event, Context context) throws Exception {
        switch ((String) event.get("do")) {
            case "echo":
                return event.get("value");
            case "error":
                throw new IllegalStateException("boom");
            case "async_error":
                return CompletableFuture.supplyAsync(() -> {
                    throw new IllegalStateException("boom");
                }).get();
            case "sleep":
                Thread.sleep((long) (((Number) event.get("seconds")).doubleValue() * 1000));
                return null;
            case "eat":
                List<byte[]> eaten = new ArrayList<>();
                while (true) {
                    eaten.add(new byte[1 << 20]);
                }
            case "exit":
                System.exit(3);
            case "print":
                System.out.println("to stdout \u00e9");
                System.err.println("to stderr");
                return null;
            case "environment":
                return System.getenv((String) event.get("name"));
            case "count":
                return ++count;
            case "tmp":
                Path kept = Path.of(System.getenv().getOrDefault("TMPDIR", "/tmp"), "kept");
                String before = Files.exists(kept) ? Files.readString(kept) : null;
                Files.writeString(kept, (String) event.get("value"));
                return before;
            default:
                Map<String, Object> found = new LinkedHashMap<>();
                found.put("request_id", context.getAwsRequestId());
                found.put("function", context.getFunctionName());
                found.put("version", context.getFunctionVersion());
                found.put("memory", context.getMemoryLimitInMB());
                found.put("arn", context.getInvokedFunctionArn());
                found.put("remaining_ms", context.getRemainingTimeInMillis());
                found.put("log_group", context.getLogGroupName());
                found.put("log_stream", context.getLogStreamName());
                return found;
        }
    }
}
"""

_BROKEN = """
public class Function {
    public Function() {
        throw new IllegalStateException("no luck");
    }

    public String handleRequest() {
        return null;
    }
}
"""

SOURCES = Sources("java", _HANDLER, _BROKEN, "java.lang.IllegalStateException", "java.lang.IllegalStateException")
