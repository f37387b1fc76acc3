package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// Handler reads the event and writes the answer as bytes.
type Handler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Option changes how a handler is called.
type Option func(*function)

// WithContext derives the contexts of all invocations from ctx.
func WithContext(ctx context.Context) Option {
	return func(f *function) { f.context = ctx }
}

// WithContextValue puts a value into the contexts of all invocations.
func WithContextValue(key, value interface{}) Option {
	return func(f *function) { f.context = context.WithValue(f.context, key, value) }
}

// WithSetEscapeHTML has answers escaped for HTML, which encoding/json does unless told otherwise.
func WithSetEscapeHTML(escapeHTML bool) Option {
	return func(f *function) { f.escapeHTML = escapeHTML }
}

// WithSetIndent has answers indented.
func WithSetIndent(prefix, indent string) Option {
	return func(f *function) { f.prefix, f.indent = prefix, indent }
}

// WithUseNumber reads numbers of events without a type of their own as json.Number.
func WithUseNumber(useNumber bool) Option {
	return func(f *function) { f.useNumber = useNumber }
}

// WithDisallowUnknownFields fails invocations whose event has members that its type lacks.
func WithDisallowUnknownFields(disallow bool) Option {
	return func(f *function) { f.disallowUnknownFields = disallow }
}

// WithEnableSIGTERM asks for SIGTERM before the environment is shut down, and calls callbacks when it comes.
func WithEnableSIGTERM(callbacks ...func()) Option {
	return func(f *function) { f.isSIGTERMEnabled, f.onSIGTERM = true, append(f.onSIGTERM, callbacks...) }
}

// NewHandler turns a handler of any signature that Start takes into one of bytes.
func NewHandler(handler interface{}) Handler {
	return NewHandlerWithOptions(handler)
}

// NewHandlerWithOptions is NewHandler with options.
func NewHandlerWithOptions(handler interface{}, options ...Option) Handler {
	return newFunction(handler, options...)
}

// A function is a handler with its options. Its call gives the answer to send.
type function struct {
	call                             func(ctx context.Context, payload []byte) (io.Reader, error)
	context                          context.Context
	escapeHTML                       bool
	prefix, indent                   string
	useNumber, disallowUnknownFields bool
	isSIGTERMEnabled                 bool
	onSIGTERM                        []func()
}

// An answer that is whole in memory; its type is JSON unless a Handler made it.
type answer struct {
	bytes.Reader
	contentType string
}

func (a *answer) ContentType() string { return a.contentType }

func newAnswer(body []byte, contentType string) *answer {
	return &answer{*bytes.NewReader(body), contentType}
}

func newFunction(handler interface{}, options ...Option) *function {
	if made, ok := handler.(*function); ok {
		for _, option := range options {
			option(made)
		}
		return made
	}
	f := &function{context: context.Background()}
	for _, option := range options {
		option(f)
	}
	call, err := f.caller(handler)
	if err != nil {
		// every invocation fails with it: the process itself is sound
		call = func(context.Context, []byte) (io.Reader, error) { return nil, err }
	}
	f.call = call
	return f
}

// Invoke makes a function a Handler.
func (f *function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	found, err := f.call(ctx, payload)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(found)
}

func (f *function) caller(handler interface{}) (func(context.Context, []byte) (io.Reader, error), error) {
	if handler == nil {
		return nil, errors.New("handler is nil")
	}
	if h, ok := handler.(Handler); ok {
		return func(ctx context.Context, payload []byte) (io.Reader, error) {
			body, err := h.Invoke(ctx, payload)
			return newAnswer(body, "application/octet-stream"), err
		}, nil
	}
	value := reflect.ValueOf(handler)
	if value.Kind() != reflect.Func {
		return nil, fmt.Errorf("handler kind %s is not %s", value.Kind(), reflect.Func)
	}
	takesContext, takesEvent, err := arguments(value.Type())
	if err != nil {
		return nil, err
	}
	if err := checkReturns(value.Type()); err != nil {
		return nil, err
	}
	return func(ctx context.Context, payload []byte) (io.Reader, error) {
		var given []reflect.Value
		if takesContext {
			given = append(given, reflect.ValueOf(ctx))
		}
		if takesEvent {
			event := reflect.New(value.Type().In(len(given)))
			if err := f.decode(payload, event.Interface()); err != nil {
				return nil, err
			}
			given = append(given, event.Elem())
		}
		returned := value.Call(given)
		if last := len(returned) - 1; last >= 0 {
			if err, ok := returned[last].Interface().(error); ok {
				return nil, err
			}
		}
		if len(returned) < 2 {
			return f.encode(nil)
		}
		return f.encode(returned[0].Interface())
	}, nil
}

var (
	contextType = reflect.TypeOf((*context.Context)(nil)).Elem()
	errorType   = reflect.TypeOf((*error)(nil)).Elem()
)

// arguments tells whether a handler takes a context, and whether it takes an event.
func arguments(handler reflect.Type) (takesContext, takesEvent bool, err error) {
	count := handler.NumIn()
	if count > 2 {
		return false, false, fmt.Errorf("handlers may not take more than two arguments, but handler takes %d", count)
	}
	if count == 0 {
		return false, false, nil
	}
	first := handler.In(0)
	// an empty interface is an event of any type, though a context fits into it
	takesContext = first.Kind() == reflect.Interface && first.NumMethod() > 0 && contextType.Implements(first)
	if count == 2 && !takesContext {
		return false, false, fmt.Errorf("handler takes two arguments, but the first is not Context. got %s", first.Kind())
	}
	return takesContext, count == 2 || !takesContext, nil
}

func checkReturns(handler reflect.Type) error {
	switch count := handler.NumOut(); {
	case count > 2:
		return errors.New("handler may not return more than two values")
	case count == 2 && !handler.Out(1).Implements(errorType):
		return errors.New("handler returns two values, but the second does not implement error")
	case count == 1 && !handler.Out(0).Implements(errorType):
		return errors.New("handler returns a single value, but it does not implement error")
	}
	return nil
}

func (f *function) decode(payload []byte, event interface{}) error {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	if f.useNumber {
		decoder.UseNumber()
	}
	if f.disallowUnknownFields {
		decoder.DisallowUnknownFields()
	}
	return decoder.Decode(event)
}

// encode gives an answer as JSON, or as it is where it can only be read.
func (f *function) encode(value interface{}) (io.Reader, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(f.escapeHTML)
	encoder.SetIndent(f.prefix, f.indent)
	err := encoder.Encode(value)
	if reader, ok := value.(io.Reader); ok && (err != nil || bytes.HasPrefix(body.Bytes(), []byte("{}"))) {
		return reader, nil
	}
	if err != nil {
		return nil, err
	}
	if f.prefix == "" && f.indent == "" {
		body.Truncate(body.Len() - 1) // the line end that an Encoder adds
	}
	return newAnswer(body.Bytes(), "application/json"), nil
}
