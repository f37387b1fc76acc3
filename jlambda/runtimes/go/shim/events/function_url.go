package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// LambdaFunctionURLRequest is a request to a function URL.
type LambdaFunctionURLRequest struct {
	Version               string                          `json:"version"`
	RawPath               string                          `json:"rawPath"`
	RawQueryString        string                          `json:"rawQueryString"`
	Cookies               []string                        `json:"cookies,omitempty"`
	Headers               map[string]string               `json:"headers"`
	QueryStringParameters map[string]string               `json:"queryStringParameters,omitempty"`
	RequestContext        LambdaFunctionURLRequestContext `json:"requestContext"`
	Body                  string                          `json:"body,omitempty"`
	IsBase64Encoded       bool                            `json:"isBase64Encoded"`
}

// LambdaFunctionURLRequestContext is what the function URL knows of a request.
type LambdaFunctionURLRequestContext struct {
	AccountID    string                                                `json:"accountId"`
	RequestID    string                                                `json:"requestId"`
	Authorizer   *LambdaFunctionURLRequestContextAuthorizerDescription `json:"authorizer,omitempty"`
	APIID        string                                                `json:"apiId"`
	DomainName   string                                                `json:"domainName"`
	DomainPrefix string                                                `json:"domainPrefix"`
	Time         string                                                `json:"time"`
	TimeEpoch    int64                                                 `json:"timeEpoch"`
	HTTP         LambdaFunctionURLRequestContextHTTPDescription        `json:"http"`
}

// LambdaFunctionURLRequestContextAuthorizerDescription tells who signed the request, if it had to be signed.
type LambdaFunctionURLRequestContextAuthorizerDescription struct {
	IAM *LambdaFunctionURLRequestContextAuthorizerIAMDescription `json:"iam,omitempty"`
}

// LambdaFunctionURLRequestContextAuthorizerIAMDescription is who signed the request.
type LambdaFunctionURLRequestContextAuthorizerIAMDescription struct {
	AccessKey string `json:"accessKey"`
	AccountID string `json:"accountId"`
	CallerID  string `json:"callerId"`
	UserARN   string `json:"userArn"`
	UserID    string `json:"userId"`
}

// LambdaFunctionURLRequestContextHTTPDescription is the request as HTTP has it.
type LambdaFunctionURLRequestContextHTTPDescription struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// LambdaFunctionURLResponse is the answer to a request to a function URL.
type LambdaFunctionURLResponse struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Cookies         []string          `json:"cookies"`
}

// LambdaFunctionURLStreamingResponse is an answer that is sent as Body gives it, where the URL streams its responses.
type LambdaFunctionURLStreamingResponse struct {
	StatusCode int
	Headers    map[string]string
	Body       io.Reader
	Cookies    []string

	prelude *bytes.Reader
}

// https://docs.aws.amazon.com/lambda/latest/dg/response-streaming-tutorial.html: what separates status and headers from the body
var preludeEnd = make([]byte, 8)

// Read gives status and headers first, then the body.
func (r *LambdaFunctionURLStreamingResponse) Read(into []byte) (int, error) {
	if r.prelude == nil {
		if r.StatusCode == 0 {
			r.StatusCode = 200
		}
		head, err := json.Marshal(struct {
			StatusCode int               `json:"statusCode"`
			Headers    map[string]string `json:"headers,omitempty"`
			Cookies    []string          `json:"cookies,omitempty"`
		}{r.StatusCode, r.Headers, r.Cookies})
		if err != nil {
			return 0, err
		}
		r.prelude = bytes.NewReader(append(head, preludeEnd...))
	}
	if r.prelude.Len() > 0 {
		return r.prelude.Read(into)
	}
	if r.Body == nil {
		return 0, io.EOF
	}
	return r.Body.Read(into)
}

// Close closes the body, if it can be.
func (r *LambdaFunctionURLStreamingResponse) Close() error {
	if closer, ok := r.Body.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// MarshalJSON fails: the answer is not JSON, it is read.
func (r *LambdaFunctionURLStreamingResponse) MarshalJSON() ([]byte, error) {
	return nil, errors.New("not json")
}

// ContentType marks an answer that starts with status and headers.
func (r *LambdaFunctionURLStreamingResponse) ContentType() string {
	return "application/vnd.awslambda.http-integration-response"
}
