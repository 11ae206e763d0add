package main

import (
	"bytes"
	"regexp"
	"testing"
)

func TestRun_short(t *testing.T) {
	var out bytes.Buffer
	ok, err := run(t.Context(), &out, form{short: true}, regexp.MustCompile(""))
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		t.Error("a figure falls short")
	}
}
