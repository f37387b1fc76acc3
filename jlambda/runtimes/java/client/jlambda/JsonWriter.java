package jlambda;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Calendar;
import java.util.Date;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;

/**
 * Writes any object as JSON in UTF-8: maps, collections, arrays, scalars, records, and beans by their getters and public
 * fields. Other classes of the JDK (dates, UUIDs, URIs) become their text, a Date its milliseconds, bytes base64.
 */
final class JsonWriter {
    private static final byte[] HEX = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};

    byte[] bytes = new byte[512];
    int length;
    private int depth;

    void value(Object value) throws Exception {
        if (value == null) {
            ascii("null");
        } else if (value instanceof CharSequence || value instanceof Character) {
            string(value.toString());
        } else if (value instanceof Number) {
            number((Number) value);
        } else if (value instanceof Boolean) {
            ascii(value.toString());
        } else if (value instanceof Enum) {
            string(((Enum<?>) value).name());
        } else if (value instanceof Optional) {
            value(((Optional<?>) value).orElse(null));
        } else {
            if (++depth > JsonReader.MAX_DEPTH) {
                throw new IllegalArgumentException("the result is nested deeper than " + JsonReader.MAX_DEPTH + ", or holds itself");
            }
            compound(value);
            depth--;
        }
    }

    private void compound(Object value) throws Exception {
        if (value instanceof Map) {
            map((Map<?, ?>) value);
        } else if (value instanceof Iterable && !(value instanceof java.nio.file.Path)) {
            array(((Iterable<?>) value).iterator());
        } else if (value instanceof byte[]) {
            string(Base64.getEncoder().encodeToString((byte[]) value));
        } else if (value instanceof ByteBuffer) {
            ByteBuffer copy = ((ByteBuffer) value).duplicate();
            byte[] content = new byte[copy.remaining()];
            copy.get(content);
            string(Base64.getEncoder().encodeToString(content));
        } else if (value instanceof char[]) {
            string(new String((char[]) value));
        } else if (value.getClass().isArray()) {
            put('[');
            for (int i = 0; i < Array.getLength(value); i++) {
                if (i > 0) {
                    put(',');
                }
                value(Array.get(value, i));
            }
            put(']');
        } else if (value instanceof Iterator) {
            array((Iterator<?>) value);
        } else if (value instanceof Date) {
            ascii(Long.toString(((Date) value).getTime()));
        } else if (value instanceof Calendar) {
            ascii(Long.toString(((Calendar) value).getTimeInMillis()));
        } else if (value.getClass().getName().startsWith("java.")) {
            string(value.toString());
        } else {
            bean(value);
        }
    }

    private void map(Map<?, ?> map) throws Exception {
        put('{');
        boolean isFirst = true;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!isFirst) {
                put(',');
            }
            isFirst = false;
            string(String.valueOf(entry.getKey()));
            put(':');
            value(entry.getValue());
        }
        put('}');
    }

    private void array(Iterator<?> items) throws Exception {
        put('[');
        for (boolean isFirst = true; items.hasNext(); isFirst = false) {
            if (!isFirst) {
                put(',');
            }
            value(items.next());
        }
        put(']');
    }

    private void bean(Object bean) throws Exception {
        put('{');
        boolean isFirst = true;
        for (Bean.Member member : Bean.of(bean.getClass()).members) {
            if (member.canRead()) {
                if (!isFirst) {
                    put(',');
                }
                isFirst = false;
                string(member.name);
                put(':');
                value(member.read(bean));
            }
        }
        put('}');
    }

    private void number(Number number) {
        double value = number.doubleValue();
        boolean isFloating = number instanceof Double || number instanceof Float;
        if (isFloating && (Double.isNaN(value) || Double.isInfinite(value))) {
            string(number.toString());
        } else {
            ascii(number.toString());
        }
    }

    private void string(String text) {
        put('"');
        for (int i = 0; i < text.length(); i++) {
            char next = text.charAt(i);
            if (next < 0x80) {
                character(next);
            } else if (next < 0x800) {
                put(0xc0 | next >> 6);
                put(0x80 | next & 0x3f);
            } else if (Character.isHighSurrogate(next) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                int code = Character.toCodePoint(next, text.charAt(++i));
                put(0xf0 | code >> 18);
                put(0x80 | code >> 12 & 0x3f);
                put(0x80 | code >> 6 & 0x3f);
                put(0x80 | code & 0x3f);
            } else if (Character.isSurrogate(next)) { // half a pair has no UTF-8
                unicode(next);
            } else {
                put(0xe0 | next >> 12);
                put(0x80 | next >> 6 & 0x3f);
                put(0x80 | next & 0x3f);
            }
        }
        put('"');
    }

    private void character(char next) {
        int escape = next == '\n' ? 'n' : next == '\r' ? 'r' : next == '\t' ? 't' : next == '"' || next == '\\' ? next : 0;
        if (escape != 0) {
            put('\\');
            put(escape);
        } else if (next < ' ') {
            unicode(next);
        } else {
            put(next);
        }
    }

    private void unicode(char code) {
        ascii("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            put(HEX[code >> shift & 0xf]);
        }
    }

    private void ascii(String text) {
        for (int i = 0; i < text.length(); i++) {
            put(text.charAt(i));
        }
    }

    private void put(int next) {
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, length * 2);
        }
        bytes[length++] = (byte) next;
    }
}
