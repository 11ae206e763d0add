package main

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"

	"exporttask/api"
)

// openAttacks are calls to a service without tokens: from a web page in a browser
// on the same machine, or from a program there.
func openAttacks() []attack {
	refused := func(method, path, body string, header map[string]string, want ...int) func(context.Context, *attacker) error {
		return func(ctx context.Context, a *attacker) error {
			path := strings.ReplaceAll(path, "ID", fmt.Sprint(a.site.inst))
			return flood(ctx, 500, func(int) error {
				_, err := a.do(ctx, method, path, strings.NewReader(body), header, want...)
				return err
			})
		}
	}
	const form = "application/x-www-form-urlencoded"
	list := []attack{
		{"page: a rebound name reads", "", refused("GET", "/v1/inst/ID", "", map[string]string{"Host": "evil.test"}, 403)},
		{"page: a rebound name cancels", "", refused("POST", "/v1/inst/ID:cancel", "{}", map[string]string{"Host": "evil.test:50052", "Content-Type": "application/json"}, 403)},
		{"page: a form cancels", "", refused("POST", "/v1/inst/ID:cancel", "", map[string]string{"Content-Type": form, "Origin": "https://evil.test"}, 403, 415)},
		{"page: a form without an origin cancels", "", refused("POST", "/v1/inst/ID:cancel", "a=b", map[string]string{"Content-Type": form}, 415)},
		{"page: a request without a body cancels", "", refused("POST", "/v1/inst/ID:cancel", "", nil, 415)},
		{"page: text/plain cancels", "", refused("POST", "/v1/inst/ID:cancel", "{}", map[string]string{"Content-Type": "text/plain"}, 415)},
		{"page: another origin cancels", "", refused("POST", "/v1/inst/ID:cancel", "{}", map[string]string{"Content-Type": "application/json", "Origin": "http://localhost:1"}, 403)},
		{"open: 1,000 posts whose bodies never come", "", slowPosts(200)},
		{"open: bodies with 5 million elements", "", func(ctx context.Context, a *attacker) error {
			body := repeat(`{"params":[`, `{}`, `]}`, 5_000_000)
			return flood(ctx, 20, func(int) error {
				_, err := a.do(ctx, "POST", "/v1/inst", strings.NewReader(body), jsonHeader, 413)
				return err
			})
		}},
		{"open: bodies of 1 MB", "", func(ctx context.Context, a *attacker) error {
			body := `{"etplName":"` + strings.Repeat("x", 1<<20-100) + `"}`
			return flood(ctx, 300, func(int) error {
				_, err := a.do(ctx, "POST", "/v1/tpl", strings.NewReader(body), jsonHeader, 400)
				return err
			})
		}},
		{"open: requests of 4 MB", "", func(ctx context.Context, a *attacker) error {
			req := &api.WshExportTaskCreateTplReq{EtplName: strings.Repeat("x", 4<<20-100)}
			return flood(ctx, 100, func(int) error {
				res, err := a.api.CreateTpl(ctx, req)
				return wantCode(res, err, codes.InvalidArgument, codes.ResourceExhausted)
			})
		}},
		{"open: method names that are not UTF-8", "", func(ctx context.Context, a *attacker) error {
			return flood(ctx, 500, func(int) error {
				err := a.conn.Invoke(ctx, service+"\xff", &api.WshExportTaskGetInstReq{}, &api.WshExportTaskGetInstRes{})
				return wantCode(nil, err, codes.Unimplemented)
			})
		}},
		{"open: 4,000 calls without a request", "", silentStreams},
		{"open: calls beyond the rate", "", beyondRate},
	}
	for i := range list {
		list[i].target = "open"
	}
	return list
}
