package com.amazonaws.services.lambda.runtime;

/** Who called, where a Cognito identity pool signed the call. */
public interface CognitoIdentity {
    String getIdentityId();

    String getIdentityPoolId();
}
