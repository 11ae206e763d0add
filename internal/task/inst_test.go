package task_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model"
	"exporttask/internal/task"
	"exporttask/internal/task/tasktest"
)

func TestService_CreateInst(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop WHERE id > :from AND '2026-01-01' < :today", func(t *model.Tpl) {
		t.OutputFormat = model.FormatXLSX
		t.Options = fileName("{name}-{date}-{param.from}-{id}")
		t.DeliverTo = deliverTo("share", "{date:2006}/")
		t.TimeoutSec = 5
	})
	f.Source.Parses.Store(0)
	p := task.CreateParams{TplID: tpl.ID, Params: []model.Param{{Name: "from", Value: "2"}}, OperatorID: 7}
	in, err := f.CreateInst(t.Context(), p, key("a"))
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Source.Parses.Load(); n != 1 {
		t.Errorf("the statement was parsed %d times, want once", n)
	}
	if n := f.Exports.Wakes.Load(); n != 1 {
		t.Errorf("the workers were woken %d times, want once", n)
	}
	want := &model.Inst{
		ID: in.ID, TplID: tpl.ID, OperatorID: 7, TplName: "shops", TplVersion: 1, Source: "default", Expr: tpl.Expr,
		OutputFormat: model.FormatXLSX, TimeoutSec: 5, RetentionSec: 24 * 3600, MaxAttempts: 3,
	}
	want.Params.V = []model.Param{{Name: "from", Value: "2"}, {Name: "today", Value: "2026-03-01"}}
	got := &model.Inst{
		ID: in.ID, TplID: in.TplID, OperatorID: in.OperatorID, TplName: in.TplName, TplVersion: in.TplVersion, Source: in.Source, Expr: in.Expr,
		OutputFormat: in.OutputFormat, TimeoutSec: in.TimeoutSec, RetentionSec: in.RetentionSec, MaxAttempts: in.MaxAttempts, Params: in.Params,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("instance (-want +got):\n%s", diff)
	}
	if name := in.Options.V.FileName; name != "{name}-2026-03-01-2-{id}" {
		t.Errorf("file name %q, want the date and the parameter filled in", name)
	}
	if path := in.DeliverTo.V[0].Path; path != "2026/" {
		t.Errorf("path %q, want the year filled in", path)
	}
	again, err := f.CreateInst(t.Context(), p, key("a"))
	if err != nil || again.ID != in.ID {
		t.Fatalf("the same request again: got %+v, %v, want instance %d", again, err, in.ID)
	}
}

func TestService_CreateInst_refused(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop WHERE id > :from", nil)
	deleted := f.Tpl(t, "SELECT 1", nil)
	if _, err := f.DB.DeleteTpl(t.Context(), deleted.ID); err != nil {
		t.Fatal(err)
	}
	create := func(p task.CreateParams) error {
		_, err := f.CreateInst(t.Context(), p, model.Request{})
		return err
	}
	wantError(t, create(task.CreateParams{TplID: 999}), model.NotFound, "etplId: ")
	wantError(t, create(task.CreateParams{TplID: deleted.ID}), model.WrongState, "etplId: ")
	wantError(t, create(task.CreateParams{TplID: tpl.ID, OperatorID: 13}), model.Invalid, `etplSource: "default", want one of none`)
	wantError(t, create(task.CreateParams{TplID: tpl.ID}), model.Invalid, `params: parameter "from": not given`)
	wantError(t, create(task.CreateParams{TplID: tpl.ID, Params: []model.Param{{Name: "x", Value: "1"}}}), model.Invalid, `params: parameter "x": not a parameter`)
	dated := f.Tpl(t, "SELECT id FROM shop", func(t *model.Tpl) { t.OutputColumns = `[{"name":"id","type":"date"}]` })
	wantError(t, create(task.CreateParams{TplID: dated.ID, Format: model.FormatParquet}), model.Invalid, `etplOutputFormat: output columns: column 1 "id": type: the column is a INT`)
	if n := f.Exports.Wakes.Load(); n != 0 {
		t.Errorf("the workers were woken %d times, want not at all", n)
	}
}

