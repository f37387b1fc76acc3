package jlambda;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** Makes objects of a given shape from JSON, with the conversions between scalars that Jackson allows. */
final class Binder {
    private static final Map<Class<?>, Class<?>> BOXED = Map.of(int.class, Integer.class, long.class, Long.class,
        double.class, Double.class, float.class, Float.class, short.class, Short.class, byte.class, Byte.class);

    private final JsonReader in;

    private Binder(JsonReader in) {
        this.in = in;
    }

    /** The whole document `text` as `shape`. */
    static Object bind(byte[] text, Shape shape) throws Exception {
        JsonReader in = new JsonReader(text);
        Object value = new Binder(in).value(shape);
        in.end();
        return value;
    }

    private Object value(Shape shape) throws Exception {
        Class<?> raw = shape.raw;
        if (raw == Object.class) {
            return in.value();
        }
        if (raw == Optional.class) {
            return in.isNull() ? Optional.empty() : Optional.ofNullable(value(shape.argument(Optional.class, 0)));
        }
        if (in.isNull()) {
            return raw.isPrimitive() ? Array.get(Array.newInstance(raw, 1), 0) : null;
        }
        if (raw.isPrimitive() || raw == String.class || raw == Boolean.class || raw == Character.class || Number.class.isAssignableFrom(raw)) {
            return scalar(raw);
        }
        if (Map.class.isAssignableFrom(raw)) {
            return map(shape);
        }
        if (Collection.class.isAssignableFrom(raw) || raw == Iterable.class) {
            return collection(shape);
        }
        if (raw == byte[].class || raw == ByteBuffer.class) {
            byte[] content = Base64.getDecoder().decode(in.string());
            return raw == byte[].class ? content : ByteBuffer.wrap(content);
        }
        if (raw.isArray()) {
            return array(shape);
        }
        if (raw == Date.class && in.peek() != '"') {
            return new Date(Long.parseLong(in.number()));
        }
        int next = in.peek();
        return next == '{' ? bean(shape) : next == '[' ? unfit("an array", raw) : fromText(raw, in.scalar());
    }

    private Object scalar(Class<?> raw) {
        if (Number.class == raw) {
            return in.peek() == '"' ? new BigDecimal(in.string()) : in.value();
        }
        String text = in.scalar();
        if (raw == String.class) {
            return text;
        }
        if (raw == boolean.class || raw == Boolean.class) {
            return text.equals("true") ? Boolean.TRUE : text.equals("false") ? Boolean.FALSE : unfit("\"" + text + "\"", raw);
        }
        if (raw == char.class || raw == Character.class) {
            return text.length() == 1 ? text.charAt(0) : unfit("\"" + text + "\"", raw);
        }
        try {
            return number(BOXED.getOrDefault(raw, raw), text);
        } catch (ArithmeticException | NumberFormatException error) {
            return unfit(text, raw);
        }
    }

    private Object number(Class<?> raw, String text) {
        if (raw == Double.class) {
            return Double.valueOf(text);
        }
        if (raw == Float.class) {
            return Float.valueOf(text);
        }
        if (raw == Integer.class && text.length() < 10 && text.indexOf('.') < 0) {
            return Integer.valueOf(text);
        }
        BigDecimal exact = new BigDecimal(text);
        if (raw == BigDecimal.class) {
            return exact;
        }
        if (exact.scale() < -1000) { // 1e999999999 would fill the memory with its zeros
            throw new ArithmeticException();
        }
        BigInteger whole = exact.toBigInteger();
        if (raw == Integer.class) {
            return whole.intValueExact();
        }
        if (raw == Long.class) {
            return whole.longValueExact();
        }
        if (raw == Short.class) {
            return whole.shortValueExact();
        }
        if (raw == Byte.class) {
            return whole.byteValueExact();
        }
        return raw == BigInteger.class ? whole : fromText(raw, text);
    }

