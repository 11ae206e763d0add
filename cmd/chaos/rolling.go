package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/resolver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"exporttask/api"
)

// clientConfig is the service config of a gRPC client that uses all replicas in
// turn and retries calls that a replica rejected as UNAVAILABLE.
const clientConfig = `{
	"loadBalancingConfig": [{"round_robin": {}}],
	"methodConfig": [{"name": [{"service": "exporttask.ExportTask"}], "retryPolicy": {
		"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
		"retryableStatusCodes": ["UNAVAILABLE"]}}]}`

// rollingRestarts restarts replicas one by one while a client that resolves them
// through etcd makes a hundred calls a second.
func rollingRestarts(ctx context.Context, w *world, r *report) (err error) {
	n := pick(w, 20, 3)
	s, err := w.newSite(ctx, "exportd", 0, 30*time.Second)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	service := "exporttask-" + s.name
	s.args = append(s.args, "-etcd-endpoints="+w.etcd.Endpoint(), "-etcd-service="+service)
	for range 3 {
		rep, err := s.start(ctx)
		if err != nil {
			return err
		}
		s.replicas = append(s.replicas, rep)
	}
	etcd, err := clientv3.New(clientv3.Config{Endpoints: []string{w.etcd.Endpoint()}, DialTimeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer etcd.Close()
	if err := until(ctx, 20*time.Second, "three replicas in etcd", func() (bool, error) {
		res, err := etcd.Get(ctx, service+"/", clientv3.WithPrefix(), clientv3.WithCountOnly())
		return err == nil && res.Count == 3, err
	}); err != nil {
		return err
	}
	builder, err := resolver.NewBuilder(etcd)
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient("etcd:///"+service, grpc.WithResolvers(builder),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(clientConfig))
	if err != nil {
		return err
	}
	defer conn.Close()
	load := startLoad(ctx, api.NewExportTaskClient(conn), s.tpl)
	for i := range n {
		old := i % len(s.replicas)
		rep, err := s.start(ctx)
		if err != nil {
			return err
		}
		if err := s.replicas[old].stop(); err != nil {
			return err
		}
		s.replicas[old] = rep
	}
	calls, made, errs := load.finish()
	if err := s.untilEnded(ctx, made, time.Minute); err != nil {
		return err
	}
	wasted, err := s.count(ctx, "welife_export_inst WHERE crashes > 0 OR attempt > 1 OR state <> 5")
	if err != nil {
		return err
	}
	r.note("rolling: %d restarts, %d calls, %d instances", n, calls, made)
	if len(errs) > 0 {
		r.note("rolling: the first failure: %v", errs[0])
	}
	r.exactly("rolling: failed calls", len(errs), 0)
	r.exactly("rolling: instances that spent an attempt more, or did not succeed", wasted, 0)
	return nil
}

// load is a client that makes a hundred calls a second.
type load struct {
	stop  context.CancelFunc
	done  sync.WaitGroup
	mu    sync.Mutex
	calls int
	made  int
	errs  []error
}

func startLoad(ctx context.Context, client api.ExportTaskClient, tpl int32) *load {
	running, stop := context.WithCancel(ctx)
	l := &load{stop: stop}
	l.done.Go(func() {
		var calls sync.WaitGroup
		defer calls.Wait()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
				calls.Go(func() { l.call(ctx, client, tpl, i) })
			case <-running.Done():
				return
			}
		}
	})
	return l
}

func (l *load) call(ctx context.Context, client api.ExportTaskClient, tpl int32, i int) {
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	var err error
	if i%10 == 0 {
		params := []*api.WshExportParam{{Name: "from", Value: "1"}, {Name: "to", Value: "50"}, {Name: "ms", Value: "2"}}
		res, callErr := client.CreateInst(ctx, &api.WshExportTaskCreateInstReq{
			EtplId: tpl, OperatorId: 1, Params: params, RequestId: fmt.Sprintf("call-%d", i),
		})
		err = answered(res, callErr)
		l.count(err == nil, err)
		return
	}
	res, err := client.ListInst(ctx, &api.WshExportTaskListInstReq{PageSize: 5})
	l.count(false, answered(res, err))
}

func (l *load) count(made bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if made {
		l.made++
	}
	if err != nil {
		l.errs = append(l.errs, err)
	}
}

func (l *load) finish() (calls, made int, errs []error) {
	l.stop()
	l.done.Wait()
	return l.calls, l.made, l.errs
}
