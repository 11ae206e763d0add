package model

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// TplStatus is the status of a template; the numbers are the contract's.
type TplStatus int32

// The statuses of a template.
const (
	TplInited  TplStatus = 0
	TplNormal  TplStatus = 1
	TplDeleted TplStatus = 9
)

// Format is a file format; the numbers are the contract's.
type Format int32

// The formats.
const (
	FormatDefault Format = 0
	FormatCSV     Format = 1
	FormatXLS     Format = 2
	FormatXLSX    Format = 3
)

// Status is what deployed pollers see of an instance's state; the numbers are
// the contract's.
type Status int32

// The statuses of an instance.
const (
	Waiting  Status = 0
	Running  Status = 1
	Finished Status = 2
	Failed   Status = 3
)

// State is the state of an instance; the numbers are the contract's.
type State int32

// The states of an instance; see the package's picture.
const (
	StateQueued    State = 1
	StateRetryWait State = 2
	StateRunning   State = 3
	StateCanceling State = 4
	StateSucceeded State = 5
	StateExpired   State = 6
	StateFailed    State = 7
	StateCanceled  State = 8
	StateTimedOut  State = 9
)

// stateNames are the states' names, and the list of all that are known.
var stateNames = map[State]string{
	StateQueued: "QUEUED", StateRetryWait: "RETRY_WAIT", StateRunning: "RUNNING", StateCanceling: "CANCELING",
	StateSucceeded: "SUCCEEDED", StateExpired: "EXPIRED",
	StateFailed: "FAILED", StateCanceled: "CANCELED", StateTimedOut: "TIMED_OUT",
}

func (s State) String() string {
	if name, ok := stateNames[s]; ok {
		return name
	}
	return fmt.Sprintf("State(%d)", int32(s))
}

// Known tells whether s is a state.
func (s State) Known() bool { return stateNames[s] != "" }

// Status is the status that goes with the state.
func (s State) Status() Status {
	switch s {
	case StateQueued, StateRetryWait:
		return Waiting
	case StateRunning, StateCanceling:
		return Running
	case StateSucceeded, StateExpired:
		return Finished
	case StateFailed, StateCanceled, StateTimedOut:
		return Failed
	}
	return Failed
}

// Ended tells whether no worker will touch the instance again.
func (s State) Ended() bool { return s.Status() == Finished || s.Status() == Failed }

// Tpl is a template.
type Tpl struct {
	ID            int32                `db:"etplId"`
	Name          string               `db:"etplName"`
	Tag           string               `db:"etplTag"`
	Source        string               `db:"etplSource"` // a data source's name; never empty
	Expr          string               `db:"etplExpr"`
	OutputColumns string               `db:"etplOutputColumns"`
	OutputFormat  Format               `db:"etplOutputFormat"` // as the client gave it
	Params        JSON[[]ParamDecl]    `db:"etplParams"`
	Options       JSON[Options]        `db:"etplOptions"`
	ResultColumns JSON[[]ResultColumn] `db:"etplResultColumns"`
	TimeoutSec    int32                `db:"etplTimeoutSec"`
	MaxAttempts   int32                `db:"etplMaxAttempts"`
	RetentionSec  int64                `db:"etplRetentionSec"`
	Version       int32                `db:"etplVersion"`
	Status        TplStatus            `db:"etplStatus"`
	ExecTimes     int32                `db:"etplExecTimes"`
	ExecOkTimes   int32                `db:"etplExecOkTimes"`
	OperatorID    int32                `db:"operatorId"`
	RequestID     sql.NullString       `db:"requestId"`
	Created       time.Time            `db:"etplCreated"`
	Updated       time.Time            `db:"etplUpdated"`
	Deleted       sql.NullTime         `db:"etplDeleted"`
	Limits        JSON[InstLimits]     `db:"etplLimits"`
	ExtraColumns  ExtraColumns         `db:"etplExtraColumns"`
	DeliverTo     JSON[[]DeliverTo]    `db:"etplDeliverTo"`
}

// InstLimits are how far an instance may go; 0: as far as its data source allows.
type InstLimits struct {
	Rows    int64 `json:"rows,omitempty"`    // of the result
	Bytes   int64 `json:"bytes,omitempty"`   // of the result's cells
	Running int32 `json:"running,omitempty"` // instances of the template at once
}

// ExtraColumns is what a run does with a column that its template was not
// checked with; the numbers are the contract's.
type ExtraColumns int32

// The choices for extra columns.
const (
	ExtraDefault ExtraColumns = 0 // exported, unless the output columns are listed
	ExtraDrop    ExtraColumns = 1
	ExtraError   ExtraColumns = 2
)

// DeliverTo is where a finished file is sent.
type DeliverTo struct {
	Destination string   `json:"destination"`
	Path        string   `json:"path,omitempty"`
	Recipients  []string `json:"recipients,omitempty"`
	Subject     string   `json:"subject,omitempty"`
}

// ParamDecl declares one :name of a template's SQL.
type ParamDecl struct {
	Name      string   `json:"name"`
	Type      int32    `json:"type,omitempty"` // a WshExportParamType of the contract
	List      bool     `json:"list,omitempty"`
	Optional  bool     `json:"optional,omitempty"`
	Defaults  []string `json:"defaults,omitempty"`
	EmptyList int32    `json:"emptyList,omitempty"` // a WshExportEmptyList of the contract
	MaxLength int32    `json:"maxLength,omitempty"`
}

