package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// watchEvery is the poll interval of a watcher.
const watchEvery = 20 * time.Millisecond

// lookTimeout bounds one poll: a server may be frozen.
const lookTimeout = 2 * time.Second

// watcher hashes each file when its instance first appears as finished.
type watcher struct {
	s     *site
	stop  context.CancelFunc
	done  sync.WaitGroup
	err   error
	seen  map[[2]int64]bool // by event and instance
	files map[int64]file    // by instance
	ended map[int64]int     // ends seen of each instance
	again map[int64]bool    // instances that ended again, with another file
}

// file is a file as the watcher first saw it.
type file struct {
	key     string
	path    string
	inode   uint64
	sum     [32]byte
	matches bool // its hash was the one in the database at that moment
}

func (s *site) watch(ctx context.Context) *watcher {
	ctx, stop := context.WithCancel(ctx)
	w := &watcher{s: s, stop: stop, seen: map[[2]int64]bool{}, files: map[int64]file{}, ended: map[int64]int{}, again: map[int64]bool{}}
	w.done.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			// Some faults stop the database: try again.
			w.err = w.look(context.WithoutCancel(ctx))
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return w
}

// look handles the ends that have become visible. Event ids are assigned before
// their transactions commit, so look reads some ids below the newest one again.
func (w *watcher) look(ctx context.Context) error {
	query := fmt.Sprintf(`SELECT e.eventId, e.einstId, e.state, COALESCE(f.storeKey, ''), COALESCE(f.sha256, '')
		FROM %[1]s.welife_export_event e LEFT JOIN %[1]s.welife_export_file f ON f.einstId = e.einstId
		WHERE e.state IN (5, 7, 8, 9) AND e.eventId > (SELECT COALESCE(MAX(eventId), 0) - 3000 FROM %[1]s.welife_export_event)`, w.s.name)
	ctx, stop := context.WithTimeout(ctx, lookTimeout)
	defer stop()
	rows, err := w.s.root().QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var event, inst int64
		var state int
		var key string
		var sum []byte
		if err := rows.Scan(&event, &inst, &state, &key, &sum); err != nil {
			return err
		}
		id := [2]int64{event, inst}
		if w.seen[id] {
			continue
		}
		w.seen[id] = true
		w.ended[inst]++
		switch {
		case state == 5 && w.ended[inst] == 1:
			w.hash(inst, key, sum)
		case w.files[inst].key != key:
			w.again[inst] = true
		}
	}
	return rows.Err()
}

func (w *watcher) hash(inst int64, key string, sum []byte) {
	f := file{key: key, path: filepath.Join(w.s.storeDir, filepath.FromSlash(key))}
	f.read()
	f.matches = string(f.sum[:]) == string(sum)
	w.files[inst] = f
}

func (f *file) read() {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return
	}
	if info, err := os.Stat(f.path); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			f.inode = st.Ino
		}
	}
	f.sum = sha256.Sum256(text)
}

// finish polls once more, stops, and returns the verdict.
func (w *watcher) finish(ctx context.Context) (verdict, error) {
	w.stop()
	w.done.Wait()
	if err := w.look(ctx); err != nil {
		return verdict{}, err
	}
	v := verdict{again: len(w.again)}
	for _, n := range w.ended {
		if n > 1 {
			v.twice++
		}
	}
	for inst, f := range w.files {
		want := w.s.want[inst]
		if !f.matches || f.sum != sha256.Sum256(reference(want[0], want[1])) {
			v.wrong++
		}
		now := file{key: f.key, path: f.path, matches: f.matches}
		now.read()
		if now != f {
			v.replaced++
		}
	}
	var err error
	v.succeeded, err = w.s.count(ctx, "welife_export_inst WHERE state = 5")
	if err != nil {
		return v, err
	}
	var counted, ended int
	query := fmt.Sprintf(`SELECT (SELECT SUM(etplExecTimes) FROM %[1]s.welife_export_tpl), (SELECT COUNT(*) FROM %[1]s.welife_export_inst WHERE status IN (2, 3))`, w.s.name)
	if err := w.s.root().QueryRowContext(ctx, query).Scan(&counted, &ended); err != nil {
		return v, err
	}
	v.miscounted = counted - ended
	return v, nil
}

// verdict counts how the instances of a site ended.
type verdict struct {
	succeeded  int
	twice      int // ended more than once
	again      int // ended more than once with different files
	wrong      int // files unlike their reference when first seen
	replaced   int // files that changed after they were first seen
	miscounted int // ends that the counters of the templates have too many
}
