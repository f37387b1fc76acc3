"""Go in the table of behaviours. (A program that panics before it asks for an event has just ended, also on AWS.)"""

from tests.runtimes.languages.behaviours import Sources

_HANDLER = """
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type Event struct {
	Do      string
	Name    string
	Seconds float64
	Value   json.RawMessage
}

var count int

func handle(ctx context.Context, event Event) (any, error) {
	switch event.Do {
	case "echo":
		return event.Value, nil
	case "error":
		return nil, errors.New("boom")
	case "async_error":
		failed := make(chan error)
		go func() {
			time.Sleep(time.Millisecond)
			failed <- errors.New("boom")
		}()
		return nil, <-failed
	case "sleep":
		time.Sleep(time.Duration(event.Seconds * float64(time.Second)))
	case "eat":
		var eaten [][]byte
		for {
			more := make([]byte, 1<<24)
			for i := range more {
				more[i] = 1
			}
			eaten = append(eaten, more)
		}
	case "exit":
		os.Exit(3)
	case "print":
		fmt.Println("to stdout é")
		fmt.Fprintln(os.Stderr, "to stderr")
	case "environment":
		if value, ok := os.LookupEnv(event.Name); ok {
			return value, nil
		}
	case "count":
		count++
		return count, nil
	case "tmp":
		return tmp(event.Value)
	case "context":
		about, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"request_id": about.AwsRequestID, "function": lambdacontext.FunctionName,
			"version": lambdacontext.FunctionVersion, "memory": lambdacontext.MemoryLimitInMB,
			"arn": about.InvokedFunctionArn, "remaining_ms": time.Until(deadline).Milliseconds(),
			"log_group": lambdacontext.LogGroupName, "log_stream": lambdacontext.LogStreamName,
		}, nil
	}
	return nil, nil
}

func tmp(value json.RawMessage) (any, error) {
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return nil, err
	}
	file := os.TempDir() + "/kept"
	before, err := os.ReadFile(file)
	if writing := os.WriteFile(file, []byte(text), 0o600); writing != nil {
		return nil, writing
	}
	if err != nil {
		return nil, nil
	}
	return string(before), nil
}

func main() { lambda.Start(handle) }
"""

_BROKEN = """
package main

import "github.com/aws/aws-lambda-go/lambda"

func init() { panic("no luck") }

func main() { lambda.Start(func() {}) }
"""

SOURCES = Sources(
    "go",
    _HANDLER,
    _BROKEN,
    "errorString",
    "Runtime.ExitError",
    init_error_message="Runtime exited with error: exit status 2",
)
