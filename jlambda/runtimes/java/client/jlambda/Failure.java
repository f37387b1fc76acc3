package jlambda;

import java.io.IOError;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How a failure reads: the error document that the caller gets, and the text that goes to the log. Both are AWS's. */
final class Failure {
    private static final String HERE = Failure.class.getPackageName() + ".";
    private static final int MAX_CAUSES = 50;

    /** A fault of the handler's definition, not of its run: there is no class, no method, no constructor. */
    static final class Fault extends Exception {
        private static final long serialVersionUID = 1;
        final String type;
        /** Whether this ends the init phase; the others fail each invocation. */
        final boolean isFatal;

        Fault(String message, Throwable cause, boolean isFatal) {
            super(message, cause);
            type = cause == null ? null : cause.getClass().getName();
            this.isFatal = isFatal;
        }
    }

    private Failure() {}

    static Map<String, Object> document(Throwable error) {
        if (error instanceof Fault) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("errorMessage", error.getMessage());
            if (((Fault) error).type != null) {
                document.put("errorType", ((Fault) error).type);
            }
            return document;
        }
        return document(error, MAX_CAUSES);
    }

    private static Map<String, Object> document(Throwable error, int depth) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("errorMessage", message(error));
        document.put("errorType", error.getClass().getName());
        List<String> stack = new ArrayList<>();
        for (StackTraceElement frame : error.getStackTrace()) {
            stack.add(frame.toString());
        }
        document.put("stackTrace", stack);
        if (error.getCause() != null && depth > 0) {
            document.put("cause", document(error.getCause(), depth - 1));
        }
        return document;
    }

    static String report(Throwable error) {
        Throwable shown = error instanceof Fault ? error.getCause() : error;
        String message = error instanceof Fault ? error.getMessage() : message(error);
        if (shown == null) {
            return message + "\n";
        }
        StringWriter trace = new StringWriter();
        shown.printStackTrace(new PrintWriter(trace));
        return message + ": " + shown.getClass().getName() + "\n" + trace;
    }

    /** Whether the process is not fit to go on. */
    static boolean isFatal(Throwable error) {
        return error instanceof VirtualMachineError || error instanceof IOError || error instanceof Fault && ((Fault) error).isFatal;
    }

    /** Cut this runtime's own frames off the stack traces of `error` and of all that led to it. */
    static void hideRuntime(Throwable error) {
        hideRuntime(error, Collections.newSetFromMap(new IdentityHashMap<>()));
    }

    private static void hideRuntime(Throwable error, Set<Throwable> done) {
        if (error == null || !done.add(error)) {
            return;
        }
        StackTraceElement[] trace = error.getStackTrace();
        for (int i = 0; i < trace.length; i++) {
            if (trace[i].getClassName().startsWith(HERE)) {
                StackTraceElement[] kept = new StackTraceElement[i];
                System.arraycopy(trace, 0, kept, 0, i);
                error.setStackTrace(kept);
                break;
            }
        }
        hideRuntime(error.getCause(), done);
        for (Throwable suppressed : error.getSuppressed()) {
            hideRuntime(suppressed, done);
        }
    }

    private static String message(Throwable error) {
        String message = error.getLocalizedMessage();
        return message == null ? error.getClass().getName() : message;
    }
}
