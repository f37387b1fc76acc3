package lambda

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// A client speaks HTTP over one connection that it keeps. net/http would add two seconds to a function's first build.
type client struct {
	address    string
	connection net.Conn
	in         *bufio.Reader
	out        *bufio.Writer
}

const (
	// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
	runtimeAPI = "/2018-06-01/runtime"
	bufferSize = 64 << 10
)

// errGone says that there is nobody left to talk to, and nothing to say about it.
var errGone = errors.New("the Runtime API is gone")

// A response's headers have names in lower case.
type response struct {
	status  int
	headers map[string]string
	body    []byte
}

// An invocation as `next` gives it.
type invocation struct {
	headers map[string]string
	payload []byte
}

func (i *invocation) id() string { return i.header("aws-request-id") }

func (i *invocation) header(name string) string { return i.headers["lambda-runtime-"+name] }

func (c *client) next() (*invocation, error) {
	got, err := c.request("GET", runtimeAPI+"/invocation/next", nil, nil)
	if err != nil {
		return nil, fmt.Errorf("failed to get the next invoke: %w", err)
	}
	if got.status != 200 {
		return nil, fmt.Errorf("failed to get the next invoke: got unexpected status code: %d", got.status)
	}
	return &invocation{got.headers, got.body}, nil
}

// respond sends an answer that is whole, and streams any other.
func (c *client) respond(i *invocation, found io.Reader) error {
	path := runtimeAPI + "/invocation/" + i.id() + "/response"
	contentType := "application/octet-stream"
	if typed, ok := found.(interface{ ContentType() string }); ok {
		contentType = typed.ContentType()
	}
	headers := []string{"Content-Type", contentType}
	if whole, ok := found.(*answer); ok {
		body := make([]byte, whole.Len())
		if _, err := io.ReadFull(whole, body); err != nil {
			return err
		}
		return accepted(c.request("POST", path, headers, body))
	}
	return c.stream(path, headers, found)
}

func (c *client) fail(i *invocation, document []byte, kind string) error {
	headers := []string{"Content-Type", "application/json", "Lambda-Runtime-Function-Error-Type", kind}
	return accepted(c.request("POST", runtimeAPI+"/invocation/"+i.id()+"/error", headers, document))
}

func accepted(got *response, err error) error {
	if err == nil && got.status != 202 {
		err = fmt.Errorf("got unexpected status code: %d", got.status)
	}
	return err
}

func (c *client) request(method, path string, headers []string, body []byte) (*response, error) {
	if body != nil {
		headers = append(headers, "Content-Length", strconv.Itoa(len(body)))
	}
	if err := c.head(method, path, headers); err != nil {
		return nil, err
	}
	if _, err := c.out.Write(body); err != nil {
		return nil, err
	}
	return c.response()
}

// stream sends found in chunks, as they come. A failure to read it is told in the trailer.
func (c *client) stream(path string, headers []string, found io.Reader) error {
	headers = append(headers, "Transfer-Encoding", "chunked", "Lambda-Runtime-Function-Response-Mode", "streaming",
		"Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
	if err := c.head("POST", path, headers); err != nil {
		return err
	}
	chunk := make([]byte, bufferSize)
	for {
		size, failed := found.Read(chunk)
		if size > 0 {
			fmt.Fprintf(c.out, "%x\r\n", size)
			c.out.Write(chunk[:size])
			c.out.WriteString("\r\n")
			if err := c.out.Flush(); err != nil {
				return err
			}
		}
		if failed == nil {
			continue
		}
		c.out.WriteString("0\r\n")
		if failed != io.EOF {
			document := failure(failed)
			body, _ := json.Marshal(document)
			fmt.Fprintf(c.out, "Lambda-Runtime-Function-Error-Type: %s\r\n", document.Type)
			fmt.Fprintf(c.out, "Lambda-Runtime-Function-Error-Body: %s\r\n", base64.StdEncoding.EncodeToString(body))
		}
		c.out.WriteString("\r\n")
		return accepted(c.response())
	}
}

// head writes all of a request that comes before its body; headers are names and values in turn.
func (c *client) head(method, path string, headers []string) error {
	if c.connection == nil {
		made, err := net.Dial("tcp", c.address)
		if err != nil {
			return err
		}
		c.connection, c.in, c.out = made, bufio.NewReaderSize(made, bufferSize), bufio.NewWriterSize(made, bufferSize)
	}
	c.out.WriteString(method + " " + path + " HTTP/1.1\r\nHost: " + c.address + "\r\n")
	for i := 0; i < len(headers); i += 2 {
		c.out.WriteString(headers[i] + ": " + strings.NewReplacer("\r", " ", "\n", " ").Replace(headers[i+1]) + "\r\n")
	}
	_, err := c.out.WriteString("\r\n")
	return err
}

func (c *client) response() (*response, error) {
	if err := c.out.Flush(); err != nil {
		return nil, errGone
	}
	status, err := c.line()
	if err != nil {
		return nil, errGone
	}
	fields := strings.Fields(status)
	if len(fields) < 2 {
		return nil, errors.New("no HTTP response: " + status)
	}
	got := &response{headers: make(map[string]string)}
	if got.status, err = strconv.Atoi(fields[1]); err != nil {
		return nil, err
	}
	for {
		field, err := c.line()
		if err != nil {
			return nil, err
		}
		if field == "" {
			break
		}
		if colon := strings.IndexByte(field, ':'); colon > 0 {
			got.headers[strings.ToLower(field[:colon])] = strings.TrimSpace(field[colon+1:])
		}
	}
	got.body, err = c.body(got.headers)
	return got, err
}

func (c *client) body(headers map[string]string) ([]byte, error) {
	if headers["transfer-encoding"] != "chunked" {
		size, _ := strconv.Atoi(headers["content-length"])
		return c.exactly(nil, size)
	}
	var body []byte
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return nil, err
		}
		if body, err = c.exactly(body, int(size)); err != nil {
			return nil, err
		}
		if _, err = c.line(); err != nil || size == 0 {
			return body, err
		}
	}
}

// exactly appends size bytes of the response to body.
func (c *client) exactly(body []byte, size int) ([]byte, error) {
	from := len(body)
	body = append(body, make([]byte, size)...)
	_, err := io.ReadFull(c.in, body[from:])
	return body, err
}

func (c *client) line() (string, error) {
	line, err := c.in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}
