package exportdtest

import (
	"os"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"exporttask/api"
)

// Signal sends the process a signal, such as SIGSTOP.
func (r *Replica) Signal(tb testing.TB, sig os.Signal) {
	tb.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		tb.Fatal(err)
	}
}

// Exited returns a channel that receives the process's exit error once: nil after
// exit code 0.
func (r *Replica) Exited() <-chan error { return r.exited }

// Client is a client of the process, over plain text.
func (r *Replica) Client(tb testing.TB) api.ExportTaskClient {
	tb.Helper()
	conn, err := grpc.NewClient(r.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return api.NewExportTaskClient(conn)
}
