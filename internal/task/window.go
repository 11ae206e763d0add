package task

import (
	"time"

	"exporttask/internal/calendar"
	"exporttask/internal/model"
	"exporttask/internal/sqlcheck"
)

// RunWindow is the time that an instance is created for. It decides the values
// of the built-in parameters and the dates in file names.
type RunWindow struct {
	// Now is the instant that :now, :today and the like are computed from, on
	// the calendar of its location. For a scheduled run it is the due time.
	Now time.Time
	// Window is the window of a scheduled run. It is zero for every other
	// instance; such an instance has no :due, :window_start and :window_end.
	Window calendar.Window
	// OperatorID is the operator of the instance, the value of :operator.
	OperatorID int32
	// Claims are the claims of the token that the instance is created for, as
	// parameters. An instance of a schedule has those of the schedule.
	Claims []model.Param
}

// scheduled returns the RunWindow of a schedule's run.
func scheduled(w calendar.Window, sched *model.Sched) RunWindow {
	return RunWindow{Now: w.Due, Window: w, OperatorID: sched.OperatorID, Claims: sched.Claims.V}
}

// in returns the window with its times in a zone, in which parameters are written.
func (r RunWindow) in(zone *time.Location) RunWindow {
	r.Now = r.Now.In(zone)
	return r
}

// builtins returns the values of the parameters that the service fills in.
func (r RunWindow) builtins() []sqlcheck.Param {
	zone := r.Now.Location()
	all := append(sqlcheck.Builtins(r.Now, zone), sqlcheck.OperatorBuiltin(r.OperatorID))
	all = append(all, checkParams(r.Claims)...)
	if r.Window.Due.IsZero() {
		return all
	}
	return append(all, sqlcheck.WindowBuiltins(r.Window.Due, r.Window.Start, r.Window.End, zone)...)
}
