package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// DynamoDBDataType is the type of an attribute.
type DynamoDBDataType int

const (
	DataTypeBinary DynamoDBDataType = iota
	DataTypeBoolean
	DataTypeBinarySet
	DataTypeList
	DataTypeMap
	DataTypeNumber
	DataTypeNumberSet
	DataTypeNull
	DataTypeString
	DataTypeStringSet
)

// tags are the types as JSON names them.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
var tags = map[DynamoDBDataType]string{
	DataTypeBinary: "B", DataTypeBoolean: "BOOL", DataTypeBinarySet: "BS", DataTypeList: "L", DataTypeMap: "M",
	DataTypeNumber: "N", DataTypeNumberSet: "NS", DataTypeNull: "NULL", DataTypeString: "S", DataTypeStringSet: "SS",
}

// DynamoDBAttributeValue is one attribute of an item. A method that does not fit its type panics with
// IncompatibleDynamoDBTypeError.
type DynamoDBAttributeValue struct {
	value    interface{}
	dataType DynamoDBDataType
}

// IncompatibleDynamoDBTypeError is what a method panics with that does not fit the attribute's type.
type IncompatibleDynamoDBTypeError struct {
	Requested DynamoDBDataType
	Actual    DynamoDBDataType
}

func (e IncompatibleDynamoDBTypeError) Error() string {
	return fmt.Sprintf("accessor called for incompatible type, requested type %v but actual type was %v", e.Requested, e.Actual)
}

// UnsupportedDynamoDBTypeError is an attribute of a type that is not known.
type UnsupportedDynamoDBTypeError struct {
	Type string
}

func (e UnsupportedDynamoDBTypeError) Error() string {
	return fmt.Sprintf("unsupported DynamoDB attribute type, %v", e.Type)
}

func (av DynamoDBAttributeValue) as(requested DynamoDBDataType) interface{} {
	if av.dataType != requested {
		panic(IncompatibleDynamoDBTypeError{Requested: requested, Actual: av.dataType})
	}
	return av.value
}

// DataType tells which of the methods below fits.
func (av DynamoDBAttributeValue) DataType() DynamoDBDataType { return av.dataType }

func (av DynamoDBAttributeValue) IsNull() bool        { return av.value == nil }
func (av DynamoDBAttributeValue) Binary() []byte      { return av.as(DataTypeBinary).([]byte) }
func (av DynamoDBAttributeValue) BinarySet() [][]byte { return av.as(DataTypeBinarySet).([][]byte) }
func (av DynamoDBAttributeValue) Boolean() bool       { return av.as(DataTypeBoolean).(bool) }
func (av DynamoDBAttributeValue) String() string      { return av.as(DataTypeString).(string) }
func (av DynamoDBAttributeValue) StringSet() []string { return av.as(DataTypeStringSet).([]string) }

// Number is a number as DynamoDB sends it, so that no digit is lost.
func (av DynamoDBAttributeValue) Number() string      { return av.as(DataTypeNumber).(string) }
func (av DynamoDBAttributeValue) NumberSet() []string { return av.as(DataTypeNumberSet).([]string) }

func (av DynamoDBAttributeValue) Float() (float64, error) {
	return strconv.ParseFloat(av.Number(), 64)
}

// Integer is a number without what comes after the point.
func (av DynamoDBAttributeValue) Integer() (int64, error) {
	number, err := av.Float()
	return int64(number), err
}

func (av DynamoDBAttributeValue) List() []DynamoDBAttributeValue {
	return av.as(DataTypeList).([]DynamoDBAttributeValue)
}

func (av DynamoDBAttributeValue) Map() map[string]DynamoDBAttributeValue {
	return av.as(DataTypeMap).(map[string]DynamoDBAttributeValue)
}

func NewBinaryAttribute(value []byte) DynamoDBAttributeValue {
	return DynamoDBAttributeValue{value, DataTypeBinary}
}

func NewBinarySetAttribute(value [][]byte) DynamoDBAttributeValue {
	return DynamoDBAttributeValue{value, DataTypeBinarySet}
}

func NewBooleanAttribute(value bool) DynamoDBAttributeValue {
	return DynamoDBAttributeValue{value, DataTypeBoolean}
}

func NewListAttribute(value []DynamoDBAttributeValue) DynamoDBAttributeValue {
	return DynamoDBAttributeValue{value, DataTypeList}
}

func NewMapAttribute(value map[string]DynamoDBAttributeValue) DynamoDBAttributeValue {
	return DynamoDBAttributeValue{value, DataTypeMap}
}

func NewNullAttribute() DynamoDBAttributeValue {
	return DynamoDBAttributeValue{nil, DataTypeNull}
}

func NewNumberAttribute(value string) DynamoDBAttributeValue {
	return DynamoDBAttributeValue{value, DataTypeNumber}
}

func NewNumberSetAttribute(value []string) DynamoDBAttributeValue {
	return DynamoDBAttributeValue{value, DataTypeNumberSet}
}

func NewStringAttribute(value string) DynamoDBAttributeValue {
	return DynamoDBAttributeValue{value, DataTypeString}
}

func NewStringSetAttribute(value []string) DynamoDBAttributeValue {
	return DynamoDBAttributeValue{value, DataTypeStringSet}
}

func (av DynamoDBAttributeValue) MarshalJSON() ([]byte, error) {
	value := av.value
	if av.dataType == DataTypeNull {
		value = true
	}
	return json.Marshal(map[string]interface{}{tags[av.dataType]: value})
}

func (av *DynamoDBAttributeValue) UnmarshalJSON(data []byte) error {
	var found map[string]json.RawMessage
	if err := json.Unmarshal(data, &found); err != nil {
		return err
	}
	if len(found) != 1 {
		return errors.New("DynamoDBAttributeValue: no single type")
	}
	var err error
	for tag, raw := range found {
		switch tag {
		case "NULL":
			*av = NewNullAttribute()
		case "B":
			*av, err = read(raw, NewBinaryAttribute)
		case "BOOL":
			*av, err = read(raw, NewBooleanAttribute)
		case "BS":
			*av, err = read(raw, NewBinarySetAttribute)
		case "L":
			*av, err = read(raw, NewListAttribute)
		case "M":
			*av, err = read(raw, NewMapAttribute)
		case "N":
			*av, err = read(raw, NewNumberAttribute)
		case "NS":
			*av, err = read(raw, NewNumberSetAttribute)
		case "S":
			*av, err = read(raw, NewStringAttribute)
		case "SS":
			*av, err = read(raw, NewStringSetAttribute)
		default:
			err = UnsupportedDynamoDBTypeError{tag}
		}
	}
	return err
}

// read makes an attribute of a value as JSON has it.
func read[T any](raw json.RawMessage, attribute func(T) DynamoDBAttributeValue) (DynamoDBAttributeValue, error) {
	var value T
	err := json.Unmarshal(raw, &value)
	return attribute(value), err
}
