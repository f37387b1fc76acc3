package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// serve answers one invocation after another; it returns when the process should end.
func serve(c *client, f *function) error {
	for {
		i, err := c.next()
		if err != nil {
			return err
		}
		if err := handle(c, i, f); err != nil {
			return err
		}
	}
}

// handle answers an invocation. It returns an error only where the process cannot go on.
func handle(c *client, i *invocation, f *function) error {
	ctx, cancel, err := invocationContext(i, f.context)
	if err != nil {
		return report(c, i, failure(err))
	}
	defer cancel()
	found, failed := call(ctx, i.payload, f)
	if failed != nil {
		if err := report(c, i, failed); err != nil {
			return err
		}
		if failed.ShouldExit {
			return errors.New("calling the handler function resulted in a panic, the process should exit")
		}
		return nil
	}
	if closer, ok := found.(io.Closer); ok {
		defer closer.Close()
	}
	if err := c.respond(i, found); err != nil {
		return fmt.Errorf("unexpected error occurred when sending the function response to the API: %v", err)
	}
	return nil
}

func call(ctx context.Context, payload []byte, f *function) (found io.Reader, failed *messages.InvokeResponse_Error) {
	defer func() {
		if value := recover(); value != nil {
			failed = panicked(value)
		}
	}()
	found, err := f.call(ctx, payload)
	if err != nil {
		return nil, failure(err)
	}
	return found, nil
}

func report(c *client, i *invocation, failed *messages.InvokeResponse_Error) error {
	document, err := json.Marshal(failed)
	if err != nil {
		return err
	}
	log.Printf("%s", document)
	if err := c.fail(i, document, failed.Type); err != nil {
		return fmt.Errorf("unexpected error occurred when sending the function error to the API: %v", err)
	}
	return nil
}

// invocationContext is the handler's context: with a deadline, and with what is known of the invocation.
func invocationContext(i *invocation, parent context.Context) (context.Context, context.CancelFunc, error) {
	deadline, err := strconv.ParseInt(i.header("deadline-ms"), 10, 64)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to parse deadline: %v", err)
	}
	about := &lambdacontext.LambdaContext{
		AwsRequestID:       i.id(),
		InvokedFunctionArn: i.header("invoked-function-arn"),
		TenantID:           i.header("aws-tenant-id"),
	}
	if err := parse(i.header("client-context"), &about.ClientContext, "client context"); err != nil {
		return nil, nil, err
	}
	if err := parse(i.header("cognito-identity"), &about.Identity, "cognito identity"); err != nil {
		return nil, nil, err
	}
	trace := i.header("trace-id")
	os.Setenv("_X_AMZN_TRACE_ID", trace)
	ctx := lambdacontext.NewContext(parent, about)
	// AWS's X-Ray SDK looks for a key of this type
	ctx = context.WithValue(ctx, "x-amzn-trace-id", trace) //nolint:staticcheck
	ctx, cancel := context.WithDeadline(ctx, time.UnixMilli(deadline))
	return ctx, cancel, nil
}

func parse(document string, into interface{}, what string) error {
	if document == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(document), into); err != nil {
		return fmt.Errorf("failed to unmarshal %s json: %v", what, err)
	}
	return nil
}
