// Package messages has the error document of a failed invocation.
package messages

import "fmt"

// InvokeResponse_Error is the error document. A handler may return or panic with one to choose its type.
type InvokeResponse_Error struct {
	Message    string                             `json:"errorMessage"`
	Type       string                             `json:"errorType"`
	StackTrace []*InvokeResponse_Error_StackFrame `json:"stackTrace,omitempty"`
	ShouldExit bool                               `json:"-"`
}

func (e InvokeResponse_Error) Error() string { return fmt.Sprintf("%#v", e) }

// InvokeResponse_Error_StackFrame is one line of a stack trace, innermost first.
type InvokeResponse_Error_StackFrame struct {
	Path  string `json:"path"`
	Line  int32  `json:"line"`
	Label string `json:"label"`
}
