package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader collects the errors of a file, so that all of them are reported.
type reader struct {
	file string
	errs []error
}

// fail adds an error at a node; key is the path of the node in its document.
func (r *reader) fail(n *yaml.Node, key, format string, args ...any) {
	line := 1
	if n != nil {
		line = n.Line
	}
	where := fmt.Sprintf("%s:%d", r.file, line)
	if key != "" {
		where += ": " + key
	}
	r.errs = append(r.errs, errors.New(where+": "+fmt.Sprintf(format, args...)))
}

// object is a YAML mapping with a fixed set of keys.
type object struct {
	r      *reader
	node   *yaml.Node
	path   string // prefix of the keys in errors, "" or "schedules[0]."
	values map[string]*yaml.Node
}

// object reads a mapping. Unknown keys, duplicate keys and keys without a value are
// errors.
func (r *reader) object(n *yaml.Node, path string, keys ...string) object {
	o := object{r: r, node: n, path: path, values: map[string]*yaml.Node{}}
	if n.Kind != yaml.MappingNode {
		r.fail(n, strings.TrimSuffix(path, "."), "%s, want keys and values: %s", shown(n), strings.Join(keys, ", "))
		return o
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolve(n.Content[i+1])
		switch _, twice := o.values[key.Value]; {
		case !slices.Contains(keys, key.Value):
			r.fail(key, path+key.Value, "unknown key, want one of %s", strings.Join(keys, ", "))
		case twice:
			r.fail(key, path+key.Value, "given twice")
		case isNull(value):
			r.fail(key, path+key.Value, "no value; leave the key out")
		default:
			o.values[key.Value] = value
		}
	}
	return o
}

// resolve returns the node that an alias refers to.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// shown returns a node as errors quote it.
func shown(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	default:
		const most = 40
		if r := []rune(n.Value); len(r) > most {
			return fmt.Sprintf("%q…", string(r[:most]))
		}
		return fmt.Sprintf("%q", n.Value)
	}
}

func (o object) fail(key, format string, args ...any) {
	n := o.values[key]
	if n == nil {
		n = o.node
	}
	o.r.fail(n, o.path+key, format, args...)
}

// text returns a scalar as it is written in the file, of any type: 007 stays 007.
func (o object) text(key string) string {
	n := o.values[key]
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode {
		o.fail(key, "%s, want a single value", shown(n))
		return ""
	}
	return n.Value
}

// needed returns the text of a required key.
func (o object) needed(key string) string {
	text := o.text(key)
	if text == "" && o.node.Kind == yaml.MappingNode {
		o.fail(key, "missing")
	}
	return text
}

func (o object) flag(key string, otherwise bool) bool {
	n := o.values[key]
	if n == nil {
		return otherwise
	}
	var is bool
	if err := n.Decode(&is); err != nil {
		o.fail(key, "%s, want true or false", shown(n))
	}
	return is
}

// number returns an integer from 0 to the maximum of a signed integer with this
// many bits.
func (o object) number(key string, bits int) int64 {
	return o.value(key, func(text string) (int64, error) { return parseNumber(text, bits) })
}

// seconds returns a duration in seconds.
func (o object) seconds(key string) int64 { return o.value(key, parseSeconds) }

// seconds32 returns a duration in seconds, at most 68 years (32 bits).
func (o object) seconds32(key string) int32 {
	return int32(o.value(key, func(text string) (int64, error) {
		n, err := parseSeconds(text)
		if err == nil && int64(int32(n)) != n {
			err = errors.New("want less than 68 years")
		}
		return n, err
	}))
}

func (o object) bytes(key string) int64 { return o.value(key, parseBytes) }

func (o object) value(key string, parse func(string) (int64, error)) int64 {
	text := o.text(key)
	if text == "" {
		return 0
	}
	n, err := parse(text)
	if err != nil {
		o.fail(key, "%q, %s", text, err)
	}
	return n
}

// list returns the items of a list.
func (o object) list(key string) []*yaml.Node {
	n := o.values[key]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		o.fail(key, "%s, want a list", shown(n))
		return nil
	}
	items := make([]*yaml.Node, len(n.Content))
	for i, item := range n.Content {
		items[i] = resolve(item)
	}
	return items
}

// texts returns the items of a list of scalars.
func (o object) texts(key string) []string {
	var texts []string
	for _, item := range o.list(key) {
		if item.Kind != yaml.ScalarNode || isNull(item) {
			o.fail(key, "%s in it, want single values", shown(item))
			continue
		}
		texts = append(texts, item.Value)
	}
	return texts
}

// item returns the path of an item of a list.
func (o object) item(key string, i int) string { return fmt.Sprintf("%s%s[%d].", o.path, key, i) }
