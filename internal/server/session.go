package server

import (
	"context"
	"slices"
	"strings"

	"exporttask/api"
	"exporttask/internal/format/encoder"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// GetSession implements the RPC.
func (s *Server) GetSession(ctx context.Context, req *api.WshExportTaskGetSessionReq) (*api.WshExportTaskGetSessionRes, error) {
	if err := notNegative("operatorId", req.GetOperatorId()); err != nil {
		return nil, err
	}
	settings, now := s.Tasks.Settings(), s.Tasks.Now()
	data := &api.WshExportSession{
		Scopes:  []string{"read", "run", "admin"}, // of every caller of a service without tokens
		Version: s.Version, Zone: now.Location().String(), Now: timeText(now), Formats: formats(), Builtins: builtins(s.Tasks.Builtins(req.GetOperatorId(), s.claims(ctx))),
		DefaultTimeoutSec: int32(settings.Timeout.Seconds()), MaxTimeoutSec: int32(settings.MaxTimeout.Seconds()),
		DefaultRetentionSec: int64(settings.Retention.Seconds()), DefaultMaxAttempts: int32(settings.MaxAttempts),
		MaxPreviewRows: maxPreview, MaxBackfill: task.MaxBackfill,
	}
	if who, ok := s.caller(ctx); ok {
		data.Tokens, data.Name, data.OperatorId, data.Scopes = true, who.Name, who.Operator, who.Scopes
	}
	for _, name := range s.Destinations.Names(req.GetOperatorId()) {
		kind, _ := s.Destinations.Describe(name)
		data.Destinations = append(data.Destinations, &api.WshExportDestination{Name: name, Kind: kind})
	}
	return &api.WshExportTaskGetSessionRes{Data: data}, nil
}

// formats describes the file formats.
func formats() []*api.WshExportFormatInfo {
	var list []*api.WshExportFormatInfo
	for _, number := range sortedFormats() {
		f := task.EncoderFormat(model.Format(number))
		options := task.FileOptions(model.Options{}, "")
		list = append(list, &api.WshExportFormatInfo{
			Format: number, Extension: encoder.Ext(f, options), ContentType: encoder.ContentType(f, options), Options: optionsOf(number),
		})
	}
	return list
}

func sortedFormats() []api.WshExportFormat {
	var list []api.WshExportFormat
	for number := range api.WshExportFormat_name {
		if f := api.WshExportFormat(number); f != api.WshExportFormat_FMT_DEFAULT {
			list = append(list, f)
		}
	}
	slices.Sort(list)
	return list
}

// limitedOptions are the options that not every format uses. Options whose name
// begins with that of a format belong to that format.
var limitedOptions = map[string][]api.WshExportFormat{
	"noFormulaGuard":      {api.WshExportFormat_FMT_CSV},
	"gzip":                {api.WshExportFormat_FMT_CSV, api.WshExportFormat_FMT_JSONL},
	"zstd":                {api.WshExportFormat_FMT_CSV, api.WshExportFormat_FMT_JSONL},
	"jsonNumbers":         {api.WshExportFormat_FMT_JSONL},
	"sheetName":           {api.WshExportFormat_FMT_XLS, api.WshExportFormat_FMT_XLSX},
	"noFreeze":            {api.WshExportFormat_FMT_XLS, api.WshExportFormat_FMT_XLSX},
	"noFilter":            {api.WshExportFormat_FMT_XLS, api.WshExportFormat_FMT_XLSX},
	"thousandsSeparators": {api.WshExportFormat_FMT_XLS, api.WshExportFormat_FMT_XLSX},
	"rightToLeft":         {api.WshExportFormat_FMT_XLS, api.WshExportFormat_FMT_XLSX},
	"totalLabel":          {api.WshExportFormat_FMT_XLS, api.WshExportFormat_FMT_XLSX},
	"noHeader":            {api.WshExportFormat_FMT_CSV, api.WshExportFormat_FMT_XLS, api.WshExportFormat_FMT_XLSX},
	"small":               {api.WshExportFormat_FMT_CSV, api.WshExportFormat_FMT_JSONL, api.WshExportFormat_FMT_XLSX},
}

// optionsOf returns the names of the fields of WshExportOptions that a format
// uses.
func optionsOf(f api.WshExportFormat) []string {
	var names []string
	fields := (&api.WshExportOptions{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		name := string(fields.Get(i).Name())
		only, limited := limitedOptions[name]
		if owner, owned := ownerOf(name); owned && owner != f || limited && !slices.Contains(only, f) {
			continue
		}
		names = append(names, name)
	}
	return names
}

// ownerOf returns the format whose name an option begins with, such as FMT_CSV
// for csvBom.
func ownerOf(option string) (owner api.WshExportFormat, owned bool) {
	longest := 0
	for number, name := range api.WshExportFormat_name {
		prefix := strings.ToLower(strings.TrimPrefix(name, "FMT_"))
		if strings.HasPrefix(option, prefix) && len(prefix) > longest {
			owner, owned, longest = api.WshExportFormat(number), true, len(prefix)
		}
	}
	return owner, owned
}

func builtins(list []task.Builtin) []*api.WshExportBuiltin {
	out := make([]*api.WshExportBuiltin, len(list))
	for i, b := range list {
		out[i] = &api.WshExportBuiltin{Name: b.Name, Type: api.WshExportParamType(b.Type), Value: b.Value}
	}
	return out
}
