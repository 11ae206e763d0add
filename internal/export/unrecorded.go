package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/store"
)

// unrecorded is a result that could not be written to the database yet. It is
// kept in the store, beside the file that it describes, so that any process can
// record it when the worker is gone.
type unrecorded struct {
	Identity model.UID    `json:"identity"`
	Token    model.UID    `json:"token"`
	Result   model.Result `json:"result"`
}

// unrecordedKey is the key of the result of a claim.
func unrecordedKey(in *model.Inst) string { return folder(in) + "/unrecorded/result.json" }

const (
	// keepAfter is how long a worker waits for the database before it keeps a
	// result in the store.
	keepAfter = 2 * time.Second
	// keepTimeout bounds the calls of the store.
	keepTimeout = 10 * time.Second
)

// keeper keeps the result of one attempt in the store, at most once. Its methods
// may be called from several goroutines.
type keeper struct {
	log    *slog.Logger
	files  store.Store
	inst   *model.Inst
	result model.Result

	once   sync.Once
	stored bool // set by once
}

// keep writes the result into the store.
func (k *keeper) keep(ctx context.Context) {
	k.once.Do(func() {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
		defer stop()
		if err := k.write(ctx); err != nil {
			k.log.WarnContext(ctx, "keep a result in the store until the database takes it", "error", err)
			return
		}
		k.stored = true
		k.log.InfoContext(ctx, "the result is kept in the store until the database takes it")
	})
}

func (k *keeper) write(ctx context.Context) error {
	text, err := json.Marshal(unrecorded{Identity: k.inst.Identity, Token: k.inst.Token, Result: k.result})
	if err != nil {
		return err
	}
	w, err := k.files.Create(ctx, unrecordedKey(k.inst))
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(text); err != nil {
		return err
	}
	return w.Publish()
}

// forget removes what keep has written, after a call of keep that is under way.
func (k *keeper) forget(ctx context.Context) {
	k.once.Do(func() {})
	if k.stored {
		forget(ctx, k.log, k.files, k.inst)
	}
}

// forget removes the result of a claim from the store.
func forget(ctx context.Context, log *slog.Logger, files store.Store, in *model.Inst) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
	defer stop()
	if err := files.Delete(ctx, unrecordedKey(in)); err != nil {
		log.WarnContext(ctx, "remove a recorded result from the store: a sweep will", "error", err)
	}
}

// kept returns the result of a claim that keep has written, if its files exist.
// It returns store.ErrNotExist if there is none.
func kept(ctx context.Context, files store.Store, in *model.Inst) (r model.Result, err error) {
	f, err := files.Open(ctx, unrecordedKey(in))
	if err != nil {
		return r, err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return r, err
	}
	var u unrecorded
	if err := json.Unmarshal(text, &u); err != nil {
		return r, err
	}
	if u.Identity != in.Identity || u.Token != in.Token {
		return r, fmt.Errorf("the result is that of another claim: %w", store.ErrNotExist)
	}
	for _, want := range u.Result.Files {
		file, err := files.Open(ctx, want.Key)
		if err != nil {
			return r, err
		}
		size := file.Size()
		if err := file.Close(); err != nil {
			return r, err
		}
		if size != want.Bytes {
			return r, fmt.Errorf("a file of the result has %d bytes, want %d: %w", size, want.Bytes, store.ErrNotExist)
		}
	}
	return u.Result, nil
}

// adopt records the results that workers have left in the store for instances
// whose lease has expired.
func (p *Pool) adopt(ctx context.Context, expired []model.Inst) error {
	for i := range expired {
		in := &expired[i]
		if in.State != model.StateRunning {
			continue
		}
		log := p.log.With("inst_id", in.ID, "attempt", in.Attempt)
		result, err := kept(ctx, p.runner.Store, in)
		switch {
		case errors.Is(err, store.ErrNotExist):
			continue
		case err != nil: // the instance is exported again
			log.WarnContext(ctx, "read the result that a worker left in the store", "error", err)
			continue
		}
		err = p.queue.FinishAll(ctx, []model.Success{{Inst: in, Result: result}})[0]
		if err != nil && !errors.Is(err, model.ErrLeaseLost) && !errors.Is(err, model.ErrCanceling) {
			return fmt.Errorf("record a result that a worker left in the store: %w", err)
		}
		if err == nil {
			log.InfoContext(ctx, "recorded the result that a worker left in the store", "rows", result.Rows)
			forget(ctx, log, p.runner.Store, in)
		}
	}
	return nil
}
