// Package lambda runs a function's handler: it can be compiled in place of AWS's package of the same path.
//
// Standard library only, and little of it, so that a function builds in a moment and needs no network.
package lambda

import (
	"context"
	"errors"
	"log"
	"os"
)

// Start answers invocations with handler, and does not return. A handler takes nothing, a context, an event, or a context
// and an event; it returns nothing, an error, or an answer and an error. Events and answers are anything that
// encoding/json reads and writes; an answer that is an io.Reader is streamed.
func Start(handler interface{}) {
	StartWithOptions(handler)
}

// StartWithContext is Start with a context that those of all invocations derive from.
func StartWithContext(ctx context.Context, handler interface{}) {
	StartWithOptions(handler, WithContext(ctx))
}

// StartHandler is Start for a handler that reads and writes bytes itself.
func StartHandler(handler Handler) {
	StartWithOptions(handler)
}

// StartHandlerWithContext is StartHandler with a context that those of all invocations derive from.
func StartHandlerWithContext(ctx context.Context, handler Handler) {
	StartWithOptions(handler, WithContext(ctx))
}

// StartWithOptions is Start with options.
func StartWithOptions(handler interface{}, options ...Option) {
	start(newFunction(handler, options...))
}

// HandlerFunc is a handler whose signature the compiler checks.
type HandlerFunc[TIn, TOut any] interface {
	func(context.Context, TIn) (TOut, error)
}

// StartHandlerFunc is StartWithOptions with a signature that the compiler checks.
func StartHandlerFunc[TIn any, TOut any, H HandlerFunc[TIn, TOut]](handler H, options ...Option) {
	StartWithOptions(handler, options...)
}

func start(f *function) {
	address := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	if address == "" {
		log.Fatal("expected AWS Lambda environment variable AWS_LAMBDA_RUNTIME_API is not defined")
	}
	if f.isSIGTERMEnabled {
		enableSIGTERM(address, f.onSIGTERM)
	}
	if err := serve(&client{address: address}, f); !errors.Is(err, errGone) {
		log.Print(err)
	}
	os.Exit(1)
}
