package server_test

import (
	"slices"
	"strings"
	"testing"

	"exporttask/api"
)

func TestServer_GetSession(t *testing.T) {
	t.Parallel()
	res, err := setup(t).rpc.GetSession(t.Context(), &api.WshExportTaskGetSessionReq{})
	if err != nil {
		t.Fatal(err)
	}
	got := res.GetData()
	if got.GetTokens() || !slices.Equal(got.GetScopes(), []string{"read", "run", "admin"}) {
		t.Errorf("got tokens %v and scopes %v, want no tokens and all scopes", got.GetTokens(), got.GetScopes())
	}
	if got.GetMaxTimeoutSec() != 3600 || got.GetDefaultMaxAttempts() != 3 || got.GetZone() != "Asia/Shanghai" || got.GetMaxBackfill() != 100 {
		t.Errorf("got %v, want the settings of the service", got)
	}
	if d := got.GetDestinations(); len(d) != 1 || d[0].GetName() != "share" || d[0].GetKind() != "folder" {
		t.Errorf("got the destinations %v, want share", d)
	}
	t.Run("formats", func(t *testing.T) {
		t.Parallel()
		if len(got.GetFormats()) != len(api.WshExportFormat_name)-1 {
			t.Errorf("got %d formats, want every format", len(got.GetFormats()))
		}
		for _, f := range got.GetFormats() {
			csv := f.GetFormat() == api.WshExportFormat_FMT_CSV
			if slices.Contains(f.GetOptions(), "csvBom") != csv || slices.Contains(f.GetOptions(), "sheetName") != strings.HasPrefix(f.GetFormat().String(), "FMT_XLS") ||
				!slices.Contains(f.GetOptions(), "fileName") || f.GetExtension() == "" || f.GetContentType() == "" {
				t.Errorf("got %v", f)
			}
		}
	})
	t.Run("builtins", func(t *testing.T) {
		t.Parallel()
		values := map[string]string{}
		for _, b := range got.GetBuiltins() {
			values[b.GetName()] = b.GetType().String() + " " + b.GetValue()
		}
		for name, want := range map[string]string{
			"today": "PARAM_DATE 2026-03-01", "now": "PARAM_DATETIME 2026-03-01 02:30:00", "operator": "PARAM_INT 0", "window_start": "PARAM_DATETIME ",
		} {
			if values[name] != want {
				t.Errorf("%s: got %q, want %q", name, values[name], want)
			}
		}
	})
}
