package files

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// pollEvery is the interval at which watched files are read. They are small, and
// modification times would miss a change within one tick of the clock.
const pollEvery = 3 * time.Second

// Watched holds a value that was parsed from some files, and parses them again
// when their content changes. If the new content is wrong, the old value stays.
type Watched[T any] struct {
	what    string
	paths   []string
	parse   func(texts [][]byte) (T, error)
	log     *slog.Logger
	every   time.Duration
	current atomic.Pointer[T]

	mu    sync.Mutex        // guards what follows: one reload at a time
	tried [sha256.Size]byte // fingerprint of the content that was parsed last
	err   error             // of that content
}

// Watch reads and parses files; what names them in the log. parse gets nil for an
// empty path. Errors of parse are logged, so they must not hold text of the
// files, which may be secret. The error is that of reading or parsing.
func Watch[T any](what string, paths []string, parse func(texts [][]byte) (T, error), log *slog.Logger) (*Watched[T], error) {
	f := &Watched[T]{what: what, paths: paths, parse: parse, log: log, every: pollEvery}
	if _, err := f.reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Get returns the value of the last content that was parsed without an error.
func (f *Watched[T]) Get() T { return *f.current.Load() }

// Reload reads the files now, as on a SIGHUP. After an error the old value stays.
func (f *Watched[T]) Reload() error {
	_, err := f.reload()
	return err
}

// Run reads the files every few seconds until ctx ends. Content that is wrong is
// logged once.
func (f *Watched[T]) Run(ctx context.Context) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if changed, err := f.reload(); changed && err != nil {
			f.log.ErrorContext(ctx, f.what+": the new content is wrong, the old content stays in use", "error", err)
		}
	}
}

// reload reads the files and reports whether they changed since the last reload.
func (f *Watched[T]) reload() (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	texts, err := f.read()
	sum := fingerprint(texts, err)
	if sum == f.tried {
		return false, f.err
	}
	f.tried = sum
	if err == nil {
		err = f.set(texts)
	}
	f.err = err
	return true, err
}

func (f *Watched[T]) set(texts [][]byte) error {
	made, err := f.parse(texts)
	if err != nil {
		return err
	}
	if f.current.Swap(&made) != nil {
		f.log.Info(f.what + ": the new content is in use")
	}
	return nil
}

func (f *Watched[T]) read() ([][]byte, error) {
	texts := make([][]byte, len(f.paths))
	for i, path := range f.paths {
		if path == "" {
			continue
		}
		text, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	return texts, nil
}

// fingerprint is the same for the same contents, and for the same error of reading
// them.
func fingerprint(texts [][]byte, err error) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%v\n", err)
	for _, text := range texts {
		fmt.Fprintf(h, "%d\n", len(text))
		h.Write(text)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
