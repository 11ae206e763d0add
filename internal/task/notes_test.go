package task_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/task"
	"exporttask/internal/task/tasktest"
)

// What the data source will not send in full is a warning of the check and of the
// preview.
func TestService_CheckTpl_notes(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	f.Source.Exec(t, "CREATE TABLE n (f FLOAT, at DATETIME)")
	for expr, want := range map[string][]string{
		"SELECT CONVERT_TZ(at, '+00:00', 'Asia/Shanghai') AS at FROM n": {source.NoteZoneNames},
		"SELECT f, at FROM n WHERE at < :today":                         {source.NoteFloat},
		"SELECT CONVERT_TZ(at, '+00:00', '+08:00') AS at FROM n":        nil,
	} {
		tpl := &model.Tpl{Name: "n", Source: "default", Expr: expr}
		check, err := f.CheckTpl(t.Context(), tpl)
		if err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
		p, err := f.Preview(t.Context(), tpl, task.PreviewParams{Rows: 1})
		if err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
		for name, list := range map[string][]model.Warning{"check": check.Warnings, "preview": p.Warnings} {
			var got []string
			for _, w := range list {
				got = append(got, w.Code)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", name, expr, diff)
			}
		}
	}
}

// What the operator has to mend never names etplExpr.
func TestService_CheckTpl_misconfigured(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	for _, err := range []error{
		&source.LoginError{During: "login", Err: &source.ServerError{Code: 1045, State: "28000", Message: "Access denied"}},
		&source.LoginError{During: "login", Err: &source.ConfigError{What: "the server offers no TLS"}},
	} {
		f.Source.Err = err
		_, err := f.CheckTpl(t.Context(), &model.Tpl{Name: "n", Source: "default", Expr: "SELECT 1"})
		wantError(t, err, model.WrongState, `the data source "default" cannot be used; its administrator has to mend this: `)
	}
	f.Source.Err = &source.ServerError{Code: 9001, State: "HY000", Message: "Max connect timeout reached"}
	tpl := &model.Tpl{Name: "n", Source: "default", Expr: "SELECT 1"}
	if _, err := f.CheckTpl(t.Context(), tpl); err != nil || tpl.Status != model.TplInited {
		t.Errorf("an error that passes: got %v and status %v, want TPL_INITED", err, tpl.Status)
	}
}
