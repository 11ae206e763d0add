package task_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model"
	"exporttask/internal/store"
	"exporttask/internal/task"
	"exporttask/internal/task/tasktest"
)

func TestService_DeleteInst(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop WHERE name = :customer", func(t *model.Tpl) { t.Options = fileName("{param.customer}") })
	p := task.CreateParams{TplID: tpl.ID, Params: []model.Param{{Name: "customer", Value: "Mrs Smith"}}, OperatorID: 7}
	_, err := f.CreateInst(t.Context(), p, model.Request{})
	must(t, err)
	done := f.Finish(t, strings.Repeat("x", 1000))
	open, err := f.OpenFile(t.Context(), done.ID, "")
	must(t, err)
	defer open.Close()
	_, err = io.ReadFull(open, make([]byte, 10))
	must(t, err)

	in, err := f.DeleteInst(t.Context(), done.ID, model.Erasure{Operator: 9, Reason: "asked by the customer"})
	must(t, err)
	if in.State != model.StateExpired || len(in.Params.V) != 1 {
		t.Errorf("got state %s, %d parameters, want EXPIRED with its parameter", in.State, len(in.Params.V))
	}
	_, err = f.OpenFile(t.Context(), done.ID, "")
	wantError(t, err, model.WrongState, "einstId: ")
	if _, err := f.Store.Open(t.Context(), done.Files[0].Key); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("the file is still in the store: %v", err)
	}
	open.Recheck()
	if n, err := open.Read(make([]byte, 10)); err == nil {
		t.Errorf("a download in progress read %d more bytes", n)
	}
	events, err := f.DB.ListEvents(t.Context(), done.ID, 0, 10)
	must(t, err)
	if last := events[len(events)-1]; last.OperatorID != 9 || last.Reason != "erased: asked by the customer" || last.State != model.StateExpired {
		t.Errorf("the last event is %+v, want operator 9 and the reason", last)
	}

	in, err = f.DeleteInst(t.Context(), done.ID, model.Erasure{Operator: 9, Reason: "all of it", Params: true})
	must(t, err)
	if diff := cmp.Diff([]model.Param{}, in.Params.V); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	var left int
	for table, columns := range map[string]string{
		"inst": "params, deliverTo, etplOptions, errMsg, etplExpr", "file": "name", "event": "reason", "delivery": "location, errMsg",
	} {
		must(t, f.DB.SQL().QueryRowContext(t.Context(),
			"SELECT COUNT(*) FROM welife_export_"+table+" WHERE CONCAT_WS(' ', "+columns+") LIKE '%Smith%'").Scan(&left))
		if left != 0 {
			t.Errorf("%d rows of welife_export_%s still hold the value", left, table)
		}
	}
}

func TestService_RetryInst_parameters_erased(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop WHERE id = :x", nil)
	p := task.CreateParams{TplID: tpl.ID, Params: []model.Param{{Name: "x", Value: "1"}}, OperatorID: 7}
	in, err := f.CreateInst(t.Context(), p, model.Request{})
	must(t, err)
	must(t, f.DB.Fail(t.Context(), f.Claim(t), model.Failure{State: model.StateFailed, Code: "3", Msg: "m"}))
	_, err = f.DeleteInst(t.Context(), in.ID, model.Erasure{Reason: "r", Params: true})
	must(t, err)
	_, err = f.RetryInst(t.Context(), in.ID, 0, func(int32) (model.Request, error) { return model.Request{}, nil })
	wantError(t, err, model.WrongState, "einstId: ")
}

func TestService_DeleteInst_refused(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop", nil)
	waiting := f.Inst(t, tpl.ID)
	_, err := f.DeleteInst(t.Context(), waiting.ID, model.Erasure{Reason: "r"})
	wantError(t, err, model.WrongState, "einstId: ")
	_, err = f.DeleteInst(t.Context(), 999, model.Erasure{Reason: "r"})
	wantError(t, err, model.NotFound, "einstId: ")
	f.Claim(t)
	_, err = f.DeleteInst(t.Context(), waiting.ID, model.Erasure{Reason: "r"})
	wantError(t, err, model.WrongState, "einstId: ")
}
