package task

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"exporttask/internal/model"
)

const (
	// watchInterval is the time between two reads of the watched instances.
	// Together with the worker's heartbeat it keeps rowsDone less than a second
	// old.
	watchInterval = 300 * time.Millisecond
	// watchStatements is the maximum number of statements a second with which a
	// Watcher reads instances. If that is not enough for the number of watched
	// instances, each is read less often.
	watchStatements = 15
	// progressBatch and loadBatch are the numbers of instances that one statement
	// reads: the progress of instances, and instances with their large values cut.
	progressBatch = 500
	loadBatch     = 16
	// watchTimeout is the timeout of one read. watchPatience is the time for which
	// reads may fail before the watches end with the error.
	watchTimeout  = 5 * time.Second
	watchPatience = 10 * time.Second
)

// WatchDB reads instances for a Watcher. *model.DB implements it.
type WatchDB interface {
	CutInsts(ctx context.Context, ids []int64) ([]model.Inst, error)
	Progress(ctx context.Context, ids []int64) ([]model.InstProgress, error)
}

// Watcher sends the states of instances to any number of watches. Their large values
// are cut, as in lists: see model.Inst.Cut. While there are
// watches, one goroutine reads all watched instances together, so that thousands
// of watches cost the database no more than a few do.
//
// T is the form in which watches get an instance. It is made once for each change
// and shared by all watches of the instance, which must not modify it. A Watcher
// is safe for concurrent use.
type Watcher[T any] struct {
	db     WatchDB
	render func(ctx context.Context, in *model.Inst) (T, error)
	limit  *rate.Limiter

	mu      sync.Mutex
	watched map[int64]*watchedInst[T]
	reading bool // the goroutine runs

	failing time.Time // of the first of the reads that failed since the last success; used by the goroutine only
}

// watchedInst is an instance that has watches.
type watchedInst[T any] struct {
	inst    *model.Inst
	state   WatchState[T]
	watches map[*Watch[T]]bool
}

// WatchState is the state of a watched instance. After a state with Ended or Err
// there are no others.
type WatchState[T any] struct {
	View  T
	Ended bool  // the instance has ended
	Err   error // the instance can no longer be read
}

// Watch receives the states of one instance. The caller must call Close.
type Watch[T any] struct {
	// States receives the state at the beginning, and each later state. A reader
	// that is slow misses states, but never the last one.
	States <-chan WatchState[T]

	states  chan WatchState[T]
	watcher *Watcher[T]
	id      int64
}

// NewWatcher returns a Watcher. render converts an instance and may read the
// database.
func NewWatcher[T any](db WatchDB, render func(ctx context.Context, in *model.Inst) (T, error)) *Watcher[T] {
	return &Watcher[T]{
		db: db, render: render, limit: rate.NewLimiter(watchStatements, 1), watched: map[int64]*watchedInst[T]{},
	}
}

// errNoInst is the error of an instance that does not exist.
func errNoInst(id int64) error {
	return model.Errorf(model.NotFound, "einstId: %d, no such instance", id)
}

// Watch begins to watch an instance. It returns an error for an instance that does not
// exist or cannot be read. Only the first watch of an instance reads the
// database.
func (w *Watcher[T]) Watch(ctx context.Context, id int64) (*Watch[T], error) {
	watch := &Watch[T]{states: make(chan WatchState[T], 1), watcher: w, id: id}
	watch.States = watch.states
	if w.join(watch) {
		return watch, nil
	}
	found, err := w.db.CutInsts(ctx, []int64{id})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errNoInst(id)
	}
	in := &found[0]
	view, err := w.render(ctx, in)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	state := WatchState[T]{View: view, Ended: in.State.Ended()}
	if state.Ended {
		watch.put(state)
		return watch, nil
	}
	v, ok := w.watched[id]
	if !ok {
		v = &watchedInst[T]{inst: in, state: state, watches: map[*Watch[T]]bool{}}
		w.watched[id] = v
	}
	v.watches[watch] = true
	watch.put(v.state) // which is newer if another watch has begun meanwhile
	if !w.reading {
		w.reading = true
		go w.read() // ends soon after the last watch
	}
	return watch, nil
}

// join adds a watch to an instance that has watches already.
func (w *Watcher[T]) join(watch *Watch[T]) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.watched[watch.id]
	if ok {
		v.watches[watch] = true
		watch.put(v.state)
	}
	return ok
}

// Close ends the watch.
func (watch *Watch[T]) Close() {
	w := watch.watcher
	w.mu.Lock()
	defer w.mu.Unlock()
	if v, ok := w.watched[watch.id]; ok && v.watches[watch] {
		if delete(v.watches, watch); len(v.watches) == 0 {
			delete(w.watched, watch.id)
		}
	}
}

