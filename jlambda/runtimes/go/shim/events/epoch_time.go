package events

import (
	"encoding/json"
	"time"
)

// SecondsEpochTime is a time that JSON has in seconds since 1970.
type SecondsEpochTime struct {
	time.Time
}

func (t SecondsEpochTime) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(t.UnixNano()) / float64(time.Second))
}

func (t *SecondsEpochTime) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	whole := int64(seconds)
	t.Time = time.Unix(whole, int64((seconds-float64(whole))*float64(time.Second)))
	return nil
}

// MilliSecondsEpochTime is a time that JSON has in milliseconds since 1970.
type MilliSecondsEpochTime struct {
	time.Time
}

func (t MilliSecondsEpochTime) MarshalJSON() ([]byte, error) {
	return json.Marshal(t.UnixMilli())
}

func (t *MilliSecondsEpochTime) UnmarshalJSON(data []byte) error {
	var milliseconds int64
	if err := json.Unmarshal(data, &milliseconds); err != nil {
		return err
	}
	t.Time = time.UnixMilli(milliseconds)
	return nil
}
