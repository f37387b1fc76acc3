package events

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
)

// CloudwatchLogsEvent has lines of a log group.
type CloudwatchLogsEvent struct {
	AWSLogs CloudwatchLogsRawData `json:"awslogs"`
}

// CloudwatchLogsRawData is compressed and encoded.
type CloudwatchLogsRawData struct {
	Data string `json:"data"`
}

// CloudwatchLogsData is what Parse finds.
type CloudwatchLogsData struct {
	Owner               string                   `json:"owner"`
	LogGroup            string                   `json:"logGroup"`
	LogStream           string                   `json:"logStream"`
	SubscriptionFilters []string                 `json:"subscriptionFilters"`
	MessageType         string                   `json:"messageType"`
	LogEvents           []CloudwatchLogsLogEvent `json:"logEvents"`
}

// CloudwatchLogsLogEvent is one line.
type CloudwatchLogsLogEvent struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// Parse decodes the lines.
func (raw CloudwatchLogsRawData) Parse() (CloudwatchLogsData, error) {
	var parsed CloudwatchLogsData
	compressed, err := base64.StdEncoding.DecodeString(raw.Data)
	if err != nil {
		return parsed, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return parsed, err
	}
	defer reader.Close()
	err = json.NewDecoder(reader).Decode(&parsed)
	return parsed, err
}
