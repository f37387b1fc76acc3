package jlambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Two invocations against a Runtime API of its own, run once when this client is built: the JVM writes the classes that
 * they need into an archive, and every later start takes them from there.
 */
public final class Rehearsal implements RequestHandler<Rehearsal.Point, Rehearsal.Point> {
    private static final String EVENT = "{\"n\": 1, \"all\": {\"l\": [1.5, true, null, 12345678901], \"s\": \"\\u00e9\"}}";

    /** Event and answer: a bean. */
    public static final class Point {
        public int n;
        public Map<String, Object> all;
    }

    /** With what many handlers use: streams, formats, patterns, times. */
    public static Point method(Point event) {
        List<String> words = List.of("b", "a").stream().map(word -> word + "x").sorted().collect(Collectors.toList());
        Map<String, Integer> counts = new TreeMap<>(Map.of("a", 1));
        counts.merge("a", 2, Integer::sum);
        String text = String.format("%s %d %.2f", String.join(",", words), counts.get("a"), 1.5);
        text = Pattern.compile("[a-z]+").matcher(text).replaceAll("") + Instant.EPOCH + LocalDate.EPOCH + new BigDecimal("1.5");
        event.n = Optional.of(text).map(String::length).orElse(0) + UUID.nameUUIDFromBytes(text.getBytes()).hashCode();
        return event;
    }

    @Override
    public Point handleRequest(Point event, Context context) {
        context.getLogger().log("rehearsed");
        if (context.getRemainingTimeInMillis() > 0) {
            throw new IllegalStateException("rehearsed");
        }
        return event;
    }

    public static void main(String[] arguments) throws Throwable {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Thread api = new Thread() {
                @Override
                public void run() {
                    answer(server);
                }
            };
            api.setDaemon(true);
            api.start();
            Handlers.load("jlambda.Rehearsal::method").call(EVENT.getBytes(StandardCharsets.UTF_8), null, new Result());
            Main.serve(Map.of("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:" + server.getLocalPort(), "_HANDLER", "jlambda.Rehearsal"));
        }
    }

    private static void answer(ServerSocket server) {
        try (Socket client = server.accept()) {
            InputStream in = client.getInputStream();
            OutputStream out = client.getOutputStream();
            for (String deadline : new String[] {"0", "9000000000000"}) {
                in.read(new byte[8192]);
                out.write(("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: " + deadline
                    + "\r\nLambda-Runtime-Client-Context: {\"custom\": {}}\r\nContent-Length: " + EVENT.length() + "\r\n\r\n" + EVENT)
                    .getBytes(StandardCharsets.UTF_8));
                in.read(new byte[8192]);
                out.write("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            }
            in.read(new byte[8192]);
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }
}
