package payload

import (
	"context"
	"database/sql"
	"encoding/hex"
	"time"

	"exporttask/internal/model"
)

// typeFinished is the type of the event that files are ready.
const typeFinished = "export.finished"

// Event is what a webhook receives, and what a notice that is a file holds, as
// JSON. 64-bit integers are strings, as in the JSON of the
// service's RPCs, since JavaScript would round them. Times are RFC 3339 in UTC.
type Event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // end of the instance, or time of the event
	EventID   string    `json:"eventId"`   // the same for all attempts
	Inst      inst      `json:"inst"`
	Files     []file    `json:"files"`
	Notice    *notice   `json:"notice,omitempty"` // of every type but export.finished
}

// notice is more about an event.
type notice struct {
	Problem  string `json:"problem,omitempty"`
	Failures int32  `json:"failures,omitempty"`
	Paused   bool   `json:"paused,omitempty"`
	LateSec  int32  `json:"lateSec,omitempty"`
}

// inst is an instance, with the field names of the contract.
type inst struct {
	EinstID     int64      `json:"einstId,string"` // 0: a due time that has no instance
	EtplID      int32      `json:"etplId"`
	EtplName    string     `json:"etplName"`
	OperatorID  int32      `json:"operatorId"`
	State       string     `json:"state"`
	RowsDone    int64      `json:"rowsDone,string"`
	ErrCode     string     `json:"errCode,omitempty"`
	ErrMsg      string     `json:"errMsg,omitempty"`
	Created     time.Time  `json:"created"`
	Started     *time.Time `json:"started,omitempty"`
	Finished    *time.Time `json:"finished,omitempty"`
	EschedID    int64      `json:"eschedId,string,omitempty"` // absent: no schedule created it
	Due         *time.Time `json:"due,omitempty"`
	WindowStart *time.Time `json:"windowStart,omitempty"`
	WindowEnd   *time.Time `json:"windowEnd,omitempty"`
	Params      []param    `json:"params,omitempty"`
}

// param is the value of a parameter.
type param struct {
	Name   string   `json:"name"`
	Value  string   `json:"value,omitempty"`
	Values []string `json:"values,omitempty"` // for a list
	IsNull bool     `json:"isNull,omitempty"`
}

// file is a file of the instance.
type file struct {
	Name        string     `json:"name"`
	ContentType string     `json:"contentType"`
	Rows        int64      `json:"rows,string"`
	Bytes       int64      `json:"bytes,string"`
	SHA256      string     `json:"sha256"` // in hexadecimal
	URL         string     `json:"url,omitempty"`
	URLExpires  *time.Time `json:"urlExpires,omitempty"`
}

// Event returns the event of a payload, with new links.
func (p *Payload) Event(ctx context.Context) (*Event, error) {
	i := p.Inst
	e := &Event{
		Type: typeFinished, Timestamp: i.Created.UTC(), EventID: p.EventID,
		Inst: inst{
			EinstID: i.ID, EtplID: i.TplID, EtplName: i.TplName, OperatorID: i.OperatorID,
			State: "STATE_" + i.State.String(), RowsDone: i.RowsDone,
			Created: i.Created.UTC(), Started: moment(i.Started), Finished: moment(i.Finished),
			EschedID: i.SchedID, Due: moment(i.Due), WindowStart: moment(i.WindowStart), WindowEnd: moment(i.WindowEnd),
			Params: params(i.Params.V),
		},
		Files: []file{},
	}
	if i.Finished.Valid {
		e.Timestamp = i.Finished.Time.UTC()
	}
	if i.ID == 0 {
		e.Inst.State = ""
	}
	if n := p.Notice; n != nil {
		e.Type, e.Timestamp = n.Type(), n.At.UTC()
		e.Inst.ErrCode, e.Inst.ErrMsg = i.ErrCode, i.ErrMsg
		e.Notice = &notice{Problem: n.Problem, Failures: n.Failures, Paused: n.Paused, LateSec: n.LateSec}
		return e, nil
	}
	for k := range p.Files {
		f, err := newFile(ctx, &p.Files[k])
		if err != nil {
			return nil, err
		}
		e.Files = append(e.Files, f)
	}
	return e, nil
}

func newFile(ctx context.Context, from *File) (file, error) {
	f := file{
		Name: from.Name, ContentType: from.ContentType, Rows: from.Rows, Bytes: from.Bytes,
		SHA256: hex.EncodeToString(from.SHA256),
	}
	if from.Link == nil {
		return f, nil
	}
	link, expires, err := from.Link(ctx)
	if err != nil {
		return f, err
	}
	expires = expires.UTC()
	f.URL, f.URLExpires = link, &expires
	return f, nil
}

func params(from []model.Param) []param {
	var to []param
	for _, p := range from {
		to = append(to, param{Name: p.Name, Value: p.Value, Values: p.Values, IsNull: p.Null})
	}
	return to
}

// moment returns a time in UTC, or nil for a NULL.
func moment(t sql.NullTime) *time.Time {
	if !t.Valid {
		return nil
	}
	utc := t.Time.UTC()
	return &utc
}
