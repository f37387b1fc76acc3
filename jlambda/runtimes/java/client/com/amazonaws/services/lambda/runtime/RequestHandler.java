package com.amazonaws.services.lambda.runtime;

/** A handler of objects, which are made from JSON and written as JSON. */
public interface RequestHandler<I, O> {
    O handleRequest(I input, Context context);
}
