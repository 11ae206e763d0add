package export

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"exporttask/internal/format/encoder"
	"exporttask/internal/memory"
	"exporttask/internal/model"
	"exporttask/internal/store"
	"exporttask/internal/task"
	"exporttask/internal/worker"
)

// Runner runs single attempts: it makes files and knows nothing of the queue.
type Runner struct {
	Sources Sources
	Store   store.Store
	// TempDir is a folder for temporary data that encoders cannot stream.
	TempDir string
	// Memory is shared by all attempts of the process; nil: no limit.
	Memory *memory.Budget
	// Program is what a Parquet file names as the program that made it: "exportd
	// version VERSION (build COMMIT)".
	Program string
}

// attemptMemory is the memory that an attempt begins with, in bytes: batches of rows,
// the encoder's buffers, and those of an upload to S3. An XLSX encoder with all its
// workers and an XLS encoder with a full string table have about 14 MiB. Long rows
// come on top. A Parquet encoder keeps a row group.
func attemptMemory(f model.Format) int64 {
	if f == model.FormatParquet {
		return 48 << 20
	}
	return 16 << 20
}

// made is the result of an attempt, and the store that has its files.
type made struct {
	result model.Result
	store  store.Store
}

// removeTimeout bounds the removal of files of an attempt that cannot finish.
const removeTimeout = 10 * time.Second

// remove removes the files.
func (m *made) remove(ctx context.Context, log *slog.Logger) {
	ctx, stop := context.WithTimeout(ctx, removeTimeout)
	defer stop()
	for _, f := range m.result.Files {
		if err := m.store.Delete(ctx, f.Key); err != nil {
			log.WarnContext(ctx, "remove an unwanted file", "error", err)
		}
	}
}

// run makes one attempt. If it returns no error, the file is complete, durable and
// published under a key of this claim alone.
func (r *Runner) run(ctx context.Context, in *model.Inst, progress *progress) (m made, err error) {
	defer worker.Recover(&err)
	progress.blocked.Store(true)
	share, err := r.Memory.Acquire(ctx, attemptMemory(in.OutputFormat))
	progress.blocked.Store(false)
	if err != nil {
		return made{}, err
	}
	defer share.Release()
	p, err := begin(ctx, r.Sources, in, r.TempDir, share, progress)
	if err != nil {
		return made{}, err
	}
	defer p.close()
	p.options.CreatedBy = r.Program
	name := p.fileName()
	key := folder(in) + "/" + name
	file, err := r.Store.Create(ctx, key)
	if err != nil {
		return made{}, err
	}
	defer file.Abort()
	out := &countingWriter{to: file, hash: sha256.New(), progress: progress}
	rendering, rendered := step(ctx, "render")
	summary, err := p.write(rendering, out)
	rendered(err, attribute.Int64("exportd.rows", summary.Rows))
	if err != nil {
		return made{}, err
	}
	_, published := step(ctx, "store.publish")
	progress.blocked.Store(true)
	err = file.Publish()
	progress.blocked.Store(false)
	published(err)
	if err != nil {
		return made{}, err
	}
	return made{store: r.Store, result: model.Result{
		Rows:     summary.Rows,
		Warnings: append(task.Warnings(summary.Warnings), task.NoteWarnings(p.notes())...),
		Files: []model.File{{
			Name: name, Key: key, ContentType: encoder.ContentType(p.format, p.options),
			Rows: summary.Rows, Bytes: out.n, SHA256: out.hash.Sum(nil),
		}},
	}}, nil
}

// countingWriter counts and hashes the bytes that it writes, and reports them as
// progress.
type countingWriter struct {
	to       io.Writer
	hash     hash.Hash
	n        int64
	progress *progress
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.hash.Write(p[:n])
	c.n += int64(n)
	c.progress.bytes.Store(c.n)
	c.progress.steps.Add(1)
	return n, err
}