func TestService_CreateInst_operator_parameter(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop WHERE id = :operator", nil)
	in, err := f.CreateInst(t.Context(), task.CreateParams{TplID: tpl.ID, OperatorID: 9}, model.Request{})
	must(t, err)
	if diff := cmp.Diff([]model.Param{{Name: "operator", Value: "9"}}, in.Params.V); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	forged := task.CreateParams{TplID: tpl.ID, OperatorID: 9, Params: []model.Param{{Name: "operator", Value: "7"}}}
	_, err = f.CreateInst(t.Context(), forged, model.Request{})
	wantError(t, err, model.Invalid, `params: parameter "operator": given`)
	p, err := f.Preview(t.Context(), tpl, task.PreviewParams{Rows: 5, OperatorID: 2})
	if err != nil || len(p.Rows) != 1 || p.Rows[0][0].Text != "2" {
		t.Errorf("preview for operator 2: got %+v, %v", p, err)
	}
}

func TestService_RetryInst(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop", nil)
	retry := func(id int64) (*model.Inst, error) {
		return f.RetryInst(t.Context(), id, 0, func(int32) (model.Request, error) { return model.Request{}, nil })
	}
	queued := f.Inst(t, tpl.ID)
	_, err := retry(queued.ID)
	wantError(t, err, model.WrongState, "einstId: ")

	claimed := f.Claim(t)
	must(t, f.DB.Fail(t.Context(), claimed, model.Failure{State: model.StateFailed, Code: "14", Msg: "m", Retry: true, Backoff: 1 << 40}))
	waiting, err := retry(queued.ID)
	if err != nil || waiting.ID != queued.ID || waiting.RunAfter.After(waiting.Updated) {
		t.Fatalf("of a waiting instance: got %+v, %v, want the same instance to run now", waiting, err)
	}

	claimed = f.Claim(t)
	must(t, f.DB.Fail(t.Context(), claimed, model.Failure{State: model.StateFailed, Code: "3", Msg: "m"}))
	again, err := retry(queued.ID)
	if err != nil || again.ID == queued.ID || again.RetryOf != queued.ID || again.OperatorID != 7 {
		t.Errorf("of a failed instance: got %+v, %v, want a new one", again, err)
	}
	_, err = retry(999)
	wantError(t, err, model.NotFound, "einstId: ")
	mine := errors.New("of the request")
	if _, err := f.RetryInst(t.Context(), queued.ID, 0, func(int32) (model.Request, error) { return model.Request{}, mine }); !errors.Is(err, mine) {
		t.Errorf("got %v, want the error of the request", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestService_CancelInst(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop", nil)
	queued := f.Inst(t, tpl.ID)
	in, err := f.CancelInst(t.Context(), queued.ID, 7, "")
	if err != nil || in.State != model.StateCanceled || f.Exports.Canceled.Load() != 0 {
		t.Errorf("of a waiting instance: got %+v, %v, want it CANCELED without a call of the workers", in, err)
	}
	f.Inst(t, tpl.ID)
	running := f.Claim(t)
	in, err = f.CancelInst(t.Context(), running.ID, 7, "enough")
	if err != nil || in.State != model.StateCanceling || f.Exports.Canceled.Load() != running.ID {
		t.Errorf("of a running instance: got %+v, %v, want it CANCELING and the workers called", in, err)
	}
}

func TestService_OpenFile(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop", nil)
	open := func(id int64, name string) error {
		file, err := f.OpenFile(t.Context(), id, name)
		if err == nil {
			must(t, file.Close())
		}
		return err
	}
	waiting := f.Inst(t, tpl.ID)
	wantError(t, open(waiting.ID, ""), model.WrongState, "einstId: ")
	done := f.Finish(t, "abc")
	file, err := f.OpenFile(t.Context(), done.ID, "")
	if err != nil || file.Info.Name != "a.csv" || file.Size() != 3 || !file.Finished.Equal(done.Finished.Time) {
		t.Fatalf("got %+v, %v, want a.csv of 3 bytes", file, err)
	}
	must(t, file.Close())
	must(t, open(done.ID, "a.csv"))
	wantError(t, open(done.ID, "b.csv"), model.NotFound, "fileName: ")
	wantError(t, open(999, ""), model.NotFound, "einstId: ")

	w, err := f.Store.Create(t.Context(), done.Files[0].Key)
	must(t, err)
	_, err = w.Write([]byte("ab"))
	must(t, err)
	must(t, w.Publish())
	var mine *model.Error
	if err := open(done.ID, ""); err == nil || errors.As(err, &mine) {
		t.Errorf("a file of another size: got %v, want an error of the service", err)
	}
	must(t, f.Store.Delete(t.Context(), done.Files[0].Key))
	if err := open(done.ID, ""); err == nil || errors.As(err, &mine) {
		t.Errorf("a missing file: got %v, want an error of the service", err)
	}
}
