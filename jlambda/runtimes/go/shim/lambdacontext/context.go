// Package lambdacontext tells a function about itself and about the invocation at hand.
//
// https://docs.aws.amazon.com/lambda/latest/dg/golang-context.html
package lambdacontext

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
)

// What an execution environment knows of its function, for as long as it lives.
var (
	FunctionName    = os.Getenv("AWS_LAMBDA_FUNCTION_NAME")
	FunctionVersion = os.Getenv("AWS_LAMBDA_FUNCTION_VERSION")
	LogGroupName    = os.Getenv("AWS_LAMBDA_LOG_GROUP_NAME")
	LogStreamName   = os.Getenv("AWS_LAMBDA_LOG_STREAM_NAME")
	MemoryLimitInMB = memoryLimit()
)

func memoryLimit() int {
	limit, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	if err != nil {
		return 0
	}
	return limit
}

// LambdaContext is about one invocation.
type LambdaContext struct {
	AwsRequestID       string
	InvokedFunctionArn string
	Identity           CognitoIdentity
	ClientContext      ClientContext
	TenantID           string `json:",omitempty"`
}

// CognitoIdentity is who called, for callers of Amazon Cognito.
type CognitoIdentity struct {
	CognitoIdentityID     string
	CognitoIdentityPoolID string
}

// ClientContext is what the caller sent with `--client-context`.
type ClientContext struct {
	Client ClientApplication
	Env    map[string]string `json:"env"`
	Custom map[string]string `json:"custom"`
}

// ClientApplication is the mobile application that called.
type ClientApplication struct {
	InstallationID string `json:"installation_id"`
	AppTitle       string `json:"app_title"`
	AppVersionCode string `json:"app_version_code"`
	AppPackageName string `json:"app_package_name"`
}

// UnmarshalJSON keeps members of "custom" that are no strings as their JSON.
func (c *ClientContext) UnmarshalJSON(data []byte) error {
	var found struct {
		Client ClientApplication
		Env    map[string]string          `json:"env"`
		Custom map[string]json.RawMessage `json:"custom"`
	}
	if err := json.Unmarshal(data, &found); err != nil {
		return err
	}
	*c = ClientContext{Client: found.Client, Env: found.Env}
	if found.Custom != nil {
		c.Custom = make(map[string]string, len(found.Custom))
	}
	for name, raw := range found.Custom {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		c.Custom[name] = text
	}
	return nil
}

type contextKey struct{}

// NewContext returns a context that carries lc.
func NewContext(parent context.Context, lc *LambdaContext) context.Context {
	return context.WithValue(parent, contextKey{}, lc)
}

// FromContext returns what NewContext put into ctx.
func FromContext(ctx context.Context) (*LambdaContext, bool) {
	lc, ok := ctx.Value(contextKey{}).(*LambdaContext)
	return lc, ok
}
