package events

// DynamoDBEvent is a batch of changes of a table.
type DynamoDBEvent struct {
	Records []DynamoDBEventRecord `json:"Records"`
}

// DynamoDBEventRecord is one change.
type DynamoDBEventRecord struct {
	AWSRegion      string                `json:"awsRegion"`
	Change         DynamoDBStreamRecord  `json:"dynamodb"`
	EventID        string                `json:"eventID"`
	EventName      string                `json:"eventName"`
	EventSource    string                `json:"eventSource"`
	EventVersion   string                `json:"eventVersion"`
	EventSourceArn string                `json:"eventSourceARN"`
	UserIdentity   *DynamoDBUserIdentity `json:"userIdentity,omitempty"`
}

// DynamoDBUserIdentity is set where DynamoDB itself removed an item that had expired.
type DynamoDBUserIdentity struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
}

// DynamoDBStreamRecord is the item before and after the change, as far as the stream has it.
type DynamoDBStreamRecord struct {
	ApproximateCreationDateTime SecondsEpochTime                  `json:"ApproximateCreationDateTime,omitempty"`
	Keys                        map[string]DynamoDBAttributeValue `json:"Keys,omitempty"`
	NewImage                    map[string]DynamoDBAttributeValue `json:"NewImage,omitempty"`
	OldImage                    map[string]DynamoDBAttributeValue `json:"OldImage,omitempty"`
	SequenceNumber              string                            `json:"SequenceNumber"`
	SizeBytes                   int64                             `json:"SizeBytes"`
	StreamViewType              string                            `json:"StreamViewType"`
}

// DynamoDBEventResponse names the change from which on the batch failed.
type DynamoDBEventResponse struct {
	BatchItemFailures []DynamoDBBatchItemFailure `json:"batchItemFailures"`
}

// DynamoDBBatchItemFailure has the sequence number of a change that failed.
type DynamoDBBatchItemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// DynamoDBOperationType is an EventName.
type DynamoDBOperationType string

const (
	DynamoDBOperationTypeInsert DynamoDBOperationType = "INSERT"
	DynamoDBOperationTypeModify DynamoDBOperationType = "MODIFY"
	DynamoDBOperationTypeRemove DynamoDBOperationType = "REMOVE"
)

// DynamoDBStreamViewType is what a stream has of each item.
type DynamoDBStreamViewType string

const (
	DynamoDBStreamViewTypeNewImage        DynamoDBStreamViewType = "NEW_IMAGE"
	DynamoDBStreamViewTypeOldImage        DynamoDBStreamViewType = "OLD_IMAGE"
	DynamoDBStreamViewTypeNewAndOldImages DynamoDBStreamViewType = "NEW_AND_OLD_IMAGES"
	DynamoDBStreamViewTypeKeysOnly        DynamoDBStreamViewType = "KEYS_ONLY"
)
