package server

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"exporttask/api"
	"exporttask/internal/model"
)

// This file holds every check of a request that needs the request alone. An error
// reads "field: what was given, want what is allowed".

// Bounds of fields.
const (
	maxName        = 200
	maxTag         = 64
	maxExpr        = 64 << 10
	maxColumns     = 256 << 10
	maxSourceName  = 64
	maxRequestID   = 64
	maxReason      = 200
	maxAttempts    = 20
	maxRetention   = 10 * 366 * 24 * 3600
	maxParams      = 200
	maxListValues  = 10_000
	maxNullText    = 64
	maxChunk       = 1 << 20
	defaultChunk   = 256 << 10
	maxSheetName   = 31
	maxTotalLabel  = 100
	maxShownLength = 60
)

func invalid(field, format string, args ...any) error {
	return model.Errorf(model.Invalid, "%s: %s", field, fmt.Sprintf(format, args...))
}

// quote quotes a value that was given, cut to a readable length.
func quote(s string) string {
	if len(s) > maxShownLength {
		cut := maxShownLength
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		return fmt.Sprintf("%q… (%d bytes)", s[:cut], len(s))
	}
	return fmt.Sprintf("%q", s)
}

// text checks a field of one line that has least to most characters.
func text(field, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return invalid(field, "%d characters, want %d..%d", n, least, most)
	}
	for i, r := range s {
		if unicode.IsControl(r) {
			return invalid(field, "character %q at byte %d, want no control characters", r, i)
		}
	}
	return nil
}

// body checks a field of at most that many bytes, which may have several lines.
func body(field, s string, most int) error {
	if len(s) > most {
		return invalid(field, "%d bytes, want at most %d", len(s), most)
	}
	if i := strings.IndexByte(s, 0); i >= 0 {
		return invalid(field, "NUL at byte %d, want none", i)
	}
	return nil
}

func positive[T int32 | int64](field string, id T) error {
	if id <= 0 {
		return invalid(field, "%d, want 1 or more", id)
	}
	return nil
}

func between[T int32 | int64](field string, n, least, most T) error {
	if n < least || n > most {
		return invalid(field, "%d, want %d..%d", n, least, most)
	}
	return nil
}

func notNegative[T int32 | int64](field string, n T) error {
	if n < 0 {
		return invalid(field, "%d, want 0 or more", n)
	}
	return nil
}

// enum checks that a number is defined in its enum.
func enum(field string, e protoreflect.Enum) error {
	values := e.Descriptor().Values()
	if values.ByNumber(e.Number()) != nil {
		return nil
	}
	names := make([]string, values.Len())
	for i := range names {
		names[i] = string(values.Get(i).Name())
	}
	return invalid(field, "%d, want one of %s", e.Number(), strings.Join(names, ", "))
}

