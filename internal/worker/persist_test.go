package worker

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/model"
)

func TestPersist(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection lost")
	refused := &mysql.MySQLError{Number: 1406, Message: "Data too long"}
	for name, tc := range map[string]struct {
		answers []error // of the tries, in order
		want    error
	}{
		"written":                    {[]error{nil}, nil},
		"unknown_outcome_is_retried": {[]error{lost, lost, lost, lost, nil}, nil},
		"lease_lost":                 {[]error{lost, model.ErrLeaseLost}, model.ErrLeaseLost},
		"canceling":                  {[]error{model.ErrCanceling}, model.ErrCanceling},
		"refused_three_times":        {[]error{refused, lost, refused, refused}, refused},
		"refused_twice":              {[]error{refused, refused, nil}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // the item is being stopped: its end is written all the same
			tries := 0
			err := Persist(ctx, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
				if ctx.Err() != nil {
					t.Errorf("try %d has a context that has ended", tries)
				}
				tries++
				return tc.answers[tries-1]
			})
			if !errors.Is(err, tc.want) || tries != len(tc.answers) {
				t.Errorf("%v after %d tries, want %v after %d", err, tries, tc.want, len(tc.answers))
			}
		})
	}
}
