package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestGateway_file_recorded wants one record for each answer with content, and none
// for others.
func TestGateway_file_recorded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method string
		header map[string]string
		status int
		want   []int64
	}{
		"whole":        {"GET", nil, 200, []int64{0}},
		"range":        {"GET", map[string]string{"Range": "bytes=3-5"}, 206, []int64{3}},
		"suffix":       {"GET", map[string]string{"Range": "bytes=-4"}, 206, []int64{6}},
		"two_ranges":   {"GET", map[string]string{"Range": "bytes=1-2,5-6"}, 206, []int64{0}},
		"outside":      {"GET", map[string]string{"Range": "bytes=99-"}, 416, nil},
		"head":         {"HEAD", nil, 200, nil},
		"not_modified": {"GET", map[string]string{"If-None-Match": `"616263"`}, 304, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var got []int64
			s := newServer(t, func(c *Config) {
				c.Files = oneFile{recorded: func(offset int64) { mu.Lock(); got = append(got, offset); mu.Unlock() }}
			})
			answer := s.do(t, request{c.method, "/v1/inst/1/file", "", "", c.header})
			mu.Lock()
			defer mu.Unlock()
			if answer.status != c.status || !slices.Equal(got, c.want) {
				t.Errorf("status %d, recorded %v; want %d, %v", answer.status, got, c.status, c.want)
			}
		})
	}
}

func TestGateway_file_not_recorded(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *Config) { c.Files = oneFile{refuse: errors.New("the database is away")} })
	got := s.do(t, request{"GET", "/v1/inst/1/file", "", "", nil})
	if got.status != http.StatusServiceUnavailable || strings.Contains(got.body, content) || got.header.Get("Content-Disposition") != "" {
		t.Errorf("a download that could not be recorded: status %d, %v, %q", got.status, got.header, got.body)
	}
}
