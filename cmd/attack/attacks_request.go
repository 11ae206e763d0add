package main

import (
	"bytes"
	"context"
	"strings"

	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
)

// manyElements sends lists whose elements take far more memory than their bytes.
func manyElements(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	desc := (&api.WshExportTaskListInstReq{}).ProtoReflect().Descriptor()
	states := desc.Fields().ByName("states").Number()
	packed := protowire.AppendBytes(protowire.AppendTag(nil, states, protowire.BytesType), bytes.Repeat([]byte{1}, 3<<20))
	params := (&api.WshExportTaskCreateInstReq{}).ProtoReflect().Descriptor().Fields().ByName("params").Number()
	empty := bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, params, protowire.BytesType), nil), 1<<20)
	return flood(ctx, 60, func(i int) error {
		if i%2 == 0 {
			req := &api.WshExportTaskListInstReq{}
			req.ProtoReflect().SetUnknown(packed)
			res, err := a.api.ListInst(ctx, req)
			return wantCode(res, err, codes.InvalidArgument, codes.ResourceExhausted)
		}
		req := &api.WshExportTaskCreateInstReq{}
		req.ProtoReflect().SetUnknown(empty)
		res, err := a.api.CreateInst(ctx, req)
		return wantCode(res, err, codes.InvalidArgument, codes.ResourceExhausted)
	})
}

func manyJSONElements(ctx context.Context, a *attacker) error {
	bodies := []string{
		repeat(`{"params":[`, `{}`, `]}`, 300_000), repeat(`{`, `"a":1`, `}`, 150_000), strings.Repeat(`{"a":`, 100_000), repeat(`{"params":[{"values":[`, `""`, `]}]}`, 300_000),
	}
	return flood(ctx, 80, func(i int) error {
		_, err := a.do(ctx, "POST", "/v1/inst", strings.NewReader(bodies[i%len(bodies)]), a.bearer(), 400, 413)
		return err
	})
}

func malformed(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	bodies := [][]byte{
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x0a, 0xff, 0xff, 0xff, 0x7f}, bytes.Repeat([]byte{0x0b}, 10_000), {0x00}, bytes.Repeat([]byte{0x2a, 2, 0xff, 0xfe}, 100),
	}
	return flood(ctx, 2000, func(i int) error {
		req := &api.WshExportTaskCreateTplReq{}
		req.ProtoReflect().SetUnknown(bodies[i%len(bodies)])
		if _, err := proto.Marshal(req); err != nil {
			return nil //nolint:nilerr // cannot be sent
		}
		res, err := a.api.CreateTpl(ctx, req)
		return wantCode(res, err, codes.InvalidArgument, codes.ResourceExhausted)
	})
}

func pageTokens(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	return flood(ctx, 2000, func(i int) error {
		token := []string{"x", strings.Repeat("A", 100_000), "\x00", "' OR 1=1 --", "9223372036854775808"}[i%5]
		res, err := a.api.ListInst(ctx, &api.WshExportTaskListInstReq{PageToken: token, PageSize: 500})
		return wantCode(res, err, codes.InvalidArgument, codes.ResourceExhausted)
	})
}

func silentStreams(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	for i := range 20 {
		conn, err := a.dialGRPC()
		if err != nil {
			return err
		}
		a.keep(conn)
		b := &attacker{site: a.site, conn: conn}
		for range 200 {
			if _, err := b.openSilently(ctx, service+[]string{"WatchInst", "DownloadInst", "GetInst"}[i%3]); err != nil {
				return err
			}
		}
	}
	return nil
}

// endlessRequests sends all of 250 requests of 8 MB but their last bytes, on each of
// eight connections: 16 GB if the server kept them.
func endlessRequests(ctx context.Context, a *attacker) error {
	return a.unended(ctx, 8, 250, func(r *rawHTTP2, stream uint32) error {
		for range (8 << 20) / (16 << 10) {
			if err := r.WriteData(stream, false, make([]byte, 16<<10)); err != nil {
				return err
			}
		}
		return nil
	})
}

// tinyFrames sends requests of 8 MB in frames of one byte, each of which takes some
// 60 bytes of the server's memory until the request is complete.
func tinyFrames(ctx context.Context, a *attacker) error {
	return a.unended(ctx, 8, 4, func(r *rawHTTP2, stream uint32) error {
		for range 200_000 {
			if err := r.WriteData(stream, false, []byte{1}); err != nil {
				return err
			}
		}
		return nil
	})
}

// unended begins calls whose requests announce 8 MB, and sends data with send. The
// server may end the calls and the connections at any time.
func (a *attacker) unended(ctx context.Context, conns, calls int, send func(r *rawHTTP2, stream uint32) error) error {
	return flood(ctx, conns, func(int) error {
		r, err := a.rawHTTP2(ctx)
		if err != nil {
			return nil //nolint:nilerr // refused
		}
		// Frames are sent without a look at the server's windows, which are as large as a
		// request that the server waits for.
		for i := 0; i < calls && err == nil && ctx.Err() == nil; i++ {
			stream := uint32(2*i + 1)
			if err = r.headers(stream, service+"CreateTpl", hpack.HeaderField{Name: "authorization", Value: "Bearer " + a.site.token["mallory"]}); err == nil {
				err = r.WriteData(stream, false, []byte{0, 0, 0x7f, 0xff, 0xff})
			}
			if err == nil {
				err = send(r, stream)
			}
		}
		return nil //nolint:nilerr // the server closed the connection
	})
}
