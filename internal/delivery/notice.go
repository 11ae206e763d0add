package delivery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"io"
	"strings"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// instOf returns the instance of a delivery. For a notice of a due time without an
// instance it is one with the id 0 that has template, schedule and due time.
func (p *Pool) instOf(ctx context.Context, v *model.Delivery) (*model.Inst, error) {
	if v.InstID != 0 {
		return p.queue.GetInst(ctx, v.InstID)
	}
	n := v.Notice.V
	return &model.Inst{
		TplID: n.TplID, TplName: n.TplName, OperatorID: v.OperatorID, SchedID: v.SchedID,
		Due: sql.NullTime{Time: v.Due, Valid: true}, Created: v.Created,
	}, nil
}

// notice returns what a delivery sends of an event.
func (p *Pool) notice(ctx context.Context, in *model.Inst, v *model.Delivery, dest Destination) (*payload.Payload, error) {
	n := v.Notice.V
	out := header(in, v, dest, n.To)
	out.Notice = &payload.Notice{
		Event: v.Event, At: v.Created, Problem: n.Problem, Failures: n.Failures, Paused: n.Paused, LateSec: n.LateSec,
	}
	out.Subject = out.Notice.Subject(in, out.Subject)
	switch dest.Kind() {
	case "email", "webhook":
		return out, nil
	}
	event, err := out.Event(ctx)
	if err != nil {
		return nil, err
	}
	body, err := json.MarshalIndent(event, "", "  ")
	if err != nil {
		return nil, err
	}
	name := task.FilePath(in, "{name}-{id}-"+strings.TrimPrefix(event.Type, "export."), "x.json")
	out.Files = []payload.File{bodyFile(name, folder(n.To, v, dest)+task.FilePath(in, n.To.Path, name), append(body, '\n'))}
	return out, nil
}

// bodyFile returns a file with the given content.
func bodyFile(name, path string, body []byte) payload.File {
	sum := sha256.Sum256(body)
	return payload.File{
		File:   model.File{Seq: 1, Name: name, ContentType: "application/json", Bytes: int64(len(body)), SHA256: sum[:]},
		Path:   path,
		Source: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}
}
