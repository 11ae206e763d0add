package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

var jsonHeader = map[string]string{"Content-Type": "application/json"}

// repeat returns a JSON list of n equal elements.
func repeat(prefix, element, suffix string, n int) string {
	return prefix + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + suffix
}

// httpAttacks are HTTP requests without a token.
func httpAttacks() []attack {
	bodies := func(n int, body string) func(context.Context, *attacker) error {
		return func(ctx context.Context, a *attacker) error {
			return flood(ctx, n, func(int) error {
				_, err := a.do(ctx, "POST", "/v1/inst", strings.NewReader(body), jsonHeader, 401)
				return err
			})
		}
	}
	requests := func(n int, method, path string, header map[string]string, want ...int) func(context.Context, *attacker) error {
		return func(ctx context.Context, a *attacker) error {
			return flood(ctx, n, func(int) error {
				_, err := a.do(ctx, method, path, nil, header, want...)
				return err
			})
		}
	}
	list := []attack{
		{"http: bodies of 16 MB with 5 million elements", "", bodies(20, repeat(`{"params":[`, `{}`, `]}`, 5_000_000))},
		{"http: bodies of nested lists", "", bodies(50, strings.Repeat("[", 8<<20))},
		{"http: 1,000 posts whose bodies never come", "", slowPosts(401)},
		{"http: endless body of a GET", "", endlessGet},
		{"http: requests without a token", "", requests(10_000, "GET", "/v1/tpl", nil, 401)},
		{"http: wrong tokens", "", requests(10_000, "GET", "/v1/tpl", map[string]string{"Authorization": "Bearer x"}, 401)},
		{"http: forged metadata", "", requests(2000, "GET", "/v1/tpl", map[string]string{"Grpc-Metadata-Authorization": "Bearer x", "X-Forwarded-For": "127.0.0.1"}, 401)},
		{"http: guessed links", "", requests(5000, "GET", "/d/k1/99999999999/AAAA/1/a.csv", nil, 403, 404)},
		{"http: paths out of the store", "", requests(2000, "GET", "/v1/inst/..%2f..%2f..%2fetc%2fpasswd/file?name=../../../etc/passwd", nil, 400, 401)},
		{"http: paths of 15 KB", "", requests(2000, "GET", "/v1/"+strings.Repeat("x/", 7000), nil, 404, 401)},
		{"http: headers of 1 MB", "", requests(200, "GET", "/v1/tpl", map[string]string{"X-Big": strings.Repeat("x", 1<<20)}, 431)},
		{"http: other methods", "", requests(2000, "TRACE", "/v1/tpl", nil, 405, 401)},
		{"http: metrics flood", "", requests(300, "GET", "/metrics", nil, 200)},
		{"http: OpenAPI flood", "", requests(2000, "GET", "/openapi.json", nil, 200)},
		{"http: smuggling", "", smuggle},
		{"http: pipelined requests", "", pipeline},
	}
	for i := range list {
		list[i].target = "tokens"
	}
	return list
}

// slowPosts opens 1,000 connections whose bodies never come. The server must
// answer or close them, and serve the attacker's address again.
func slowPosts(want int) func(context.Context, *attacker) error {
	return func(ctx context.Context, a *attacker) error {
		err := flood(ctx, 1000, func(int) error {
			c, err := a.dial(ctx, a.site.httpAddr)
			if err != nil {
				return nil //nolint:nilerr // refused
			}
			_, _ = io.WriteString(c, "POST /v1/tpl HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
			return nil
		})
		if err != nil {
			return err
		}
		deadline := time.Now().Add(25 * time.Second)
		for {
			c, err := dialer().DialContext(ctx, "tcp", a.site.httpAddr)
			if err == nil {
				_ = c.SetDeadline(time.Now().Add(5 * time.Second))
				_, _ = io.WriteString(c, "GET /v1/tpl HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				line, _ := bufio.NewReader(c).ReadString('\n')
				_ = c.Close()
				if strings.Contains(line, fmt.Sprint(want)) {
					break
				}
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("the address is not served 25 s after slow posts")
			}
			time.Sleep(200 * time.Millisecond) //nolint:forbidigo // polls
		}
		// Each of the first 20 connections must have been answered or closed.
		for _, open := range a.open[:min(20, len(a.open))] {
			c, ok := open.(io.Reader)
			if !ok {
				continue
			}
			if _, err := io.ReadAll(c); err != nil && strings.Contains(err.Error(), "timeout") {
				return fmt.Errorf("a slow post is still open: %w", err)
			}
		}
		return nil
	}
}

// endless is a body that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func endlessGet(ctx context.Context, a *attacker) error {
	return flood(ctx, 20, func(i int) error {
		path := []string{"/healthz", "/v1/tpl", "/v1/inst/1/watch"}[i%3]
		_, err := a.do(ctx, "GET", path, io.LimitReader(endless{}, 256<<20), jsonHeader, 401, 413, 415)
		return err
	})
}

// smuggle sends requests whose length is ambiguous (RFC 9112 section 6.3).
func smuggle(ctx context.Context, a *attacker) error {
	return flood(ctx, 200, func(i int) error {
		c, err := a.dial(ctx, a.site.httpAddr)
		if err != nil {
			return err
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		ambiguous := []string{
			"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n", "Transfer-Encoding: xchunked\r\n", "Content-Length: -1\r\n",
		}[i%4]
		_, _ = io.WriteString(c, "POST /v1/tpl HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+ambiguous+"\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		text, _ := io.ReadAll(c)
		if strings.Contains(string(text), "exportd_build_info") {
			return errStillServed
		}
		return nil
	})
}

func pipeline(ctx context.Context, a *attacker) error {
	return flood(ctx, 50, func(int) error {
		c, err := a.dial(ctx, a.site.httpAddr)
		if err != nil {
			return err
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		go func() { _, _ = io.WriteString(c, strings.Repeat("GET /v1/tpl HTTP/1.1\r\nHost: x\r\n\r\n", 500)) }()
		_, _ = io.Copy(io.Discard, io.LimitReader(c, 64<<10))
		return nil
	})
}
