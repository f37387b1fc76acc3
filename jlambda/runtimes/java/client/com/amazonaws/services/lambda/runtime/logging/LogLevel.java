package com.amazonaws.services.lambda.runtime.logging;

import java.util.Locale;

/** Levels of log messages, the least first; UNDEFINED is that of a message logged without one. */
public enum LogLevel {
    UNDEFINED,
    TRACE,
    DEBUG,
    INFO,
    WARN,
    ERROR,
    FATAL;

    public static LogLevel fromString(String logLevel) {
        try {
            return valueOf(logLevel.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException | NullPointerException error) {
            throw new IllegalArgumentException("Invalid log level: '" + logLevel + "' expected one of [TRACE, DEBUG, INFO, WARN, ERROR, FATAL]");
        }
    }
}
