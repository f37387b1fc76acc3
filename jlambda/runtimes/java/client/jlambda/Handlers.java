package jlambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import jlambda.Failure.Fault;

/**
 * Finds the handler that a string names: {@code pkg.Class::method}, or {@code pkg.Class} for a class that implements
 * RequestHandler or RequestStreamHandler. The signatures and the words of every fault are those of AWS's runtime.
 */
final class Handlers {
    private Handlers() {}

    static Handler load(String name) throws Fault {
        int colons = name.lastIndexOf("::");
        String className = colons < 0 ? name : name.substring(0, colons);
        String methodName = colons < 0 ? null : name.substring(colons + 2);
        if (className.isEmpty() || "".equals(methodName)) {
            throw new Fault("Invalid handler: `" + name + "'", null, false);
        }
        Class<?> type;
        try {
            type = Class.forName(className);
        } catch (ClassNotFoundException error) {
            throw new Fault("Class not found: " + className, error, false);
        } catch (Throwable error) {
            String why = error.getMessage() == null ? "" : ": " + error.getMessage();
            throw new Fault("Error loading class " + className + why, error, true);
        }
        return methodName == null ? ofClass(type) : ofMethod(type, methodName);
    }

    private static Handler ofClass(Class<?> type) throws Fault {
        if (RequestStreamHandler.class.isAssignableFrom(type)) {
            return new OfStreams((RequestStreamHandler) instance(type));
        }
        if (!RequestHandler.class.isAssignableFrom(type)) {
            throw new Fault("Class does not implement an appropriate handler interface: " + type.getName(), null, false);
        }
        Shape input = Shape.of(type, null).argument(RequestHandler.class, 0);
        @SuppressWarnings("unchecked")
        RequestHandler<Object, Object> handler = (RequestHandler<Object, Object>) instance(type);
        return new OfObjects(handler, input);
    }

    private static Handler ofMethod(Class<?> type, String name) throws Fault {
        Method best = null;
        for (Method method : type.getMethods()) {
            if (method.getName().equals(name) && fits(method) && (best == null || priority(method) > priority(best))) {
                best = method;
            }
        }
        if (best == null) {
            throw new Fault("No public method named " + name + " with appropriate method signature found on class " + type.getName(), null, false);
        }
        boolean isInterface = name.equals("handleRequest") && (RequestHandler.class.isAssignableFrom(type) && best.getParameterCount() == 2
            || RequestStreamHandler.class.isAssignableFrom(type) && best.getParameterCount() == 3);
        return isInterface ? ofClass(type) : new OfMethod(best, Modifier.isStatic(best.getModifiers()) ? null : instance(type));
    }

    /** Longer signatures are preferred, those with a context more so, and what was written to what the compiler made of it. */
    private static int priority(Method method) {
        Class<?>[] types = method.getParameterTypes();
        boolean hasContext = types.length > 0 && types[types.length - 1] == Context.class;
        return (method.isBridge() ? 0 : 10) + types.length + (hasContext ? 1 : 0);
    }

    /** [event or InputStream] [OutputStream] [Context], in this order. */
    private static boolean fits(Method method) {
        Class<?>[] types = method.getParameterTypes();
        int count = types.length;
        if (count > 0 && types[count - 1] == Context.class) {
            count--;
        }
        if (count == 2) {
            return types[0] == InputStream.class && types[1] == OutputStream.class;
        }
        return count < 2 && (count == 0 || types[0] != Context.class);
    }

    private static Object instance(Class<?> type) throws Fault {
        try {
            return type.getConstructor().newInstance();
        } catch (NoSuchMethodException error) {
            boolean isInner = type.getEnclosingClass() != null && !Modifier.isStatic(type.getModifiers());
            String why = isInner ? " cannot be instantiated because it is a non-static inner class" : " has no public zero-argument constructor";
            throw new Fault("Class " + type.getName() + why, new Exception(error), false);
        } catch (InvocationTargetException error) {
            Throwable cause = error.getCause();
            Failure.hideRuntime(cause);
            throw new Fault(cause.getLocalizedMessage() == null ? cause.getClass().getName() : cause.getLocalizedMessage(), cause, true);
        } catch (ReflectiveOperationException | LinkageError error) {
            throw new Fault(String.valueOf(error.getMessage()), error, error instanceof ExceptionInInitializerError);
        }
    }

    private static Object parsed(byte[] event, Shape shape) {
        try {
            return Binder.bind(event, shape);
        } catch (Exception | StackOverflowError error) {
            throw new RuntimeException("An error occurred during JSON parsing", error);
        }
    }

    /** A class with RequestHandler. */
    private static final class OfObjects implements Handler {
        private final RequestHandler<Object, Object> handler;
        private final Shape input;

        OfObjects(RequestHandler<Object, Object> handler, Shape input) {
            this.handler = handler;
            this.input = input;
        }

        @Override
        public void call(byte[] event, Context context, Result result) {
            result.json(handler.handleRequest(parsed(event, input), context));
        }
    }

    /** A class with RequestStreamHandler. */
    private static final class OfStreams implements Handler {
        private final RequestStreamHandler handler;

        OfStreams(RequestStreamHandler handler) {
            this.handler = handler;
        }

        @Override
        public void call(byte[] event, Context context, Result result) throws Throwable {
            ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
            handler.handleRequest(new ByteArrayInputStream(event), out, context);
            result.stream(out);
        }
    }

    /** Any public method of a fitting signature; `target` is null for a static one. */
    private static final class OfMethod implements Handler {
        private final Method method;
        private final Object target;
        private final Class<?>[] types;
        private final Shape input;
        private final boolean isStream;

        OfMethod(Method method, Object target) {
            method.setAccessible(true);
            this.method = method;
            this.target = target;
            types = method.getParameterTypes();
            Type[] generic = method.getGenericParameterTypes();
            boolean hasEvent = types.length > 0 && types[0] != Context.class;
            input = hasEvent ? Shape.of(generic[0], target == null ? null : Shape.of(target.getClass(), null)) : null;
            isStream = hasEvent && (types[0] == InputStream.class || types[0] == OutputStream.class);
        }

        @Override
        public void call(byte[] event, Context context, Result result) throws Throwable {
            ByteArrayOutputStream out = isStream ? new ByteArrayOutputStream(1024) : null;
            Object[] arguments = new Object[types.length];
            for (int i = 0; i < types.length; i++) {
                arguments[i] = types[i] == Context.class ? context
                    : types[i] == InputStream.class ? new ByteArrayInputStream(event)
                    : types[i] == OutputStream.class ? out
                    : parsed(event, input);
            }
            Object answer;
            try {
                answer = method.invoke(target, arguments);
            } catch (InvocationTargetException error) {
                throw error.getCause();
            }
            if (isStream) {
                result.stream(out);
            } else {
                result.json(answer);
            }
        }
    }
}
