package model

import (
	"database/sql"
	"time"
)

// TplStatus is the status of a template, numbered as in the contract.
type TplStatus int32

// The statuses of a template.
const (
	TplInited  TplStatus = 0 // not checked yet: its data source was not reachable
	TplNormal  TplStatus = 1
	TplDeleted TplStatus = 9
)

// Tpl is a template.
type Tpl struct {
	ID            int32                `db:"etplId"`
	Name          string               `db:"etplName"`
	Tag           string               `db:"etplTag"`
	Source        string               `db:"etplSource"` // name of a data source; never empty
	Expr          string               `db:"etplExpr"`
	OutputColumns string               `db:"etplOutputColumns"`
	OutputFormat  Format               `db:"etplOutputFormat"` // as requested; may be FormatDefault
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
	Notify        JSON[Notify]         `db:"etplNotify"`
}

// InstLimits bound one instance. 0 means: the limit of its data source.
type InstLimits struct {
	Rows    int64 `json:"rows,omitempty"`    // rows of the result
	Bytes   int64 `json:"bytes,omitempty"`   // bytes of all cells of the result
	Running int32 `json:"running,omitempty"` // running instances of the template
}

// ExtraColumns is the policy for result columns that did not exist when the
// template was checked, numbered as in the contract.
type ExtraColumns int32

// The policies for extra columns.
const (
	ExtraDefault ExtraColumns = 0 // export them unless the template lists its output columns
	ExtraDrop    ExtraColumns = 1
	ExtraError   ExtraColumns = 2
)

// DeliverTo names a destination for finished files and its options.
type DeliverTo struct {
	Destination string   `json:"destination"`
	Path        string   `json:"path,omitempty"`
	Recipients  []string `json:"recipients,omitempty"`
	Subject     string   `json:"subject,omitempty"`
	Require     Require  `json:"require,omitempty"`
	// Operator is set in an instance: the operator of the template or schedule
	// that names the destination. Each attempt of the delivery checks again that
	// this operator may use it.
	Operator *int32 `json:"operator,omitempty"`
}

// ParamDecl declares the parameter :name of the SQL of a template.
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

// ResultColumn is a column of the result of a query: the name and the type that
// the data source reports.
type ResultColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Options are the file options of a template; the fields are those of
// WshExportOptions in the contract.
type Options struct {
	Delimiter   string `json:"delimiter,omitempty"`
	BOM         bool   `json:"bom,omitempty"`
	LF          bool   `json:"lf,omitempty"`
	QuoteAll    bool   `json:"quoteAll,omitempty"`
	NullText    string `json:"nullText,omitempty"`
	NoHeader    bool   `json:"noHeader,omitempty"`
	GB18030     bool   `json:"gb18030,omitempty"`
	NoGuard     bool   `json:"noGuard,omitempty"`
	Gzip        bool   `json:"gzip,omitempty"`
	SplitRows   int64  `json:"splitRows,omitempty"`
	SheetName   string `json:"sheetName,omitempty"`
	NoFreeze    bool   `json:"noFreeze,omitempty"`
	NoFilter    bool   `json:"noFilter,omitempty"`
	Small       bool   `json:"small,omitempty"`
	Snapshot    bool   `json:"snapshot,omitempty"`
	Thousands   bool   `json:"thousands,omitempty"`
	RightToLeft bool   `json:"rightToLeft,omitempty"`
	TotalLabel  string `json:"totalLabel,omitempty"`
	FileName    string `json:"fileName,omitempty"` // file name pattern; empty: "{name}-{id}"

	JSONNumbers string `json:"jsonNumbers,omitempty"` // "string", "number" or ""
	Zstd        bool   `json:"zstd,omitempty"`

	ParquetCompression string `json:"parquetCompression,omitempty"` // "zstd", "none", "snappy", "gzip" or ""
}

// Warning is a remark about the file of a successful export, such as cut texts.
type Warning struct {
	Code  string `json:"code"`
	Count int64  `json:"count"`
	Text  string `json:"text"`
}
