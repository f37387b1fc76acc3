package jlambda;

import com.amazonaws.services.lambda.runtime.Context;

/** What an invocation calls: an event in, a result out, both as bytes. */
interface Handler {
    void call(byte[] event, Context context, Result result) throws Throwable;
}
