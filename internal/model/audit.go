package model

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// AuditAction is what was done, numbered as in the contract.
type AuditAction int32

// The actions of audit entries.
const (
	AuditCreate   AuditAction = 1
	AuditChange   AuditAction = 2
	AuditDelete   AuditAction = 3
	AuditRun      AuditAction = 4
	AuditCancel   AuditAction = 5
	AuditRetry    AuditAction = 6
	AuditPreview  AuditAction = 7
	AuditDownload AuditAction = 8
	AuditDeliver  AuditAction = 9
	AuditErase    AuditAction = 10
	AuditRefuse   AuditAction = 11
)

// auditActions are all actions.
var auditActions = []AuditAction{
	AuditCreate, AuditChange, AuditDelete, AuditRun, AuditCancel, AuditRetry, AuditPreview, AuditDownload,
	AuditDeliver, AuditErase, AuditRefuse,
}

// AuditKind is the kind of an object, numbered as in the contract.
type AuditKind int32

// The kinds of objects.
const (
	AuditNothing  AuditKind = 0 // a call that names no object
	AuditTpl      AuditKind = 1
	AuditSched    AuditKind = 2
	AuditInst     AuditKind = 3
	AuditFile     AuditKind = 4 // the object id is that of the instance
	AuditDelivery AuditKind = 5
	AuditLog      AuditKind = 6 // the audit log itself
)

// AuditEntry is an action to be recorded. Who acted and from where comes from the
// context, see WithActor.
type AuditEntry struct {
	Action   AuditAction
	Kind     AuditKind
	ObjectID int64
	Operator int32 // owner of the object
	By       int32 // operator that acted, where the actor has no token
	// Detail never holds values of parameters, nor texts that may repeat them,
	// such as names of files and error messages.
	Detail string
}

// Actor is who calls, and from where.
type Actor struct {
	Operator  int32  // of the token; 0: none
	Token     string // name of the token; empty: none
	Peer      string // network address
	RequestID string // correlates the entry with log lines
	Via       string // "grpc", "http", "link" (a signed URL), "schedule"; empty: the service itself
}

type actorKey struct{}

// WithActor returns a context whose changes are recorded as those of an actor.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// service is the actor of what the service does by itself.
const service = "service"

func actor(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	if a.Via == "" {
		a.Via = service
	}
	return a
}

// auditState is shared by all copies of a DB.
type auditState struct {
	wake chan struct{} // holds a value if entries wait
}

func newAuditState() *auditState { return &auditState{wake: make(chan struct{}, 1)} }

// added notes that entries wait for SealAudit.
func (s *auditState) added() {
	select {
	case s.wake <- struct{}{}:
	default: // noted already
	}
}

// AuditAdded receives a value when this process has recorded entries that
// SealAudit has not appended to the chain yet.
func (d *DB) AuditAdded() <-chan struct{} { return d.audit.wake }

// Audit records an action that changes nothing in the database. An action that
// does is recorded in the transaction of its change.
func (d *DB) Audit(ctx context.Context, e AuditEntry) error {
	if err := addAudit(ctx, d.db, e); err != nil {
		return err
	}
	d.audit.added()
	return nil
}

// audit records actions in the transaction that does them.
func (t *tx) audit(ctx context.Context, entries ...AuditEntry) error {
	t.audited = t.audited || len(entries) > 0
	return addAudit(ctx, t, entries...)
}

func addAudit(ctx context.Context, q querier, entries ...AuditEntry) error {
	const INSERT = `INSERT INTO welife_export_audit_new (at, action, kind, objectId, operatorId, byOperator, token, peer,
		requestId, via, detail) VALUES ?`
	if len(entries) == 0 {
		return nil
	}
	a := actor(ctx)
	rows := make([]tuple, len(entries))
	for i, e := range entries {
		by := a.Operator
		if a.Token == "" && by == 0 {
			by = e.By
		}
		rows[i] = tuple{
			utcNow, e.Action, e.Kind, e.ObjectID, e.Operator, by,
			plainLine(a.Token, maxAuditText), plainLine(a.Peer, maxAuditText), plainLine(a.RequestID, maxAuditText), a.Via,
			plainLine(e.Detail, maxAuditDetail),
		}
	}
	return wrap("record in the audit log", execRows(ctx, q, len(rows), INSERT, rows))
}

// Lengths of columns, in characters.
const (
	maxAuditText   = 64
	maxAuditDetail = 400
)

// plainLine returns a text as the chain of hashes requires it: valid UTF-8
// without control characters, of at most so many characters.
func plainLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// changes returns the detail of a change: the version and the columns that differ.
func changes(version int32, columns []string) string {
	if len(columns) == 0 {
		return fmt.Sprintf("version %d: nothing differs", version)
	}
	return fmt.Sprintf("version %d: %s", version, strings.Join(columns, ", "))
}
