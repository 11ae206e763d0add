package task_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/calendar"
	"exporttask/internal/model"
	"exporttask/internal/task"
	"exporttask/internal/task/tasktest"
)

// claimSQL reads the rows that the claim of a token lists.
const claimSQL = "SELECT id, name FROM shop WHERE id IN (:claim_shops)"

func shops(ids ...string) []model.Param {
	return []model.Param{{Name: "claim_shops", Values: ids}}
}

const noClaim = `params: parameter "claim_shops": the caller's token has no claim "shops"`

func TestService_CreateInst_claims(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, claimSQL, nil)
	p := task.CreateParams{TplID: tpl.ID, OperatorID: 7}
	_, err := f.CreateInst(t.Context(), p, model.Request{})
	wantError(t, err, model.Invalid, noClaim)
	p.Params, p.Claims = shops("1", "2", "3"), shops("2")
	_, err = f.CreateInst(t.Context(), p, model.Request{})
	wantError(t, err, model.Invalid, `params: parameter "claim_shops": given, but it is filled in by the service`)
	p.Params = nil
	in, err := f.CreateInst(t.Context(), p, model.Request{})
	must(t, err)
	if diff := cmp.Diff(shops("2"), in.Params.V); diff != "" {
		t.Errorf("parameters of the instance (-want +got):\n%s", diff)
	}
}

func TestService_Preview_claims(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, claimSQL, nil)
	_, err := f.Preview(t.Context(), tpl, task.PreviewParams{Rows: 5, OperatorID: 7})
	wantError(t, err, model.Invalid, noClaim)
	for _, want := range []string{"1", "3"} {
		p, err := f.Preview(t.Context(), tpl, task.PreviewParams{Rows: 5, OperatorID: 7, Claims: shops(want)})
		must(t, err)
		if len(p.Rows) != 1 || p.Rows[0][0].Text != want {
			t.Errorf("rows %v, want the row %s alone", p.Rows, want)
		}
	}
}

// TestService_UpdateSched_claims wants the claims of the caller that created the
// schedule in all of its runs, until another caller changes more than its pause.
func TestService_UpdateSched_claims(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, claimSQL, nil)
	sched := &model.Sched{Name: "s", TplID: tpl.ID, Cron: "0 6 * * *", OperatorID: 7}
	_, err := f.CreateSched(t.Context(), sched, model.Request{})
	wantError(t, err, model.Invalid, noClaim)
	sched.Claims.V = shops("1")
	sched, err = f.CreateSched(t.Context(), sched, model.Request{})
	must(t, err)

	edit := func(claims []model.Param, change func(*model.Sched)) error {
		_, err := f.UpdateSched(t.Context(), sched.ID, 0, func(s *model.Sched) error {
			s.Claims.V = claims
			change(s)
			return nil
		})
		return err
	}
	rename := func(s *model.Sched) { s.Name += "." }
	runs := func(step string, want ...string) {
		t.Helper()
		next, err := f.PreviewStoredSched(t.Context(), sched.ID, time.Time{}, 1)
		must(t, err)
		if diff := cmp.Diff(shops(want...), next.Runs[0].Params); diff != "" {
			t.Errorf("%s: parameters of the next run (-want +got):\n%s", step, diff)
		}
	}
	runs("created", "1")
	wantError(t, edit(nil, rename), model.Invalid, noClaim)
	runs("change refused", "1")
	must(t, edit(shops("2", "3"), rename))
	runs("changed by another token", "2", "3")
	must(t, edit(shops("1"), func(s *model.Sched) { s.Status = model.SchedPaused }))
	runs("paused by another token", "2", "3")
	must(t, edit(shops("2", "3"), func(s *model.Sched) { s.Status = model.SchedActive }))

	due := at("2026-03-01T06:00:00+08:00").Time
	w := calendar.Window{Due: due, Start: due, End: due}
	stored, err := f.DB.GetSched(t.Context(), sched.ID)
	must(t, err)
	made := map[string]int64{}
	made["due"], err = f.StartRun(t.Context(), stored, w, model.Step{})
	must(t, err)
	byHand, err := f.RunSched(t.Context(), sched.ID, sql.NullTime{}, sql.NullTime{}, func(int32) (model.Request, error) { return model.Request{}, nil })
	must(t, err)
	made["by hand"] = byHand[0].InstID
	for how, id := range made {
		in, err := f.DB.GetInst(t.Context(), id)
		must(t, err)
		if diff := cmp.Diff(shops("2", "3"), in.Params.V); diff != "" {
			t.Errorf("%s: parameters of the instance (-want +got):\n%s", how, diff)
		}
	}
}
