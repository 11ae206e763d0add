package task_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model"
	"exporttask/internal/task"
	"exporttask/internal/task/tasktest"
)

// windowSQL uses the window of a scheduled run.
const windowSQL = "SELECT id FROM shop WHERE :window_start < :window_end"

func at(text string) sql.NullTime {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return sql.NullTime{Time: t.UTC(), Valid: true}
}

func TestService_CreateSched(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, windowSQL, nil)
	sched, err := f.CreateSched(t.Context(), &model.Sched{Name: "s", TplID: tpl.ID, Cron: "0 6 * * *", OperatorID: 7}, key("s"))
	if err != nil {
		t.Fatal(err)
	}
	if want := at("2026-03-01T06:00:00+08:00"); !sched.NextDue.Time.Equal(want.Time) {
		t.Errorf("next due %s, want %s: 6 o'clock in the service's zone", sched.NextDue.Time, want.Time)
	}
	again, err := f.CreateSched(t.Context(), &model.Sched{Name: "s", TplID: tpl.ID, Cron: "0 6 * * *", OperatorID: 7}, key("s"))
	if err != nil || again.ID != sched.ID {
		t.Errorf("the same request again: got %+v, %v, want schedule %d", again, err, sched.ID)
	}
	paused, err := f.CreateSched(t.Context(), &model.Sched{Name: "p", TplID: tpl.ID, Cron: "@daily", Status: model.SchedPaused}, model.Request{})
	if err != nil || paused.NextDue.Valid {
		t.Errorf("a paused one: got %+v, %v, want no next due time", paused, err)
	}
}

func TestService_CreateSched_refused(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, windowSQL, nil)
	needs := f.Tpl(t, "SELECT :x", nil)
	for name, tc := range map[string]struct {
		sched model.Sched
		want  string
	}{
		"zone_of_the_machine":     {model.Sched{TplID: tpl.ID, Cron: "@daily", Zone: "Local"}, "zone: "},
		"unknown_zone":            {model.Sched{TplID: tpl.ID, Cron: "@daily", Zone: "Mars/Olympus"}, "zone: "},
		"cron":                    {model.Sched{TplID: tpl.ID, Cron: "61 * * * *"}, "cron: "},
		"end_in_the_past":         {model.Sched{TplID: tpl.ID, Cron: "@daily", EndAt: at("2026-02-01T00:00:00Z")}, "endAt: "},
		"end_before_the_first":    {model.Sched{TplID: tpl.ID, Cron: "@yearly", EndAt: at("2026-04-01T00:00:00Z")}, "endAt: "},
		"missing_parameter":       {model.Sched{TplID: needs.ID, Cron: "@daily"}, `params: parameter "x"`},
		"unknown_destination":     {model.Sched{TplID: tpl.ID, Cron: "@daily", DeliverTo: deliverTo("gone", "")}, "deliverTo[0].destination: "},
		"parameter_of_other_path": {model.Sched{TplID: tpl.ID, Cron: "@daily", DeliverTo: deliverTo("share", "{param.y}/")}, "deliverTo[0].path: "},
	} {
		tc.sched.Name = "s"
		_, err := f.CreateSched(t.Context(), &tc.sched, model.Request{})
		t.Run(name, func(t *testing.T) { wantError(t, err, model.Invalid, tc.want) })
	}
	list, err := f.DB.ListSched(t.Context(), model.SchedFilter{Limit: 10})
	if err != nil || len(list) != 0 {
		t.Errorf("%d schedules were saved, error %v, want none", len(list), err)
	}
}

func TestService_UpdateSched(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, windowSQL, nil)
	sched, err := f.CreateSched(t.Context(), &model.Sched{Name: "s", TplID: tpl.ID, Cron: "0 6 * * *"}, model.Request{})
	must(t, err)
	edit := func(change func(*model.Sched)) (*model.Sched, error) {
		return f.UpdateSched(t.Context(), sched.ID, 0, func(s *model.Sched) error { change(s); return nil })
	}
	got, err := edit(func(s *model.Sched) { s.Name = "renamed" })
	if err != nil || !got.NextDue.Time.Equal(sched.NextDue.Time) {
		t.Errorf("another name: got %+v, %v, want the due time unchanged", got, err)
	}
	got, err = edit(func(s *model.Sched) { s.Cron = "0 7 * * *" })
	if want := at("2026-03-01T07:00:00+08:00"); err != nil || !got.NextDue.Time.Equal(want.Time) {
		t.Errorf("another expression: got %+v, %v, want due at %s", got, err, want.Time)
	}
	if _, err := f.DB.DeleteTpl(t.Context(), tpl.ID); err != nil {
		t.Fatal(err)
	}
	_, err = edit(func(s *model.Sched) { s.Name = "x" })
	wantError(t, err, model.WrongState, "etplId: ")
	got, err = edit(func(s *model.Sched) { s.Status = model.SchedPaused })
	if err != nil || got.NextDue.Valid || got.Status != model.SchedPaused {
		t.Errorf("a pause though the template is deleted: got %+v, %v, want it paused", got, err)
	}
}