    private Object map(Shape shape) throws Exception {
        @SuppressWarnings("unchecked")
        Map<Object, Object> map = (Map<Object, Object>) made(shape.raw, LinkedHashMap.class, TreeMap.class);
        Shape key = shape.argument(Map.class, 0);
        Shape value = shape.argument(Map.class, 1);
        for (in.open('{'); in.hasMore('}'); ) {
            String name = in.name();
            map.put(key.raw == String.class || key.raw == Object.class ? name : keyOf(key.raw, name), value(value));
        }
        return map;
    }

    private Object keyOf(Class<?> raw, String name) {
        return Number.class.isAssignableFrom(raw) ? number(raw, name) : fromText(raw, name);
    }

    private Object collection(Shape shape) throws Exception {
        Class<?> raw = shape.raw == Iterable.class ? Collection.class : shape.raw;
        @SuppressWarnings("unchecked")
        Collection<Object> items = (Collection<Object>) made(raw, ArrayList.class, LinkedHashSet.class, TreeSet.class, ArrayDeque.class);
        Shape item = shape.argument(Iterable.class, 0);
        for (in.open('['); in.hasMore(']'); ) {
            items.add(value(item));
        }
        return items;
    }

    /** A new object of `raw`, or of the first of `usual` that is one. */
    private Object made(Class<?> raw, Class<?>... usual) throws Exception {
        for (Class<?> type : usual) {
            if (raw.isAssignableFrom(type)) {
                return type.getConstructor().newInstance();
            }
        }
        return Bean.of(raw).make();
    }

    private Object array(Shape shape) throws Exception {
        ArrayList<Object> items = new ArrayList<>();
        for (in.open('['); in.hasMore(']'); ) {
            items.add(value(shape.arguments[0]));
        }
        Object array = Array.newInstance(shape.arguments[0].raw, items.size());
        for (int i = 0; i < items.size(); i++) {
            Array.set(array, i, items.get(i));
        }
        return array;
    }

    private Object bean(Shape shape) throws Exception {
        Bean bean = Bean.of(shape.raw);
        boolean isRecord = shape.raw.isRecord();
        Object[] values = new Object[isRecord ? bean.members.length : 0];
        for (int i = 0; i < values.length; i++) {
            Class<?> type = shape.member(bean, i).raw;
            values[i] = type.isPrimitive() ? Array.get(Array.newInstance(type, 1), 0) : null;
        }
        Object made = isRecord ? null : bean.make();
        for (in.open('{'); in.hasMore('}'); ) {
            int index = bean.index(in.name());
            if (index < 0) {
                in.value();
            } else if (isRecord) {
                values[index] = value(shape.member(bean, index));
            } else {
                bean.members[index].write(made, value(shape.member(bean, index)));
            }
        }
        return isRecord ? bean.make(values) : made;
    }

    /** An enum's constant, or what the class itself makes of a text: java.time's, UUID, URI and many more. */
    private Object fromText(Class<?> raw, String text) {
        if (raw.isEnum()) {
            for (Object constant : raw.getEnumConstants()) {
                if (((Enum<?>) constant).name().equals(text)) {
                    return constant;
                }
            }
            return unfit("\"" + text + "\"", raw);
        }
        Object[][] ways = {{"parse", CharSequence.class}, {"fromString", String.class}, {"valueOf", String.class}, {"of", String.class}};
        try {
            for (Object[] way : ways) {
                try {
                    Method method = raw.getMethod((String) way[0], (Class<?>) way[1]);
                    if (Modifier.isStatic(method.getModifiers()) && raw.isAssignableFrom(method.getReturnType())) {
                        return method.invoke(null, text);
                    }
                } catch (NoSuchMethodException next) {
                    continue;
                }
            }
            return raw.getConstructor(String.class).newInstance(text);
        } catch (InvocationTargetException error) {
            throw in.wrong(String.valueOf(error.getCause().getMessage()));
        } catch (ReflectiveOperationException none) {
            return unfit("\"" + text + "\"", raw);
        }
    }

    private Object unfit(String what, Class<?> raw) {
        throw in.wrong(what + " does not fit " + raw.getTypeName());
    }
}