func requestID(id string) error {
	if len(id) > maxRequestID {
		return invalid("requestId", "%d characters, want at most %d", len(id), maxRequestID)
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return invalid("requestId", "%s, want printable ASCII without spaces", quote(id))
		}
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// validateTpl checks the fields of a template that a request creates, edits or
// previews, one by one.
func (s *Server) validateTpl(t *model.Tpl) error {
	maxTimeout := int32(s.MaxTimeout.Seconds())
	return firstError(
		text("etplName", t.Name, 1, maxName),
		text("etplTag", t.Tag, 0, maxTag),
		body("etplExpr", t.Expr, maxExpr),
		body("etplOutputColumns", t.OutputColumns, maxColumns),
		enum("etplOutputFormat", api.WshExportFormat(t.OutputFormat)),
		notNegative("operatorId", t.OperatorID),
		text("etplSource", t.Source, 0, maxSourceName),
		decls(t.Params.V),
		options(t.Options.V),
		limits(t.Limits.V),
		requires("etplDeliverTo", t.DeliverTo.V),
		notify("etplNotify", t.Notify.V),
		enum("etplExtraColumns", api.WshExportExtraColumns(t.ExtraColumns)),
		between("etplTimeoutSec", t.TimeoutSec, 0, maxTimeout),
		between("etplMaxAttempts", t.MaxAttempts, 0, maxAttempts),
		between("etplRetentionSec", t.RetentionSec, 0, int64(maxRetention)),
	)
}

// maxLate bounds the time after which a run is late, in seconds.
const maxLate = 7 * 24 * 3600

// requires checks the conditions of destinations.
func requires(field string, list []model.DeliverTo) error {
	for i, to := range list {
		if err := enum(fmt.Sprintf("%s[%d].require", field, i), api.WshExportRequire(to.Require)); err != nil {
			return err
		}
	}
	return nil
}

// notify checks who is notified of failures.
func notify(field string, n model.Notify) error {
	for i, to := range n.To {
		if to.Require != model.RequireNothing {
			return invalid(fmt.Sprintf("%s.to[%d].require", field, i), "%s, want none: a notice has no rows", api.WshExportRequire(to.Require))
		}
	}
	if n.LateSec != 0 && len(n.To) == 0 {
		return invalid(field+".lateSec", "%d, but %s.to names nobody to notify", n.LateSec, field)
	}
	return between(field+".lateSec", n.LateSec, 0, maxLate)
}

func decls(list []model.ParamDecl) error {
	if len(list) > maxParams {
		return invalid("etplParams", "%d parameters, want at most %d", len(list), maxParams)
	}
	for i, d := range list {
		field := fmt.Sprintf("etplParams[%d]", i)
		err := firstError(
			text(field+".name", d.Name, 1, 64),
			enum(field+".type", api.WshExportParamType(d.Type)),
			enum(field+".emptyList", api.WshExportEmptyList(d.EmptyList)),
			notNegative(field+".maxLength", d.MaxLength),
		)
		if err != nil {
			return err
		}
		if n := len(d.Defaults); n > 1 && !d.List {
			return invalid(field+".defaultValues", "%d values, want at most 1 where list is false", n)
		}
	}
	return nil
}

func limits(l model.InstLimits) error {
	return firstError(
		notNegative("etplLimits.rows", l.Rows),
		notNegative("etplLimits.bytes", l.Bytes),
		notNegative("etplLimits.running", l.Running),
	)
}

func options(o model.Options) error {
	err := firstError(
		body("etplOptions.csvNullText", o.NullText, maxNullText),
		text("etplOptions.sheetName", o.SheetName, 0, maxSheetName),
		text("etplOptions.totalLabel", o.TotalLabel, 0, maxTotalLabel),
		notNegative("etplOptions.splitRows", o.SplitRows),
	)
	if err != nil {
		return err
	}
	if d := o.Delimiter; d != "" && (len(d) != 1 || strings.ContainsAny(d, "\"\r\n\x00") || d[0] > '~') {
		return invalid("etplOptions.csvDelimiter", `%s, want one ASCII character other than a quote or a line end`, quote(d))
	}
	return nil
}

func params(list []*api.WshExportParam) error {
	if len(list) > maxParams {
		return invalid("params", "%d parameters, want at most %d", len(list), maxParams)
	}
	for i, p := range list {
		field := fmt.Sprintf("params[%d]", i)
		if err := text(field+".name", p.GetName(), 1, 64); err != nil {
			return err
		}
		if n := len(p.GetValues()); n > maxListValues {
			return invalid(field+".values", "%d values, want at most %d", n, maxListValues)
		}
	}
	return nil
}

func states(list []api.WshExportInstState) error {
	for i, st := range list {
		field := fmt.Sprintf("states[%d]", i)
		if err := enum(field, st); err != nil {
			return err
		}
		if st == api.WshExportInstState_STATE_UNSPECIFIED {
			return invalid(field, "STATE_UNSPECIFIED, want a state")
		}
	}
	return nil
}

func deliveryStates(list []api.WshExportDeliveryState) error {
	for i, st := range list {
		field := fmt.Sprintf("states[%d]", i)
		if err := enum(field, st); err != nil {
			return err
		}
		if st == api.WshExportDeliveryState_DELIVERY_UNSPECIFIED {
			return invalid(field, "DELIVERY_UNSPECIFIED, want a state")
		}
	}
	return nil
}

func auditActions(list []api.WshExportAuditAction) error {
	for i, a := range list {
		field := fmt.Sprintf("actions[%d]", i)
		if err := enum(field, a); err != nil {
			return err
		}
		if a == api.WshExportAuditAction_AUDIT_UNSPECIFIED {
			return invalid(field, "AUDIT_UNSPECIFIED, want an action")
		}
	}
	return nil
}
