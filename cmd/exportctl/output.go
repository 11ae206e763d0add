package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"exporttask/cmd/exportctl/internal/term"
)

// output is the value of a command's flag -o.
type output struct {
	format string
	offers []string
}

// outputFlag adds the flag -o to cmd. The first of the formats is the default.
func outputFlag(cmd *cobra.Command, offers ...string) *output {
	o := &output{offers: offers}
	cmd.Flags().StringVarP(&o.format, "output", "o", offers[0], "output format: "+strings.Join(offers, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(offers, cobra.ShellCompDirectiveNoFileComp))
	return o
}

func (o *output) check() error {
	if !slices.Contains(o.offers, o.format) {
		return usagef("output: %q, want one of %s", o.format, strings.Join(o.offers, ", "))
	}
	return nil
}

// list writes messages as a JSON array, or as the table that table returns.
func list[M proto.Message](a *app, o *output, items []M, table func() *term.Table) error {
	if o.format == "table" {
		_, err := table().WriteTo(a.out)
		return err
	}
	texts := make([]json.RawMessage, len(items))
	for i, item := range items {
		text, err := jsonOf(item)
		if err != nil {
			return err
		}
		texts[i] = text
	}
	return a.writeJSON(texts)
}

// show writes one message as indented JSON.
func (a *app) show(m proto.Message) error {
	text, err := jsonOf(m)
	if err != nil {
		return err
	}
	return a.writeJSON(text)
}

func jsonOf(m proto.Message) (json.RawMessage, error) {
	return protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}.Marshal(m)
}

// writeJSON writes a value as indented JSON. It is not protojson that indents,
// because its white space differs between builds on purpose.
func (a *app) writeJSON(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = b.WriteTo(a.out)
	return err
}

// fields writes pairs of names and values, one on each line, without empty values.
func (a *app) fields(pairs ...string) {
	table := term.NewTable("", "")
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			table.Row(pairs[i], pairs[i+1])
		}
	}
	for _, line := range table.Lines()[1:] {
		fmt.Fprintln(a.out, line)
	}
}
