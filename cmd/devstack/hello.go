package main

import (
	"fmt"
	"strings"
)

// standardAddr is the address that exportctl and the README's commands use.
const standardAddr = "127.0.0.1:50051"

// sayFiles prints the files that were exported.
func (st *stack) sayFiles(out *console) {
	if len(st.files) == 0 {
		return
	}
	out.say("\nThe files, each checked against the database:")
	for _, f := range st.files {
		out.say("  %s", relative(f))
	}
	out.say("")
}

// sayNext prints where everything is and what to try next.
func (st *stack) sayNext(out *console) {
	for _, note := range st.notes {
		out.say("%s", note)
	}
	out.say("The log: %s", relative(st.logFile))
	out.say("")
	out.say("The console, in a browser: http://%s/console/", st.httpAddr)
	out.say("")
	out.say("Try next, in another terminal:")
	for _, line := range st.tryNext() {
		out.say("  %s", line)
	}
	out.say("")
	out.say("Serving gRPC on %s and HTTP on http://%s until Ctrl-C.", st.grpcAddr, st.httpAddr)
}

// tryNext returns commands that work as they stand while devstack serves.
func (st *stack) tryNext() []string {
	var lines []string
	if st.grpcAddr != standardAddr {
		lines = append(lines, "export EXPORTCTL_ADDR="+st.grpcAddr)
	}
	if st.sample != nil {
		params := ""
		if st.sample.from != "" {
			params = " -p from=2026-03-01"
		}
		file := strings.Map(func(r rune) rune {
			if strings.ContainsRune(`/\'`, r) {
				return '-'
			}
			return r
		}, st.sample.name)
		lines = append(lines, fmt.Sprintf(".cache/bin/exportctl run %s%s -o %s", quote(st.sample.name), params, quote(file+".xlsx")))
	}
	return append(lines,
		".cache/bin/exportctl tpl list",
		"curl -s http://"+st.httpAddr+"/v1/tpl")
}

// quote quotes a word for the shell where it has to be.
func quote(word string) string {
	if strings.ContainsFunc(word, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