func TestService_StartRun(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, windowSQL, nil)
	sched, err := f.CreateSched(t.Context(), &model.Sched{Name: "s", TplID: tpl.ID, Cron: "0 6 * * *", OperatorID: 7, DeliverTo: deliverTo("share", "{due}/")}, model.Request{})
	must(t, err)
	c, err := task.SchedCalendar(sched, tasktest.Now.Location())
	must(t, err)
	next := c.Next(sched.NextDue.Time)
	id, err := f.StartRun(t.Context(), sched, c.Window(sched.NextDue.Time), model.Step{Next: next})
	if err != nil || id == 0 {
		t.Fatalf("got instance %d, %v", id, err)
	}
	in, err := f.DB.GetInst(t.Context(), id)
	must(t, err)
	want := []model.Param{{Name: "window_start", Value: "2026-02-28 06:00:00"}, {Name: "window_end", Value: "2026-03-01 06:00:00"}}
	if diff := cmp.Diff(want, in.Params.V); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if in.SchedID != sched.ID || !in.Due.Time.Equal(sched.NextDue.Time) || in.DeliverTo.V[0].Path != "2026-03-01/" {
		t.Errorf("got schedule %d, due %s, path %q", in.SchedID, in.Due.Time, in.DeliverTo.V[0].Path)
	}
	if _, err := f.StartRun(t.Context(), sched, c.Window(sched.NextDue.Time), model.Step{Next: next}); err == nil {
		t.Error("the same due time again: no error, want model.ErrMoved")
	}
}

// An operator may lose a destination after the schedule or the template was
// saved: each run checks again.
func TestService_StartRun_destination_lost(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, windowSQL, nil)
	sched, err := f.CreateSched(t.Context(), &model.Sched{Name: "s", TplID: tpl.ID, Cron: "0 6 * * *", OperatorID: 7, DeliverTo: deliverTo("share", "{due}/")}, model.Request{})
	must(t, err)
	c, err := task.SchedCalendar(sched, tasktest.Now.Location())
	must(t, err)
	step := model.Step{Next: c.Next(sched.NextDue.Time)}
	f.Deliveries.Lost.Store(7)
	_, err = f.StartRun(t.Context(), sched, c.Window(sched.NextDue.Time), step)
	wantError(t, err, model.Invalid, "deliverTo[0].destination: ")
	f.Deliveries.Lost.Store(8)
	id, err := f.StartRun(t.Context(), sched, c.Window(sched.NextDue.Time), step)
	must(t, err)
	in, err := f.DB.GetInst(t.Context(), id)
	must(t, err)
	if to := in.DeliverTo.V[0]; to.Operator == nil || *to.Operator != 7 {
		t.Errorf("the instance names operator %v, want the schedule's", to.Operator)
	}
}

func TestService_RunSched(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, windowSQL, nil)
	sched, err := f.CreateSched(t.Context(), &model.Sched{Name: "s", TplID: tpl.ID, Cron: "0 6 * * *"}, model.Request{})
	must(t, err)
	runSched := func(from, to sql.NullTime) ([]model.DueRun, error) {
		return f.RunSched(t.Context(), sched.ID, from, to, func(int32) (model.Request, error) { return model.Request{}, nil })
	}
	f.Source.Parses.Store(0)
	runs, err := runSched(at("2026-02-01T00:00:00+08:00"), at("2026-02-04T06:00:00+08:00"))
	if err != nil || len(runs) != 3 || runs[0].Existed {
		t.Fatalf("a backfill of three days: got %+v, %v", runs, err)
	}
	if n := f.Source.Parses.Load(); n != 1 {
		t.Errorf("the statement was parsed %d times, want once", n)
	}
	again, err := runSched(at("2026-02-01T00:00:00+08:00"), at("2026-02-05T06:00:00+08:00"))
	if err != nil || len(again) != 4 || !again[0].Existed || again[3].Existed {
		t.Errorf("the backfill again with one day more: got %+v, %v, want three that existed and a new one", again, err)
	}
	if runs, err := runSched(sql.NullTime{}, sql.NullTime{}); err != nil || len(runs) != 1 || !runs[0].Due.Equal(tasktest.Now) {
		t.Errorf("a run now: got %+v, %v", runs, err)
	}
	_, err = runSched(at("2026-02-01T07:00:00+08:00"), at("2026-02-01T08:00:00+08:00"))
	wantError(t, err, model.Invalid, "from, to: no due time")
	_, err = runSched(at("2025-02-01T07:00:00+08:00"), at("2026-02-01T08:00:00+08:00"))
	wantError(t, err, model.Invalid, "from, to: more than 100 due times")
	if _, err := f.DB.DeleteSched(t.Context(), sched.ID); err != nil {
		t.Fatal(err)
	}
	_, err = runSched(sql.NullTime{}, sql.NullTime{})
	wantError(t, err, model.WrongState, "eschedId: ")
}
