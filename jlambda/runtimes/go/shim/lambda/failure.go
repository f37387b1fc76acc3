package lambda

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

const (
	here       = "github.com/aws/aws-lambda-go/lambda."
	mostFrames = 32
)

// failure is the error document of an error that a handler returned.
func failure(err error) *messages.InvokeResponse_Error {
	switch chosen := err.(type) {
	case messages.InvokeResponse_Error:
		return &chosen
	case *messages.InvokeResponse_Error:
		return chosen
	}
	return &messages.InvokeResponse_Error{Message: err.Error(), Type: typeName(err)}
}

// panicked is the error document of a panic; it is to be called by the deferred function that recovered.
func panicked(value interface{}) *messages.InvokeResponse_Error {
	if chosen, ok := value.(messages.InvokeResponse_Error); ok {
		return &chosen
	}
	return &messages.InvokeResponse_Error{
		Message: fmt.Sprint(value), Type: typeName(value), StackTrace: stack(), ShouldExit: true,
	}
}

// typeName is the name of a value's type, or of what it points to.
func typeName(value interface{}) string {
	found := reflect.TypeOf(value)
	if found.Kind() == reflect.Ptr {
		found = found.Elem()
	}
	return found.Name()
}

// stack is where the panic came from: its frames above those of this package and of the call through reflect.
func stack() []*messages.InvokeResponse_Error_StackFrame {
	counters := make([]uintptr, mostFrames)
	frames := runtime.CallersFrames(counters[:runtime.Callers(1, counters)])
	var trace []*messages.InvokeResponse_Error_StackFrame
	for {
		frame, more := frames.Next()
		if isOurs := strings.HasPrefix(frame.Function, here); !isOurs {
			trace = append(trace, shown(frame))
		} else if len(trace) > 0 {
			break
		}
		if !more {
			break
		}
	}
	for len(trace) > 0 && strings.HasPrefix(trace[len(trace)-1].Path, "reflect/") {
		trace = trace[:len(trace)-1]
	}
	return trace
}

// shown names a frame's file from its package's folder on, and its function within the package.
func shown(frame runtime.Frame) *messages.InvokeResponse_Error_StackFrame {
	label := frame.Function[strings.LastIndexByte(frame.Function, '/')+1:]
	label = label[strings.IndexByte(label, '.')+1:]
	parts := strings.Split(frame.File, "/")
	if kept := strings.Count(frame.Function, "/") + 2; len(parts) > kept {
		parts = parts[len(parts)-kept:]
	}
	return &messages.InvokeResponse_Error_StackFrame{Path: strings.Join(parts, "/"), Line: int32(frame.Line), Label: label}
}
