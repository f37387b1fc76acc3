package events

import (
	"encoding/json"
	"time"
)

// EventBridgeEvent is an event of a bus or a schedule.
type EventBridgeEvent struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	AccountID  string          `json:"account"`
	Time       time.Time       `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// CloudWatchEvent is the older name.
type CloudWatchEvent = EventBridgeEvent
