package xlsx

import (
	"fmt"
	"syscall"
	"testing"

	"exporttask/internal/format"
)

// counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// BenchmarkOrders writes 200,000 rows of 10 columns from memory.
func BenchmarkOrders(b *testing.B) {
	const rows = 200000
	batches := orders(1, rows, 128<<10)
	for _, small := range []bool{false, true} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("small=%t/workers=%d", small, workers), func(b *testing.B) {
				var size counter
				before := cpuTime(b)
				for b.Loop() {
					size = counter{}
					e, err := New(&size, orderColumns(), format.Options{Workers: workers, Small: small})
					if err != nil {
						b.Fatal(err)
					}
					for _, batch := range batches {
						if err := e.Encode(batch); err != nil {
							b.Fatal(err)
						}
					}
					if err := e.Close(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(size.n)/rows, "fileB/row")
				b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/rows, "cpu-ns/row")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}

// cpuTime is the CPU time of this process so far in nanoseconds: on a busy
// machine it says more than the clock.
func cpuTime(tb testing.TB) int64 {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkRows is the share of the XML alone.
func BenchmarkRows(b *testing.B) {
	batches := orders(1, 2000, 1<<30)
	w := newRowWriter(planColumns(orderColumns(), new(styles)), false)
	w.job = new(job)
	b.SetBytes(int64(len(batches[0].Data)))
	for b.Loop() {
		for i := 0; i < 2000; i += 400 {
			w.rows(batches[0], i, i+400, i+1)
			w.reset()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/row")
}
