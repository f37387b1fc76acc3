package jlambda;

import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/** The logger of every context: text, or one JSON object a message, as `AWS_LAMBDA_LOG_FORMAT` says. */
final class Log implements LambdaLogger {
    /** The request that runs; null in the init phase. */
    String requestId;
    String tenantId;

    private final PrintStream out;
    private final boolean isJson;
    private final LogLevel least;

    Log(PrintStream out, Map<String, String> variables) {
        this.out = out;
        isJson = "JSON".equalsIgnoreCase(variables.get("AWS_LAMBDA_LOG_FORMAT"));
        String level = variables.get("AWS_LAMBDA_LOG_LEVEL");
        least = level == null || level.isEmpty() ? LogLevel.UNDEFINED : LogLevel.fromString(level);
    }

    @Override
    public void log(String message) {
        log(message, LogLevel.UNDEFINED);
    }

    @Override
    public void log(byte[] message) {
        log(new String(message, StandardCharsets.UTF_8), LogLevel.UNDEFINED);
    }

    @Override
    public void log(byte[] message, LogLevel level) {
        log(new String(message, StandardCharsets.UTF_8), level);
    }

    @Override
    public void log(String message, LogLevel level) {
        if (level != LogLevel.UNDEFINED && level.compareTo(least) < 0) {
            return;
        }
        String text = isJson ? json(message, level) : level == LogLevel.UNDEFINED ? String.valueOf(message) : "[" + level + "] " + message;
        out.print(text.endsWith("\n") ? text : text + "\n");
    }

    /** What could not be handled: an error in JSON, plain in text. */
    void logFailure(String report) {
        log(report, isJson ? LogLevel.ERROR : LogLevel.UNDEFINED);
    }

    private String json(String message, LogLevel level) {
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("timestamp", Instant.now().truncatedTo(ChronoUnit.MILLIS));
        record.put("message", message);
        record.put("level", level);
        if (requestId != null) {
            record.put("AWSRequestId", requestId);
        }
        if (tenantId != null) {
            record.put("tenantId", tenantId);
        }
        JsonWriter writer = new JsonWriter();
        try {
            writer.value(record);
        } catch (Exception impossible) {
            throw new IllegalStateException(impossible);
        }
        return new String(writer.bytes, 0, writer.length, StandardCharsets.UTF_8);
    }
}
