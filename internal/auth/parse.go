package auth

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// tokenName matches the names of tokens, which appear in logs and metrics.
var tokenName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// parseTokens parses the text of a tokens file. Unknown and repeated keys are
// errors. Errors begin with the file and the line.
func parseTokens(path string, text []byte) ([]entry, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("tokens-file %s: %w", path, err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("tokens-file %s: more than one document, want one list of tokens", path)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.SequenceNode || len(doc.Content[0].Content) == 0 {
		// An empty list is an error, since a file that is still being written
		// must not revoke all tokens.
		return nil, fmt.Errorf("tokens-file %s: want a list of one or more tokens", path)
	}
	var entries []entry
	for _, node := range doc.Content[0].Content {
		e, err := parseEntry(node, entries)
		if err != nil {
			return nil, fmt.Errorf("tokens-file %s:%w", path, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// lineError returns an error that begins with the line of a node. Callers must
// not put a hash into it.
func lineError(at *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%d: %s", at.Line, fmt.Sprintf(format, args...))
}

func parseEntry(node *yaml.Node, before []entry) (entry, error) {
	if node.Kind != yaml.MappingNode {
		return entry{}, lineError(node, "want name, sha256, operator and scopes")
	}
	e := entry{identity: &Identity{}}
	given := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if given[key.Value] {
			return entry{}, lineError(key, "%s: given twice", key.Value)
		}
		given[key.Value] = true
		if err := e.set(key, value, before); err != nil {
			return entry{}, err
		}
	}
	for _, name := range []string{"name", "sha256", "operator", "scopes"} {
		if !given[name] {
			return entry{}, lineError(node, "%s: missing", name)
		}
	}
	return e, nil
}

func (e *entry) set(key, value *yaml.Node, before []entry) error {
	switch key.Value {
	case "name":
		return e.setName(value, before)
	case "sha256":
		return e.setHash(value, before)
	case "operator":
		n, err := strconv.ParseInt(value.Value, 10, 32)
		if err != nil || n < 1 {
			return lineError(value, "operator: %q, want 1..%d", value.Value, math.MaxInt32)
		}
		e.identity.Operator = int32(n)
		return nil
	case "scopes":
		return e.setScopes(value)
	case "claims":
		return e.setClaims(value)
	}
	return lineError(key, "%s: no such key, want name, sha256, operator, scopes and claims", key.Value)
}

func (e *entry) setName(value *yaml.Node, before []entry) error {
	if value.Kind != yaml.ScalarNode || !tokenName.MatchString(value.Value) {
		return lineError(value, "name: %q, want up to 64 of A-Z, a-z, 0-9, _, . and -, beginning with a letter or digit", value.Value)
	}
	if slices.ContainsFunc(before, func(b entry) bool { return b.identity.Name == value.Value }) {
		return lineError(value, "name: %s is used twice", value.Value)
	}
	e.identity.Name = value.Value
	return nil
}

func (e *entry) setHash(value *yaml.Node, before []entry) error {
	hash, err := hex.DecodeString(value.Value)
	if err != nil || len(hash) != sha256.Size {
		return lineError(value, "sha256: %d characters, want the 64 hexadecimal digits of a token's SHA-256", len(value.Value))
	}
	e.hash = [sha256.Size]byte(hash)
	if slices.ContainsFunc(before, func(b entry) bool { return b.hash == e.hash }) {
		return lineError(value, "sha256: used twice")
	}
	return nil
}

func (e *entry) setScopes(value *yaml.Node) error {
	if value.Kind != yaml.SequenceNode || len(value.Content) == 0 {
		return lineError(value, "scopes: want a list of one or more of %v", allScopes())
	}
	for _, node := range value.Content {
		scope := Scope(node.Value)
		if !slices.Contains(allScopes(), scope) {
			return lineError(node, "scopes: %q, want one of %v", node.Value, allScopes())
		}
		if slices.Contains(e.identity.Scopes, scope) {
			return lineError(node, "scopes: %s given twice", scope)
		}
		e.identity.Scopes = append(e.identity.Scopes, scope)
	}
	return nil
}
