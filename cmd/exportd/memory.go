package main

import (
	"context"
	"log/slog"

	"exporttask/internal/memory"
	"exporttask/internal/telemetry/metrics"
)

// budgets divide the memory of the process.
type budgets struct {
	limits memory.Limits
	work   *memory.Budget // of exports and deliveries
	calls  *memory.Budget // of previews, lists, large values and requests
}

// newBudgets returns the budgets for a memory-limit; 0 derives it. It also sets the
// garbage collector's limit.
func newBudgets(limit int64, log *slog.Logger) budgets {
	l := memory.Set(limit)
	log.Info("memory limits", "exports", l.Work, "calls", l.Calls, "process", l.Process, "from", l.From)
	return budgets{limits: l, work: memory.New("memory-limit", l.Work), calls: memory.New("memory for calls", l.Calls)}
}

// register adds the metrics of the budgets.
func (b *budgets) register(m *metrics.Metrics) {
	m.AddMemory("exports", b.work.Limit(), b.work.Used)
	m.AddMemory("calls", b.calls.Limit(), b.calls.Used)
}

// readMemory is the memory for each byte of a value that a call reads from the service's
// own database: as the driver has it, decoded, in the reply, and as the reply is encoded.
const readMemory = 6

func chargeRead(ctx context.Context, bytes int64) error { return memory.Charge(ctx, readMemory*bytes) }
