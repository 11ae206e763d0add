package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/types/known/emptypb"

	"exporttask/api"
)

const service = "/exporttask.ExportTask/"

// rpcAttacks are gRPC calls without a token.
func rpcAttacks() []attack {
	refused := func(n int, method string) func(context.Context, *attacker) error {
		return func(ctx context.Context, a *attacker) error {
			return flood(ctx, n, func(int) error {
				err := a.conn.Invoke(ctx, method, &emptypb.Empty{}, &emptypb.Empty{})
				return wantCode(nil, err, codes.Unauthenticated, codes.Unimplemented)
			})
		}
	}
	list := []attack{
		{"method names that are not UTF-8", "", refused(500, service+"\xff\xfe")},
		{"service names that are not UTF-8", "", refused(500, "/\xff\xfe/x")},
		{"method names of 8 KB", "", refused(2000, service+strings.Repeat("x", 8<<10))},
		{"calls without a token", "", refused(20_000, service+"GetInst")},
		{"20,000 method names", "", manyMethods},
		{"20,000 wrong tokens", "", wrongTokens},
		{"refused calls with deadlines of years", "", farDeadlines},
		{"large requests without a token", "", largeRefused},
		{"odd metadata", "", oddMetadata},
		{"10,000 health watches", "", healthWatches},
		{"5,000 health checks without a request", "", silentHealthChecks},
		{"20,000 health checks", "", healthChecks},
		{"reflection without a token", "", reflect},
		{"a guessed gateway address", "", forgedPeer},
	}
	for i := range list {
		list[i].target = "tokens"
	}
	return list
}

func manyMethods(ctx context.Context, a *attacker) error {
	err := flood(ctx, 20_000, func(i int) error {
		err := a.conn.Invoke(ctx, fmt.Sprintf("%sMethod%d", service, i), &emptypb.Empty{}, &emptypb.Empty{})
		return wantCode(nil, err, codes.Unauthenticated, codes.Unimplemented)
	})
	if err != nil {
		return err
	}
	metrics, err := a.do(ctx, "GET", "/metrics", nil, nil, 200)
	if err == nil && (len(metrics) > 200<<10 || strings.Contains(metrics, "Method1")) {
		return fmt.Errorf("/metrics has %d bytes, want no label of an attacker", len(metrics))
	}
	return err
}

func wrongTokens(ctx context.Context, a *attacker) error {
	return flood(ctx, 20_000, func(i int) error {
		ctx := metadata.AppendToOutgoingContext(ctx, "authorization", fmt.Sprintf("Bearer exportd_%043d", i))
		_, err := a.api.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: 1})
		return wantCode(nil, err, codes.Unauthenticated)
	})
}

// farDeadlines makes calls whose deadline is years away: a timer that is left
// behind by each would be there for ever.
func farDeadlines(ctx context.Context, a *attacker) error {
	return flood(ctx, 50_000, func(int) error {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 100_000*time.Hour)
		defer stop()
		_, err := a.api.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: 1})
		return wantCode(nil, err, codes.Unauthenticated)
	})
}

func largeRefused(ctx context.Context, a *attacker) error {
	req := &api.WshExportTaskCreateTplReq{EtplExpr: strings.Repeat("x", 30<<20)}
	return flood(ctx, 40, func(int) error {
		_, err := a.api.CreateTpl(ctx, req)
		return wantCode(nil, err, codes.Unauthenticated)
	})
}

func oddMetadata(ctx context.Context, a *attacker) error {
	return flood(ctx, 2000, func(i int) error {
		md := metadata.MD{"x-request-id": {strings.Repeat("y", 8<<10)}, "authorization": {"Bearer", "Bearer a", "Basic b"}, "x-a-bin": {"\xff\x00"}}
		for j := range 50 {
			md.Set(fmt.Sprintf("k%d-%d", i%7, j), "v")
		}
		_, err := a.api.GetInst(metadata.NewOutgoingContext(ctx, md), &api.WshExportTaskGetInstReq{})
		return wantCode(nil, err, codes.Unauthenticated)
	})
}

func healthWatches(ctx context.Context, a *attacker) error {
	opened, refused := 0, 0
	for range 40 {
		conn, err := a.dialGRPC()
		if err != nil {
			return err
		}
		a.keep(conn)
		for range 250 {
			stream, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{})
			if err == nil {
				_, err = stream.Recv()
			}
			switch {
			case err == nil:
				opened++
			case wantCode(nil, err, codes.ResourceExhausted) == nil:
				refused++
			default:
				return err
			}
		}
	}
	if opened > 200 || refused == 0 {
		return fmt.Errorf("%d watches are open and %d were refused, want at most 200 open", opened, refused)
	}
	return nil
}

func silentHealthChecks(ctx context.Context, a *attacker) error {
	for range 20 {
		conn, err := a.dialGRPC()
		if err != nil {
			return err
		}
		a.keep(conn)
		b := &attacker{site: a.site, conn: conn}
		for range 240 {
			if _, err := b.openSilently(ctx, healthpb.Health_Check_FullMethodName); err != nil {
				return err
			}
		}
	}
	return nil
}

func healthChecks(ctx context.Context, a *attacker) error {
	health := healthpb.NewHealthClient(a.conn)
	return flood(ctx, 20_000, func(int) error {
		_, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: "nothing"})
		return wantCode(nil, err, codes.NotFound, codes.ResourceExhausted)
	})
}

func reflect(ctx context.Context, a *attacker) error {
	return flood(ctx, 2000, func(int) error {
		stream, err := reflectionpb.NewServerReflectionClient(a.conn).ServerReflectionInfo(ctx)
		if err != nil {
			return err
		}
		_ = stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
		_, err = stream.Recv()
		return wantCode(nil, err, codes.Unauthenticated)
	})
}

// forgedPeer claims the addresses of others, as the gateway of the process does.
func forgedPeer(ctx context.Context, a *attacker) error {
	return flood(ctx, 5000, func(i int) error {
		ctx := metadata.AppendToOutgoingContext(ctx, fmt.Sprintf("x-exportd-peer-%d", i), "127.0.0.1:1", "x-forwarded-for", "127.0.0.1")
		_, err := a.api.ListTpl(ctx, &api.WshExportTaskListTplReq{})
		return wantCode(nil, err, codes.Unauthenticated)
	})
}

var errStillServed = errors.New("the attacker was served, want a refusal")
