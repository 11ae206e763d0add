package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// In a file, columns are the short list as a string or the items of the JSON array
// as a YAML list. docs/columns.md describes both. Their content is not validated
// here.

func (o object) columns(key string) string {
	n := o.values[key]
	switch {
	case n == nil:
		return ""
	case n.Kind == yaml.ScalarNode:
		return strings.TrimSpace(n.Value)
	case n.Kind != yaml.SequenceNode:
		o.fail(key, "%s, want a text or a list", shown(n))
		return ""
	}
	var b bytes.Buffer
	if err := writeJSON(&b, n); err != nil {
		o.fail(key, "%s", err)
	}
	return b.String()
}

// writeJSON writes a node as JSON and keeps the order of its keys.
func writeJSON(b *bytes.Buffer, n *yaml.Node) error {
	switch n = resolve(n); n.Kind {
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, item); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			writeText(b, n.Content[i].Value) // JSON's keys are strings: {1: paid}
			b.WriteByte(':')
			if err := writeJSON(b, n.Content[i+1]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	default:
		if n.Tag == "!!str" || n.Tag == "!!timestamp" {
			writeText(b, n.Value)
			return nil
		}
		var value any
		if err := n.Decode(&value); err != nil {
			return err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("%q: %w", n.Value, err)
		}
		b.Write(text)
	}
	return nil
}

func writeText(b *bytes.Buffer, s string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)         // a string always encodes
	b.Truncate(b.Len() - 1) // its line end
}

// columnsNode returns columns in the form that a file has.
func columnsNode(columns string) *yaml.Node {
	var doc yaml.Node
	if strings.HasPrefix(columns, "[") && yaml.Unmarshal([]byte(columns), &doc) == nil && len(doc.Content) == 1 && doc.Content[0].Kind == yaml.SequenceNode {
		list := doc.Content[0]
		plain(list)
		list.Style = 0
		return list
	}
	return textNode(columns)
}

// plain removes the quotes of JSON from a node; items stay on a line each.
func plain(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.MappingNode {
		n.Style = yaml.FlowStyle
	}
	for _, c := range n.Content {
		plain(c)
	}
}
