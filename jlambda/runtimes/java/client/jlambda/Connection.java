package jlambda;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * One keep-alive HTTP connection to the Runtime API: as much of HTTP/1.1 as that needs, one write a request.
 *
 * The JDK's own HTTP client would take half a second to load. Knows no paths.
 */
final class Connection {
    private static final byte[] NO_BODY = new byte[0];
    private static final int MAX_LINE = 1 << 20;

    private final String address;
    private final Socket socket;
    private final OutputStream out;
    private final InputStream in;
    private final byte[] buffer = new byte[8192];
    private int at;
    private int end;

    /** A reply: `headers` by lower-case name. */
    static final class Reply {
        final int status;
        final Map<String, String> headers;
        final byte[] body;

        Reply(int status, Map<String, String> headers, byte[] body) {
            this.status = status;
            this.headers = headers;
            this.body = body;
        }
    }

    Connection(String address) throws IOException {
        this.address = address;
        int colon = address.lastIndexOf(':');
        int port = Integer.parseInt(address.substring(colon + 1));
        socket = new Socket(InetAddress.getByName(address.substring(0, colon)), port);
        socket.setTcpNoDelay(true);
        out = socket.getOutputStream();
        in = socket.getInputStream();
    }

    Reply get(String path) throws IOException {
        out.write(("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
        return reply();
    }

    /** POST the first `length` bytes of `body`; `errorType` may be null. */
    Reply post(String path, byte[] body, int length, String errorType) throws IOException {
        String head = "POST " + path + " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\nContent-Length: "
            + length + "\r\n";
        if (errorType != null) {
            head += "Lambda-Runtime-Function-Error-Type: " + errorType + "\r\n";
        }
        byte[] first = (head + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        if (length > buffer.length) {
            out.write(first);
            out.write(body, 0, length);
        } else {
            byte[] whole = Arrays.copyOf(first, first.length + length);
            System.arraycopy(body, 0, whole, first.length, length);
            out.write(whole);
        }
        return reply();
    }

    private Reply reply() throws IOException {
        String first = line();
        int status = Integer.parseInt(first.substring(9, 12));
        Map<String, String> headers = new HashMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).trim());
        }
        String length = headers.get("content-length");
        byte[] body = NO_BODY;
        if (length != null) {
            body = bytes(Integer.parseInt(length));
        } else if ("chunked".equalsIgnoreCase(headers.get("transfer-encoding"))) {
            body = chunks();
        }
        return new Reply(status, headers, body);
    }

    private byte[] chunks() throws IOException {
        byte[] whole = NO_BODY;
        for (int size = chunkSize(); size > 0; size = chunkSize()) {
            byte[] chunk = bytes(size);
            int before = whole.length;
            whole = Arrays.copyOf(whole, before + size);
            System.arraycopy(chunk, 0, whole, before, size);
            line();
        }
        while (!line().isEmpty()) {
            // a trailer
        }
        return whole;
    }

    private int chunkSize() throws IOException {
        String line = line();
        int semicolon = line.indexOf(';');
        return Integer.parseInt((semicolon < 0 ? line : line.substring(0, semicolon)).trim(), 16);
    }

    private byte[] bytes(int count) throws IOException {
        byte[] found = new byte[count];
        int have = Math.min(count, end - at);
        System.arraycopy(buffer, at, found, 0, have);
        at += have;
        while (have < count) {
            int got = in.read(found, have, count - have);
            if (got < 0) {
                throw new EOFException("the Runtime API has closed the connection");
            }
            have += got;
        }
        return found;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        while (line.length() < MAX_LINE) {
            if (at == end) {
                at = 0;
                end = in.read(buffer, 0, buffer.length);
                if (end < 0) {
                    throw new EOFException("the Runtime API has closed the connection");
                }
            }
            char next = (char) (buffer[at++] & 0xff);
            if (next == '\n') {
                return line.toString();
            }
            if (next != '\r') {
                line.append(next);
            }
        }
        throw new IOException("the Runtime API sent a line without an end");
    }
}