// Param is the value of one parameter, as text.
type Param struct {
	Name   string   `json:"name"`
	Value  string   `json:"value,omitempty"`
	Values []string `json:"values,omitempty"`
	Null   bool     `json:"null,omitempty"`
}

// ResultColumn is a column of a query's result as the data source named it.
type ResultColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Options are how files are written; the fields are those of the contract's
// WshExportOptions.
type Options struct {
	Delimiter string `json:"delimiter,omitempty"`
	BOM       bool   `json:"bom,omitempty"`
	LF        bool   `json:"lf,omitempty"`
	QuoteAll  bool   `json:"quoteAll,omitempty"`
	NullText  string `json:"nullText,omitempty"`
	NoHeader  bool   `json:"noHeader,omitempty"`
	GB18030   bool   `json:"gb18030,omitempty"`
	NoGuard   bool   `json:"noGuard,omitempty"`
	Gzip      bool   `json:"gzip,omitempty"`
	SplitRows int64  `json:"splitRows,omitempty"`
	SheetName string `json:"sheetName,omitempty"`
	NoFreeze  bool   `json:"noFreeze,omitempty"`
	NoFilter  bool   `json:"noFilter,omitempty"`
	Small     bool   `json:"small,omitempty"`
	Snapshot  bool   `json:"snapshot,omitempty"`
	FileName  string `json:"fileName,omitempty"` // a pattern; empty: "{name}-{id}"
}

// Warning is something to know of a file although its export succeeded.
type Warning struct {
	Code  string `json:"code"`
	Count int64  `json:"count"`
	Text  string `json:"text"`
}

// Inst is an instance: one run of a template, frozen as it was at creation.
type Inst struct {
	ID            int64             `db:"einstId"`
	TplID         int32             `db:"etplId"`
	Status        Status            `db:"status"`
	State         State             `db:"state"`
	OperatorID    int32             `db:"operatorId"`
	RequestID     sql.NullString    `db:"requestId"`
	RetryOf       int64             `db:"retryOf"`
	TplName       string            `db:"etplName"`
	TplVersion    int32             `db:"etplVersion"`
	Source        string            `db:"etplSource"`
	Expr          string            `db:"etplExpr"`
	OutputColumns string            `db:"etplOutputColumns"`
	OutputFormat  Format            `db:"etplOutputFormat"` // never FormatDefault
	Decls         JSON[[]ParamDecl] `db:"etplParams"`
	Options       JSON[Options]     `db:"etplOptions"`
	Params        JSON[[]Param]     `db:"params"`
	TimeoutSec    int32             `db:"timeoutSec"`
	RetentionSec  int64             `db:"retentionSec"`
	MaxAttempts   int32             `db:"maxAttempts"`
	Attempt       int32             `db:"attempt"`
	Claims        int64             `db:"claims"`
	Crashes       int32             `db:"crashes"`
	RunAfter      time.Time         `db:"runAfter"`
	Owner         string            `db:"owner"`
	RowsDone      int64             `db:"rowsDone"`
	BytesDone     int64             `db:"bytesDone"`
	ErrCode       string            `db:"errCode"`
	ErrMsg        string            `db:"errMsg"`
	Warnings      JSON[[]Warning]   `db:"warnings"`
	Created       time.Time         `db:"created"`
	Updated       time.Time         `db:"updated"`
	Started       sql.NullTime      `db:"started"`
	Finished      sql.NullTime      `db:"finished"`
	Expires       sql.NullTime      `db:"expires"`

	ResultColumns JSON[[]ResultColumn] `db:"resultColumns"` // those the template was checked with; none: not known
	Limits        JSON[InstLimits]     `db:"limits"`
	RunLimit      int32                `db:"runLimit"` // Limits.Running, where SQL can see it
	ExtraColumns  ExtraColumns         `db:"extraColumns"`
	DeliverTo     JSON[[]DeliverTo]    `db:"deliverTo"`
	SchedID       int64                `db:"eschedId"` // the schedule that made it; 0: none
	Due           sql.NullTime         `db:"due"`
	WindowStart   sql.NullTime         `db:"windowStart"`
	WindowEnd     sql.NullTime         `db:"windowEnd"`
	Traceparent   string               `db:"traceparent"` // of the span that made it; empty: none; see Resume

	Files []File `db:"-"` // filled by GetInst and ListInst
}

// File is a finished file of an instance.
type File struct {
	InstID      int64  `db:"einstId"`
	Seq         int32  `db:"seq"` // from 1
	Name        string `db:"name"`
	Key         string `db:"storeKey"` // where the store keeps it
	ContentType string `db:"contentType"`
	Rows        int64  `db:"rowsCount"`
	Bytes       int64  `db:"bytes"`
	SHA256      []byte `db:"sha256"`
}

// Event is one change of an instance's state.
type Event struct {
	ID         int64     `db:"eventId"`
	InstID     int64     `db:"einstId"`
	At         time.Time `db:"at"`
	State      State     `db:"state"`
	Attempt    int32     `db:"attempt"`
	Worker     string    `db:"worker"`
	OperatorID int32     `db:"operatorId"`
	Reason     string    `db:"reason"`
}

// JSON is a value kept in one text column.
type JSON[T any] struct{ V T }

// Value implements driver.Valuer.
func (j JSON[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.V)
	return string(b), err
}

// Scan implements sql.Scanner.
func (j *JSON[T]) Scan(src any) error {
	switch src := src.(type) {
	case []byte:
		return json.Unmarshal(src, &j.V)
	case string:
		return json.Unmarshal([]byte(src), &j.V)
	}
	return fmt.Errorf("scan JSON column: got %T, want text", src)
}
