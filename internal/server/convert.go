package server

import (
	"cmp"
	"database/sql"
	"encoding/hex"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// timeText formats a time as RFC 3339 in UTC with microseconds.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// parseTime parses an RFC 3339 time of a request into to; empty text is no time.
func parseTime(field, value string, to *sql.NullTime) error {
	if value == "" {
		*to = sql.NullTime{}
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return invalid(field, "%s, want RFC 3339 such as 2026-01-31T08:00:00+08:00", quote(value))
	}
	*to = sql.NullTime{Time: t.UTC().Truncate(time.Microsecond), Valid: true}
	return nil
}

// nullTime formats an optional time; an unset one is empty text.
func nullTime(t sql.NullTime) string {
	if !t.Valid {
		return ""
	}
	return timeText(t.Time)
}

// tplFromProto returns the template that a request describes.
func tplFromProto(req *api.WshExportTaskCreateTplReq) *model.Tpl {
	return &model.Tpl{
		Name:          req.GetEtplName(),
		Tag:           req.GetEtplTag(),
		Source:        cmp.Or(req.GetEtplSource(), task.DefaultSource),
		Expr:          req.GetEtplExpr(),
		OutputColumns: req.GetEtplOutputColumns(),
		OutputFormat:  model.Format(req.GetEtplOutputFormat()),
		Params:        model.JSON[[]model.ParamDecl]{V: declsFromProto(req.GetEtplParams())},
		Options:       model.JSON[model.Options]{V: optionsFromProto(req.GetEtplOptions())},
		Limits:        model.JSON[model.InstLimits]{V: limitsFromProto(req.GetEtplLimits())},
		ExtraColumns:  model.ExtraColumns(req.GetEtplExtraColumns()),
		DeliverTo:     model.JSON[[]model.DeliverTo]{V: deliverToFromProto(req.GetEtplDeliverTo())},
		Notify:        model.JSON[model.Notify]{V: notifyFromProto(req.GetEtplNotify())},
		TimeoutSec:    req.GetEtplTimeoutSec(),
		MaxAttempts:   req.GetEtplMaxAttempts(),
		RetentionSec:  req.GetEtplRetentionSec(),
		OperatorID:    req.GetOperatorId(),
	}
}

func resultColumns(list []model.ResultColumn) []*api.WshExportResultColumn {
	columns := make([]*api.WshExportResultColumn, len(list))
	for i, c := range list {
		columns[i] = &api.WshExportResultColumn{Name: c.Name, Type: c.Type}
	}
	return columns
}

func tplToProto(t *model.Tpl) *api.WshExportTpl {
	return &api.WshExportTpl{
		EtplId:            t.ID,
		EtplName:          t.Name,
		EtplTag:           t.Tag,
		EtplSource:        t.Source,
		EtplExpr:          t.Expr,
		EtplOutputColumns: t.OutputColumns,
		EtplOutputFormat:  api.WshExportFormat(t.OutputFormat),
		EtplParams:        declsToProto(t.Params.V),
		EtplOptions:       optionsToProto(t.Options.V),
		EtplResultColumns: resultColumns(t.ResultColumns.V),
		EtplTimeoutSec:    t.TimeoutSec,
		EtplMaxAttempts:   t.MaxAttempts,
		EtplRetentionSec:  t.RetentionSec,
		EtplVersion:       t.Version,
		EtplStatus:        int32(t.Status),
		EtplExecTimes:     t.ExecTimes,
		EtplExecOkTimes:   t.ExecOkTimes,
		OperatorId:        t.OperatorID,
		RequestId:         t.RequestID.String,
		EtplCreated:       timeText(t.Created),
		EtplUpdated:       timeText(t.Updated),
		EtplDeleted:       nullTime(t.Deleted),
		EtplLimits:        limitsToProto(t.Limits.V),
		EtplExtraColumns:  api.WshExportExtraColumns(t.ExtraColumns),
		EtplDeliverTo:     deliverToToProto(t.DeliverTo.V),
		EtplNotify:        notifyToProto(t.Notify.V),
	}
}

// instToProto converts an instance. Parameter values that no reply can hold are
// left out, and cutFields says so.
func (s *Server) instToProto(in *model.Inst) *api.WshExportInst {
	out := &api.WshExportInst{
		EinstId:           in.ID,
		EtplId:            in.TplID,
		Status:            api.WshExportInstStatus(in.Status),
		State:             api.WshExportInstState(in.State),
		EtplName:          in.TplName,
		EtplVersion:       in.TplVersion,
		EtplSource:        in.Source,
		EtplExpr:          in.Expr,
		EtplOutputColumns: in.OutputColumns,
		EtplOutputFormat:  api.WshExportFormat(in.OutputFormat),
		EtplOptions:       optionsToProto(in.Options.V),
		Params:            paramsToProto(in.Params.V),
		TimeoutSec:        in.TimeoutSec,
		RetentionSec:      in.RetentionSec,
		OperatorId:        in.OperatorID,
		RequestId:         in.RequestID.String,
		RetryOf:           in.RetryOf,
		Created:           timeText(in.Created),
		Started:           nullTime(in.Started),
		Finished:          nullTime(in.Finished),
		Expires:           nullTime(in.Expires),
		RowsDone:          in.RowsDone,
		BytesDone:         in.BytesDone,
		Attempt:           in.Attempt,
		MaxAttempts:       in.MaxAttempts,
		Worker:            in.Owner,
		ErrCode:           in.ErrCode,
		ErrMsg:            in.ErrMsg,
		WillRetry:         in.State == model.StateRetryWait,
		EtplLimits:        limitsToProto(in.Limits.V),
		EtplExtraColumns:  api.WshExportExtraColumns(in.ExtraColumns),
		EschedId:          in.SchedID,
		Due:               nullTime(in.Due),
		WindowStart:       nullTime(in.WindowStart),
		WindowEnd:         nullTime(in.WindowEnd),
		CutFields:         in.Cut,
	}
	if in.State == model.StateRetryWait {
		out.NextAttempt = timeText(in.RunAfter)
		out.SourceWaitSince = nullTime(in.OutageSince)
	}
	if proto.Size(out) > maxReply {
		out.Params, out.CutFields = nil, append(slices.Clone(out.GetCutFields()), "params")
	}
	out.Warnings = warningsToProto(in.Warnings.V)
	if in.State == model.StateSucceeded {
		for i := range in.Files {
			out.Files = append(out.Files, s.fileToProto(&in.Files[i]))
		}
	}
	return out
}

func (s *Server) fileToProto(f *model.File) *api.WshExportFile {
	out := &api.WshExportFile{
		Name: f.Name, ContentType: f.ContentType, Rows: f.Rows, Bytes: f.Bytes, Sha256: hex.EncodeToString(f.SHA256),
	}
	if s.Links != nil {
		var expires time.Time
		if out.Url, expires = s.Links.URL(f.InstID, f.Name); !expires.IsZero() {
			out.UrlExpires = timeText(expires)
		}
	}
	return out
}

func warningsToProto(list []model.Warning) []*api.WshExportWarning {
	var out []*api.WshExportWarning
	for _, w := range list {
		out = append(out, &api.WshExportWarning{Code: w.Code, Count: w.Count, Text: w.Text})
	}
	return out
}

func eventToProto(e *model.Event) *api.WshExportInstEvent {
	return &api.WshExportInstEvent{
		EventId: e.ID, EinstId: e.InstID, At: timeText(e.At), State: api.WshExportInstState(e.State),
		Attempt: e.Attempt, Worker: e.Worker, OperatorId: e.OperatorID, Reason: e.Reason,
	}
}

func declsToProto(list []model.ParamDecl) []*api.WshExportParamDecl {
	out := make([]*api.WshExportParamDecl, len(list))
	for i, d := range list {
		out[i] = &api.WshExportParamDecl{
			Name: d.Name, Type: api.WshExportParamType(d.Type), List: d.List, Optional: d.Optional,
			DefaultValues: d.Defaults, EmptyList: api.WshExportEmptyList(d.EmptyList), MaxLength: d.MaxLength,
		}
	}
	return out
}

func declsFromProto(list []*api.WshExportParamDecl) []model.ParamDecl {
	out := make([]model.ParamDecl, len(list))
	for i, d := range list {
		out[i] = model.ParamDecl{
			Name: d.GetName(), Type: int32(d.GetType()), List: d.GetList(), Optional: d.GetOptional(),
			Defaults: d.GetDefaultValues(), EmptyList: int32(d.GetEmptyList()), MaxLength: d.GetMaxLength(),
		}
	}
	return out
}

func paramsToProto(list []model.Param) []*api.WshExportParam {
	out := make([]*api.WshExportParam, len(list))
	for i, p := range list {
		out[i] = &api.WshExportParam{Name: p.Name, Value: p.Value, Values: p.Values, IsNull: p.Null}
	}
	return out
}

func paramsFromProto(list []*api.WshExportParam) []model.Param {
	out := make([]model.Param, len(list))
	for i, p := range list {
		out[i] = model.Param{Name: p.GetName(), Value: p.GetValue(), Values: p.GetValues(), Null: p.GetIsNull()}
	}
	return out
}

func limitsToProto(l model.InstLimits) *api.WshExportLimits {
	return &api.WshExportLimits{Rows: l.Rows, Bytes: l.Bytes, Running: l.Running}
}

func limitsFromProto(l *api.WshExportLimits) model.InstLimits {
	return model.InstLimits{Rows: l.GetRows(), Bytes: l.GetBytes(), Running: l.GetRunning()}
}

func deliverToToProto(list []model.DeliverTo) []*api.WshExportDeliverTo {
	out := make([]*api.WshExportDeliverTo, len(list))
	for i, d := range list {
		out[i] = &api.WshExportDeliverTo{Destination: d.Destination, Path: d.Path, Recipients: d.Recipients, Subject: d.Subject, Require: api.WshExportRequire(d.Require)}
	}
	return out
}

// notifyToProto returns nil where nobody is notified.
func notifyToProto(n model.Notify) *api.WshExportNotify {
	if len(n.To) == 0 {
		return nil
	}
	return &api.WshExportNotify{To: deliverToToProto(n.To), LateSec: n.LateSec}
}

func notifyFromProto(n *api.WshExportNotify) model.Notify {
	return model.Notify{To: deliverToFromProto(n.GetTo()), LateSec: n.GetLateSec()}
}

func deliverToFromProto(list []*api.WshExportDeliverTo) []model.DeliverTo {
	out := make([]model.DeliverTo, len(list))
	for i, d := range list {
		out[i] = model.DeliverTo{Destination: d.GetDestination(), Path: d.GetPath(), Recipients: d.GetRecipients(), Subject: d.GetSubject(), Require: model.Require(d.GetRequire())}
	}
	return out
}

func optionsToProto(o model.Options) *api.WshExportOptions {
	return &api.WshExportOptions{
		CsvDelimiter: o.Delimiter, CsvBom: o.BOM, CsvLf: o.LF, CsvQuoteAll: o.QuoteAll, CsvNullText: o.NullText,
		NoHeader: o.NoHeader, CsvGb18030: o.GB18030, NoFormulaGuard: o.NoGuard, Gzip: o.Gzip, SplitRows: o.SplitRows,
		SheetName: o.SheetName, NoFreeze: o.NoFreeze, NoFilter: o.NoFilter, Small: o.Small,
		ThousandsSeparators: o.Thousands, RightToLeft: o.RightToLeft, TotalLabel: o.TotalLabel,
		Snapshot: o.Snapshot, FileName: o.FileName, JsonNumbers: o.JSONNumbers, Zstd: o.Zstd,
		ParquetCompression: o.ParquetCompression,
	}
}

func optionsFromProto(o *api.WshExportOptions) model.Options {
	return model.Options{
		Delimiter: o.GetCsvDelimiter(), BOM: o.GetCsvBom(), LF: o.GetCsvLf(), QuoteAll: o.GetCsvQuoteAll(), NullText: o.GetCsvNullText(),
		NoHeader: o.GetNoHeader(), GB18030: o.GetCsvGb18030(), NoGuard: o.GetNoFormulaGuard(), Gzip: o.GetGzip(), SplitRows: o.GetSplitRows(),
		SheetName: o.GetSheetName(), NoFreeze: o.GetNoFreeze(), NoFilter: o.GetNoFilter(), Small: o.GetSmall(),
		Thousands: o.GetThousandsSeparators(), RightToLeft: o.GetRightToLeft(), TotalLabel: o.GetTotalLabel(),
		Snapshot: o.GetSnapshot(), FileName: o.GetFileName(), JSONNumbers: o.GetJsonNumbers(), Zstd: o.GetZstd(),
		ParquetCompression: o.GetParquetCompression(),
	}
}
