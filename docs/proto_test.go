package docs

import (
	"regexp"
	"strings"
	"testing"
)

var declaration = regexp.MustCompile(`^\s*(?:service \w+|rpc \w+|message \w+|enum \w+|(?:(?:optional|repeated) )?[\w.]+(?: \w+)? = \d+;)`)

// Every service, call, message, field and enum value of the proto has a comment
// right before it.
func TestProto_comments(t *testing.T) {
	t.Parallel()
	before, declared := "", 0
	for no, l := range strings.Split(files(t, "exporttask.proto")["api/exporttask.proto"], "\n") {
		if declaration.MatchString(l) {
			declared++
			if !strings.HasPrefix(strings.TrimSpace(before), "//") {
				t.Errorf("api/exporttask.proto:%d: no comment before %s", no+1, strings.TrimSpace(l))
			}
		}
		before = l
	}
	if declared < 400 {
		t.Errorf("%d declarations found, want more", declared)
	}
}
