package jlambda;

import java.io.ByteArrayOutputStream;

/** What a handler answered: the first `length` bytes of `bytes`. */
final class Result {
    byte[] bytes = {'n', 'u', 'l', 'l'};
    int length = bytes.length;

    void json(Object value) {
        JsonWriter writer = new JsonWriter();
        try {
            writer.value(value);
        } catch (Exception | StackOverflowError error) {
            throw new RuntimeException("An error occurred during JSON serialization of response", error);
        }
        bytes = writer.bytes;
        length = writer.length;
    }

    void stream(ByteArrayOutputStream out) {
        bytes = out.toByteArray();
        length = bytes.length;
    }
}
