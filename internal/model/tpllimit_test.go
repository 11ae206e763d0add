package model

import (
	"context"
	"sync"
	"testing"
)

// A template's own bound holds over all processes, and what waits behind it
// is not held up.
func TestDB_Claim_template_limit(t *testing.T) {
	t.Parallel()
	d := setup(t)
	limited, free := addTpl(t, d, "limited"), addTpl(t, d, "free")
	const limit = 3
	for range 20 {
		in := newInst(limited, 1)
		in.Limits.V.Running = limit
		if _, err := d.CreateInst(t.Context(), in, Request{}, manyWaiting); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		addInst(t, d, free, 1)
	}

	var mu sync.Mutex
	var wg sync.WaitGroup
	claimed := map[int32][]Inst{}
	for range 8 {
		wg.Go(func() {
			for range 4 {
				got, err := d.Claim(context.WithoutCancel(t.Context()), "worker", 4)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, in := range got {
					claimed[in.TplID] = append(claimed[in.TplID], in)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if n := len(claimed[limited.ID]); n != limit {
		t.Errorf("%d instances of the limited template run, want %d", n, limit)
	}
	if n := len(claimed[free.ID]); n != 5 {
		t.Errorf("%d instances of the other template run, want 5", n)
	}

	done := claimed[limited.ID][0]
	if err := d.Fail(t.Context(), &done, Failure{State: StateFailed, Code: "13"}); err != nil {
		t.Fatal(err)
	}
	got, err := d.Claim(t.Context(), "worker", 4)
	if err != nil || len(got) != 1 || got[0].TplID != limited.ID {
		t.Errorf("after one ended: claimed %d (%v), want one of the limited template", len(got), err)
	}
}
