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

// pollEvery is the time between two looks at files that may have changed.
// They are small, so that reading them is cheaper than being clever about
// modification times, which miss changes within one tick of the clock.
const pollEvery = 3 * time.Second

// Watched holds what was made from some files, and makes it anew when their
// content changes. A new content that is wrong leaves the old thing in place.
type Watched[T any] struct {
	what    string
	paths   []string
	parse   func(texts [][]byte) (T, error)
	log     *slog.Logger
	every   time.Duration
	current atomic.Pointer[T]

	mu    sync.Mutex // guards what follows: one reload at a time
	tried [sha256.Size]byte
	err   error // of the content tried last
}

// Watch reads files and parses them; what names them in the log. An empty
// path stands for a file that is not used: parse gets nil for it. The text of
// the files is never logged, so parse's errors must not hold any of it either.
func Watch[T any](what string, paths []string, parse func(texts [][]byte) (T, error), log *slog.Logger) (*Watched[T], error) {
	f := &Watched[T]{what: what, paths: paths, parse: parse, log: log, every: pollEvery}
	if _, err := f.reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Get returns what the files said when they were last in order.
func (f *Watched[T]) Get() T { return *f.current.Load() }

// Reload reads the files now, as on a SIGHUP. The error tells why the old
// content goes on being used.
func (f *Watched[T]) Reload() error {
	_, err := f.reload()
	return err
}

// Run looks for changes every few seconds until ctx ends. A content that is
// wrong is logged once.
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
			f.log.ErrorContext(ctx, f.what+": the new content is wrong, the old one is used on", "error", err)
		}
	}
}

// reload tells whether the files changed since the last look.
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
		err = f.take(texts)
	}
	f.err = err
	return true, err
}

func (f *Watched[T]) take(texts [][]byte) error {
	made, err := f.parse(texts)
	if err != nil {
		return err
	}
	if f.current.Swap(&made) != nil {
		f.log.Info(f.what + ": the new content is used from now on")
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

// fingerprint is equal for equal contents, and for equal failures to read.
func fingerprint(texts [][]byte, err error) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%v\n", err)
	for _, text := range texts {
		fmt.Fprintf(h, "%d\n", len(text))
		h.Write(text)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
