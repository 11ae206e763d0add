package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"exporttask/api"
)

// maxWatchStatements is what 2,000 watches may add to the statements a second.
const maxWatchStatements = 20

// manyWatches opens 2,000 watches and compares the statements a second with those
// before.
func manyWatches(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT id, linger(id, 100) AS p FROM items LIMIT 600", nil)
	if err != nil {
		return err
	}
	id, err := a.instance(ctx, tpl)
	if err != nil {
		return err
	}
	defer func() {
		_, _ = a.api.CancelInst(a.site.as(context.WithoutCancel(ctx), "mallory"), &api.WshExportTaskCancelInstReq{EinstId: id})
	}()
	before, err := a.statements(ctx)
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	for range 10 {
		conn, err := a.dialGRPC()
		if err != nil {
			return err
		}
		a.keep(conn)
		client := api.NewExportTaskClient(conn)
		err = flood(ctx, 200, func(int) error {
			stream, err := client.WatchInst(a.site.as(watching, "mallory"), &api.WshExportTaskWatchInstReq{EinstId: id})
			if err != nil {
				return err
			}
			res, err := stream.Recv()
			if err := answered(res, err); err != nil {
				return err
			}
			go func() {
				for err == nil {
					_, err = stream.Recv()
				}
			}()
			return nil
		})
		if err != nil {
			return err
		}
	}
	with, err := a.statements(ctx)
	if err != nil {
		return err
	}
	if more := with - before; more > maxWatchStatements {
		return fmt.Errorf("2,000 watches add %.0f statements a second, want at most %d", more, maxWatchStatements)
	}
	return nil
}

// statements measures the statements of the site's account for five seconds.
func (a *attacker) statements(ctx context.Context) (perSecond float64, err error) {
	count := func() (n float64, err error) {
		err = a.site.world.db.QueryRowContext(ctx, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'COM_STMT_EXECUTE'").Scan(&n)
		return n, err
	}
	before, err := count()
	if err != nil {
		return 0, err
	}
	const during = 5 * time.Second
	select {
	case <-time.After(during):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	after, err := count()
	return (after - before) / during.Seconds(), err
}

func httpWatches(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT id, linger(id, 100) AS p FROM items LIMIT 300", nil)
	if err != nil {
		return err
	}
	id, err := a.instance(ctx, tpl)
	if err != nil {
		return err
	}
	defer func() {
		_, _ = a.api.CancelInst(a.site.as(context.WithoutCancel(ctx), "mallory"), &api.WshExportTaskCancelInstReq{EinstId: id})
	}()
	client := &http.Client{Transport: &http.Transport{DialContext: dialer().DialContext}}
	defer client.CloseIdleConnections()
	return flood(ctx, 400, func(int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/v1/inst/%d/watch", a.site.httpAddr, id), http.NoBody)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+a.site.token["mallory"])
		res, err := client.Do(req) //nolint:bodyclose // closed when the attack has ended
		if err != nil {
			return err
		}
		a.keep(res.Body)
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("got %d, want 200", res.StatusCode)
		}
		return nil
	})
}
