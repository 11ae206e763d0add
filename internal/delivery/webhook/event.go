package webhook

import (
	"context"
	"database/sql"
	"encoding/hex"
	"time"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
)

// eventType is the type of all events.
const eventType = "export.finished"

// event is the body of a call. 64-bit integers are strings, as in the JSON of the
// service's RPCs, since JavaScript would round them. Times are RFC 3339 in UTC.
type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // end of the instance
	EventID   string    `json:"eventId"`   // the same for all attempts
	Inst      inst      `json:"inst"`
	Files     []file    `json:"files"`
}

// inst is an instance, with the field names of the contract.
type inst struct {
	EinstID     int64      `json:"einstId,string"`
	EtplID      int32      `json:"etplId"`
	EtplName    string     `json:"etplName"`
	OperatorID  int32      `json:"operatorId"`
	State       string     `json:"state"`
	RowsDone    int64      `json:"rowsDone,string"`
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

// newEvent returns the event of a payload, with new links.
func newEvent(ctx context.Context, p *payload.Payload) (*event, error) {
	i := p.Inst
	e := &event{
		Type: eventType, Timestamp: i.Created.UTC(), EventID: p.EventID,
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
	for k := range p.Files {
		f, err := newFile(ctx, &p.Files[k])
		if err != nil {
			return nil, err
		}
		e.Files = append(e.Files, f)
	}
	return e, nil
}

func newFile(ctx context.Context, from *payload.File) (file, error) {
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
