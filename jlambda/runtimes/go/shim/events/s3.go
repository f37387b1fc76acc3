package events

import (
	"encoding/json"
	"net/url"
	"time"
)

// S3Event tells of objects that were created or removed.
type S3Event struct {
	Records []S3EventRecord `json:"Records"`
}

// S3EventRecord tells of one object.
type S3EventRecord struct {
	EventVersion      string              `json:"eventVersion"`
	EventSource       string              `json:"eventSource"`
	AWSRegion         string              `json:"awsRegion"`
	EventTime         time.Time           `json:"eventTime"`
	EventName         string              `json:"eventName"`
	PrincipalID       S3UserIdentity      `json:"userIdentity"`
	RequestParameters S3RequestParameters `json:"requestParameters"`
	ResponseElements  map[string]string   `json:"responseElements"`
	S3                S3Entity            `json:"s3"`
}

// S3UserIdentity is who did it, or who owns the bucket.
type S3UserIdentity struct {
	PrincipalID string `json:"principalId"`
}

// S3RequestParameters is where the request came from.
type S3RequestParameters struct {
	SourceIPAddress string `json:"sourceIPAddress"`
}

// S3Entity is the object with its bucket.
type S3Entity struct {
	SchemaVersion   string   `json:"s3SchemaVersion"`
	ConfigurationID string   `json:"configurationId"`
	Bucket          S3Bucket `json:"bucket"`
	Object          S3Object `json:"object"`
}

// S3Bucket is the object's bucket.
type S3Bucket struct {
	Name          string         `json:"name"`
	OwnerIdentity S3UserIdentity `json:"ownerIdentity"`
	Arn           string         `json:"arn"`
}

// S3Object is the object. Its Key is encoded as in a URL; URLDecodedKey is not.
type S3Object struct {
	Key           string `json:"key"`
	Size          int64  `json:"size,omitempty"`
	URLDecodedKey string `json:"urlDecodedKey"`
	VersionID     string `json:"versionId"`
	ETag          string `json:"eTag"`
	Sequencer     string `json:"sequencer"`
}

// UnmarshalJSON decodes the key.
func (o *S3Object) UnmarshalJSON(data []byte) error {
	type plain S3Object
	if err := json.Unmarshal(data, (*plain)(o)); err != nil {
		return err
	}
	decoded, err := url.QueryUnescape(o.Key)
	if err == nil {
		o.URLDecodedKey = decoded
	}
	return err
}

// S3TestEvent is what a bucket sends when its notifications are set up.
type S3TestEvent struct {
	Service   string    `json:"Service"`
	Bucket    string    `json:"Bucket"`
	Event     string    `json:"Event"`
	Time      time.Time `json:"Time"`
	RequestID string    `json:"RequestId"`
	HostID    string    `json:"HostId"`
}
