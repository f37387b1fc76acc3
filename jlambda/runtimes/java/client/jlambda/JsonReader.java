package jlambda;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads one JSON document (RFC 8259) from UTF-8, piece by piece: whoever calls says what it expects next.
 *
 * Knows nothing of classes; `Binder` does.
 */
final class JsonReader {
    /** The depth at which Jackson, AWS's reader, gives up too. */
    static final int MAX_DEPTH = 1000;

    private final byte[] text;
    private int at;
    private int depth;
    private boolean isFirst;

    JsonReader(byte[] text) {
        this.text = text;
    }

    /** The first byte of what comes next: one of {@code { [ " t f n} or that of a number. */
    int peek() {
        while (at < text.length) {
            byte next = text[at];
            if (next != ' ' && next != '\n' && next != '\r' && next != '\t') {
                return next;
            }
            at++;
        }
        throw wrong("the text ends too early");
    }

    /** Enter an object ('{') or array ('['). */
    void open(int bracket) {
        expect(bracket);
        if (++depth > MAX_DEPTH) {
            throw wrong("the text is nested deeper than " + MAX_DEPTH);
        }
        isFirst = true;
    }

    /** Whether the open object ('}') or array (']') has one more; leaves it if not. */
    boolean hasMore(int bracket) {
        boolean wasFirst = isFirst;
        isFirst = false;
        if (peek() == bracket) {
            at++;
            depth--;
            return false;
        }
        if (!wasFirst) {
            expect(',');
        }
        return true;
    }

    /** A member's name and the colon behind it. */
    String name() {
        String name = string();
        expect(':');
        return name;
    }

    /** Anything, as Map, List, String, Integer, Long, BigInteger, Double, Boolean or null. */
    Object value() {
        switch (peek()) {
            case '{':
                Map<String, Object> object = new LinkedHashMap<>();
                for (open('{'); hasMore('}'); ) {
                    object.put(name(), value());
                }
                return object;
            case '[':
                List<Object> array = new ArrayList<>();
                for (open('['); hasMore(']'); ) {
                    array.add(value());
                }
                return array;
            case '"':
                return string();
            case 't':
                return literal("true", Boolean.TRUE);
            case 'f':
                return literal("false", Boolean.FALSE);
            case 'n':
                return literal("null", null);
            default:
                return natural(number());
        }
    }

    /** Reads a null if one comes. */
    boolean isNull() {
        if (peek() != 'n') {
            return false;
        }
        literal("null", null);
        return true;
    }

    /** A string, number, true or false, as text. */
    String scalar() {
        switch (peek()) {
            case '"':
                return string();
            case 't':
                return literal("true", "true");
            case 'f':
                return literal("false", "false");
            case '{':
            case '[':
                throw wrong("a single value is wanted here, and there is an " + (text[at] == '{' ? "object" : "array"));
            default:
                return number();
        }
    }

    /** A number, as it is written. */
    String number() {
        peek();
        int start = at;
        take('-');
        if (!take('0')) {
            digits();
        }
        if (take('.')) {
            digits();
        }
        if (take('e') || take('E')) {
            if (!take('+')) {
                take('-');
            }
            digits();
        }
        return new String(text, start, at - start, StandardCharsets.ISO_8859_1);
    }

    String string() {
        expect('"');
        int start = at;
        while (at < text.length) {
            byte next = text[at];
            if (next == '"') {
                return new String(text, start, at++ - start, StandardCharsets.UTF_8);
            }
            if (next == '\\') {
                return unescaped(start);
            }
            if (next >= 0 && next < ' ') {
                throw wrong("a control character must be escaped");
            }
            at++;
        }
        throw wrong("the text ends too early");
    }

    /** That nothing follows. */
    void end() {
        while (at < text.length) {
            if (text[at] > ' ') {
                throw wrong("something follows the document");
            }
            at++;
        }
    }

    IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException("not the JSON that is expected, at byte " + at + ": " + what);
    }

    private String unescaped(int start) {
        StringBuilder found = new StringBuilder(new String(text, start, at - start, StandardCharsets.UTF_8));
        while (at < text.length) {
            int from = at;
            while (at < text.length && text[at] != '"' && text[at] != '\\') {
                if (text[at] >= 0 && text[at] < ' ') {
                    throw wrong("a control character must be escaped");
                }
                at++;
            }
            found.append(new String(text, from, at - from, StandardCharsets.UTF_8));
            if (take('"')) {
                return found.toString();
            }
            at++;
            found.append(escaped());
        }
        throw wrong("the text ends too early");
    }

    private char escaped() {
        if (at == text.length) {
            throw wrong("the text ends too early");
        }
        switch (text[at++]) {
            case '"':
                return '"';
            case '\\':
                return '\\';
            case '/':
                return '/';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                int code = 0;
                for (int i = 0; i < 4; i++) {
                    int digit = at < text.length ? Character.digit(text[at++], 16) : -1;
                    if (digit < 0) {
                        throw wrong("four hexadecimal digits must follow \\u");
                    }
                    code = code * 16 + digit;
                }
                return (char) code;
            default:
                throw wrong("there is no such escape");
        }
    }

    private static Object natural(String number) {
        if (number.indexOf('.') >= 0 || number.indexOf('e') >= 0 || number.indexOf('E') >= 0) {
            return Double.valueOf(number);
        }
        if (number.length() < 10) {
            return Integer.valueOf(number);
        }
        try {
            long value = Long.parseLong(number);
            if (value == (int) value) {
                return (int) value;
            }
            return value;
        } catch (NumberFormatException tooLarge) {
            return new BigInteger(number);
        }
    }

    private <T> T literal(String word, T meaning) {
        for (int i = 0; i < word.length(); i++) {
            if (at == text.length || text[at] != word.charAt(i)) {
                throw wrong("a value is wanted here");
            }
            at++;
        }
        return meaning;
    }

    private void expect(int next) {
        if (peek() != next) {
            throw wrong("'" + (char) next + "' is wanted here");
        }
        at++;
    }

    private boolean take(int next) {
        if (at < text.length && text[at] == next) {
            at++;
            return true;
        }
        return false;
    }

    private void digits() {
        int start = at;
        while (at < text.length && text[at] >= '0' && text[at] <= '9') {
            at++;
        }
        if (at == start) {
            throw wrong("a value is wanted here");
        }
    }
}