// put replaces a state that was not received yet. The caller holds the mutex.
func (watch *Watch[T]) put(state WatchState[T]) {
	select {
	case <-watch.states:
	default:
	}
	watch.states <- state
}

// read reads the watched instances until there are none.
func (w *Watcher[T]) read() {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for range tick.C {
		ids := w.ids()
		if ids == nil {
			return
		}
		for batch := range slices.Chunk(ids, progressBatch) {
			w.readBatch(batch)
		}
	}
}

// ids returns the watched instances. If there are none, it returns nil and marks
// the goroutine as ended.
func (w *Watcher[T]) ids() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := slices.Sorted(maps.Keys(w.watched))
	w.reading = ids != nil
	return ids
}

// readBatch reads the progress of instances and publishes those that changed. A
// panic ends the watches of the batch, not the process.
func (w *Watcher[T]) readBatch(ids []int64) {
	defer func() {
		if p := recover(); p != nil {
			for _, id := range ids {
				w.publish(id, nil, WatchState[T]{Err: fmt.Errorf("watch instance %d: panic: %v", id, p)})
			}
		}
	}()
	ctx, stop := context.WithTimeout(context.Background(), watchTimeout)
	defer stop()
	w.wait(1)
	list, err := w.db.Progress(ctx, ids)
	if err != nil {
		w.failed(ids, err)
		return
	}
	w.failing = time.Time{}
	var load []int64
	found := make(map[int64]bool, len(list))
	for _, p := range list {
		found[p.ID] = true
		if w.needsLoad(ctx, p) {
			load = append(load, p.ID)
		}
	}
	for _, id := range ids {
		if !found[id] {
			w.publish(id, nil, WatchState[T]{Err: errNoInst(id)})
		}
	}
	for batch := range slices.Chunk(load, loadBatch) {
		w.load(batch)
	}
}

// needsLoad publishes the counters of an instance that changed in nothing else,
// and reports whether more of the instance has changed.
func (w *Watcher[T]) needsLoad(ctx context.Context, p model.InstProgress) bool {
	w.mu.Lock()
	v, ok := w.watched[p.ID]
	w.mu.Unlock()
	if !ok {
		return false
	}
	before := v.inst.Progress()
	if before.State != p.State || before.Attempt != p.Attempt || !before.RunAfter.Equal(p.RunAfter) {
		return true
	}
	if before.RowsDone == p.RowsDone && before.BytesDone == p.BytesDone {
		return false
	}
	in := *v.inst
	in.RowsDone, in.BytesDone = p.RowsDone, p.BytesDone
	view, err := w.render(ctx, &in)
	if err != nil {
		return true
	}
	w.publish(p.ID, &in, WatchState[T]{View: view})
	return false
}

// load reads instances and publishes them.
func (w *Watcher[T]) load(ids []int64) {
	ctx, stop := context.WithTimeout(context.Background(), watchTimeout)
	defer stop()
	w.wait(2)
	list, err := w.db.CutInsts(ctx, ids)
	if err != nil {
		w.failed(ids, err)
		return
	}
	for i := range list {
		in := &list[i]
		if in.State.Ended() && len(in.DeliverTo.V) > 0 {
			w.wait(1) // for the statement with which deliveries are read
		}
		view, err := w.render(ctx, in)
		if err != nil {
			w.failed([]int64{in.ID}, err)
			continue
		}
		w.publish(in.ID, in, WatchState[T]{View: view, Ended: in.State.Ended()})
	}
}

// publish sends a state of an instance to its watches. After the last state the
// instance is no longer watched.
func (w *Watcher[T]) publish(id int64, in *model.Inst, state WatchState[T]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.watched[id]
	if !ok {
		return
	}
	for watch := range v.watches {
		watch.put(state)
	}
	if state.Ended || state.Err != nil {
		delete(w.watched, id)
		return
	}
	v.inst, v.state = in, state
}

// failed ends the watches of instances if reads have failed for watchPatience.
func (w *Watcher[T]) failed(ids []int64, err error) {
	if w.failing.IsZero() {
		w.failing = time.Now()
	}
	if time.Since(w.failing) < watchPatience {
		return
	}
	for _, id := range ids {
		w.publish(id, nil, WatchState[T]{Err: err})
	}
}

// wait waits until n more statements are within the limit.
func (w *Watcher[T]) wait(n int) {
	for range n {
		_ = w.limit.Wait(context.Background()) // fails for a context that ends only
	}
}
