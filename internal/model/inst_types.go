package model

import (
	"database/sql"
	"time"
)

// Inst is an instance: one run of a template, with the fields of the template as
// they were when the instance was created.
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
	Claims        int64             `db:"claims"`   // times it was claimed
	Identity      UID               `db:"identity"` // random, given at creation
	Token         UID               `db:"token"`    // random, of the last claim
	Crashes       int32             `db:"crashes"`  // leases lost in a row
	RunAfter      time.Time         `db:"runAfter"`
	Owner         string            `db:"owner"` // worker of the last claim
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

	ResultColumns JSON[[]ResultColumn] `db:"resultColumns"` // columns that the template was checked with; empty: unknown
	Limits        JSON[InstLimits]     `db:"limits"`
	RunLimit      int32                `db:"runLimit"` // copy of Limits.Running for use in SQL
	ExtraColumns  ExtraColumns         `db:"extraColumns"`
	DeliverTo     JSON[[]DeliverTo]    `db:"deliverTo"`
	Notify        JSON[Notify]         `db:"notify"`
	SchedID       int64                `db:"eschedId"` // schedule that created it; 0: none
	Due           sql.NullTime         `db:"due"`
	WindowStart   sql.NullTime         `db:"windowStart"`
	WindowEnd     sql.NullTime         `db:"windowEnd"`
	OutageSince   sql.NullTime         `db:"outageSince"` // since when it has waited for its data source
	Traceparent   string               `db:"traceparent"` // span of the request that created it; empty: none; see Resume

	Files []File   `db:"-"` // set by GetInst and ListInst
	Cut   []string `db:"-"` // set by ListInst: names of the contract's fields that it cut (texts) or left out (params)
}

// File is a finished file of an instance.
type File struct {
	InstID      int64  `db:"einstId"`
	Seq         int32  `db:"seq"` // from 1
	Name        string `db:"name"`
	Key         string `db:"storeKey"` // key in the file store
	ContentType string `db:"contentType"`
	Rows        int64  `db:"rowsCount"`
	Bytes       int64  `db:"bytes"`
	SHA256      []byte `db:"sha256"`
}
