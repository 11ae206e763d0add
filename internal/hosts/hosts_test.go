package hosts

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dsn  string
		want []string
	}{
		"one":                   {"u:p@tcp(a:3306)/db?tls=true", []string{"u:p@tcp(a:3306)/db?tls=true"}},
		"several":               {"u:p@tcp(a:3306, b)/db?tls=true", []string{"u:p@tcp(a:3306)/db?tls=true", "u:p@tcp(b)/db?tls=true"}},
		"signs_in_the_password": {"u:p@(,)/x@tcp(a,b)/db", []string{"u:p@(,)/x@tcp(a)/db", "u:p@(,)/x@tcp(b)/db"}},
		"socket":                {"u@unix(/run/s,x)/db", []string{"u@unix(/run/s)/db", "u@unix(x)/db"}},
		"empty_server":          {"u:p@tcp(a,,b)/db", nil},
		"no_address":            {"/db", []string{"/db"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Split(c.dsn)
			if !slices.Equal(got, c.want) || (err == nil) != (c.want != nil) {
				t.Errorf("got %q, error %v; want %q", got, err, c.want)
			}
		})
	}
}
