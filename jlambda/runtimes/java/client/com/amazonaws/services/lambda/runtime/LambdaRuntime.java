package com.amazonaws.services.lambda.runtime;

/** The logger, for code that has no context at hand. */
public final class LambdaRuntime {
    private static LambdaLogger logger;

    private LambdaRuntime() {}

    public static LambdaLogger getLogger() {
        return logger;
    }

    /** Called by the runtime once, before any code of the function runs. */
    public static void setLogger(LambdaLogger logger) {
        LambdaRuntime.logger = logger;
    }
}
