package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"exporttask/internal/model"
	"exporttask/migrations"
)

// runs is how often each call is measured.
const runs = 31

// measurement measures calls on one database.
type measurement struct {
	db   *model.DB
	dsn  string
	rows int64 // waiting instances, and as many ended ones
	// tpl and operator are those that filters name. They have at least a page of
	// instances in both databases.
	tpl, operator int32

	names  []string                 // of the calls, in the order of measurement
	median map[string]time.Duration // of the fastest round
}

// call measures one call. before, if not nil, runs untimed before each.
func (m *measurement) call(ctx context.Context, name string, before func() error, do func() error) error {
	var took []time.Duration
	for range runs {
		if before != nil {
			if err := before(); err != nil {
				return fmt.Errorf("before %s: %w", name, err)
			}
		}
		began := time.Now()
		if err := do(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	median, measured := m.median[name]
	if !measured {
		m.names = append(m.names, name)
		median = took[len(took)/2]
	}
	m.median[name] = min(median, took[len(took)/2])
	return ctx.Err()
}

func (m *measurement) all(ctx context.Context) error {
	for _, part := range []func(context.Context) error{m.start, m.queue, m.lists, m.listsOfOthers, m.background} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) start(ctx context.Context) error {
	return m.call(ctx, "start: connect and check the schema", nil, func() error {
		db, err := model.Open(ctx, m.dsn)
		if err != nil {
			return err
		}
		defer db.Close()
		return migrations.Check(ctx, db.SQL())
	})
}

// Operators without instances of their own.
const (
	newcomer = operators + 1  // the first of some that get instances
	nobody   = operators + 99 // never gets one
)

func (m *measurement) create(ctx context.Context, operator int32) (*model.Inst, error) {
	return m.db.CreateInst(ctx, model.Inst{
		TplID: 1, TplName: "report", TplVersion: 1, Source: "default", Expr: "SELECT 1 AS n", OutputFormat: model.FormatCSV,
		OperatorID: operator, TimeoutSec: 60, RetentionSec: 3600, MaxAttempts: 3,
	}, model.Request{}, 100_000)
}

func (m *measurement) queue(ctx context.Context) error {
	const slots = 4
	var last *model.Inst
	var claimed []model.Inst
	release := func() error {
		for i := range claimed {
			if err := m.db.Release(ctx, &claimed[i]); err != nil {
				return err
			}
		}
		claimed = nil
		return nil
	}
	var waiting []*model.Inst
	for i := range slots {
		in, err := m.create(ctx, newcomer+int32(i))
		if err != nil {
			return err
		}
		waiting = append(waiting, in)
	}
	return first(
		m.call(ctx, "CreateInst", nil, func() (err error) { last, err = m.create(ctx, m.operator); return err }),
		m.call(ctx, "GetInst", nil, func() error { _, err := m.db.GetInst(ctx, waiting[0].ID); return err }),
		m.call(ctx, "Claim of 4", release, func() (err error) {
			claimed, err = m.db.Claim(ctx, "bench", slots)
			if err == nil && len(claimed) != slots {
				err = fmt.Errorf("claimed %d", len(claimed))
			}
			return err
		}),
		m.call(ctx, "Heartbeat and ListClaims", nil, func() error {
			var progress []model.Progress
			for i := range claimed {
				progress = append(progress, model.Progress{Claim: claimed[i].Claim()})
			}
			if err := m.db.Heartbeat(ctx, progress); err != nil {
				return err
			}
			_, err := m.db.ListClaims(ctx, "bench")
			return err
		}),
		m.call(ctx, "Finish", func() error {
			if len(claimed) > 0 {
				return nil
			}
			for i := range slots {
				if _, err := m.create(ctx, newcomer+int32(i)); err != nil {
					return err
				}
			}
			var err error
			claimed, err = m.db.Claim(ctx, "bench", slots)
			return err
		}, func() error {
			in := claimed[0]
			claimed = claimed[1:]
			return m.db.Finish(ctx, &in, model.Result{Rows: 1})
		}),
		release(),
		m.call(ctx, "Cancel", func() (err error) { last, err = m.create(ctx, m.operator); return err },
			func() error { _, err := m.db.Cancel(ctx, last.ID, m.operator, "bench"); return err }),
		m.call(ctx, "GetQueue", nil, func() error { _, _, err := m.db.QueueLoad(ctx, 0, 100); return err }),
		m.call(ctx, "GetQueue of an operator", nil, func() error { _, _, err := m.db.QueueLoad(ctx, m.operator, 100); return err }),
	)
}

// lists measures the first and the hundredth page of 50 of ListInst with every
// combination of filters.
func (m *measurement) lists(ctx context.Context) error {
	const page = 50
	for _, tpl := range []int32{0, m.tpl} {
		for _, operator := range []int32{0, m.operator, nobody} {
			for _, states := range [][]model.State{
				nil, {model.StateFailed}, {model.StateTimedOut}, {model.StateSucceeded, model.StateExpired},
			} {
				for _, at := range []int64{0, 100} {
					f := model.InstFilter{TplID: tpl, OperatorID: operator, States: states, Limit: page + 1}
					label := fmt.Sprintf("ListInst tpl=%t operator=%t unknown=%t %v", tpl != 0, operator != 0, operator == nobody, states)
					if at > 0 {
						label += ", page 100"
						f.Before = max(2*page, 2*m.rows-at*page)
					}
					err := m.call(ctx, label, nil, func() error { _, _, err := m.db.ListInst(ctx, f); return err })
					if err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (m *measurement) listsOfOthers(ctx context.Context) error {
	const limit = 51
	list := func(name string, do func() error) error { return m.call(ctx, name, nil, do) }
	deliveries := map[string]model.DeliveryFilter{
		"": {}, " by state FAILED": {States: []model.DeliveryState{model.DeliveryFailed}}, " by operator": {OperatorID: m.operator},
		" by operator and state": {OperatorID: m.operator, States: []model.DeliveryState{model.DeliveryWaiting, model.DeliveryRetryWait}},
		" by instance":           {InstID: 2},
	}
	for _, name := range slices.Sorted(maps.Keys(deliveries)) {
		f := deliveries[name]
		f.Limit = limit
		if err := list("ListDelivery"+name, func() error { _, err := m.db.ListDelivery(ctx, f); return err }); err != nil {
			return err
		}
	}
	tpls := map[string]model.TplFilter{
		"": {}, " by tag": {Tag: "tag1"}, " by operator": {OperatorID: m.operator}, " of an unknown operator": {OperatorID: nobody},
		" by a frequent name": {NamePart: "report"}, " by a name that none has": {NamePart: "no such name"},
	}
	for _, name := range slices.Sorted(maps.Keys(tpls)) {
		f := tpls[name]
		f.Limit = limit
		if err := list("ListTpl"+name, func() error { _, err := m.db.ListTpl(ctx, f); return err }); err != nil {
			return err
		}
	}
	scheds := map[string]model.SchedFilter{
		"": {}, " by template": {TplID: m.tpl}, " by operator": {OperatorID: m.operator}, " of an unknown operator": {OperatorID: nobody},
	}
	for _, name := range slices.Sorted(maps.Keys(scheds)) {
		f := scheds[name]
		f.Limit = limit
		if err := list("ListSched"+name, func() error { _, err := m.db.ListSched(ctx, f); return err }); err != nil {
			return err
		}
	}
	return list("ListEvents", func() error { _, err := m.db.ListEvents(ctx, m.rows, 0, 100); return err })
}

func (m *measurement) background(ctx context.Context) error {
	ids := make([]int64, 500)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	return first(
		m.call(ctx, "Rescue", nil, func() error { _, err := m.db.Rescue(ctx); return err }),
		m.call(ctx, "Expire", nil, func() error { _, _, err := m.db.Expire(ctx); return err }),
		m.call(ctx, "sweep of 500 instances", nil, func() error { _, err := m.db.SweepStates(ctx, ids); return err }),
		m.call(ctx, "DueScheds", nil, func() error { _, _, err := m.db.DueScheds(ctx, 0, 100); return err }),
		m.call(ctx, "ClaimDeliveries", nil, func() error {
			_, err := m.db.ClaimDeliveries(ctx, "bench", map[string]int{"s3": 4}, time.Minute)
			return err
		}),
		m.call(ctx, "scrape", nil, func() error {
			if err := m.db.Ping(ctx); err != nil {
				return err
			}
			if _, _, err := m.db.QueueLoad(ctx, 0, 50); err != nil {
				return err
			}
			if _, err := m.db.SchedLag(ctx); err != nil {
				return err
			}
			_, err := m.db.DeliveryLoad(ctx, []string{"s3", "mail"})
			return err
		}),
	)
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
