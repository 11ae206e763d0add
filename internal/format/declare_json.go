package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonKeys lists the keys of a column object for error messages.
const jsonKeys = "name, label, type, format, width, map, zone, binary, guard, " +
	"align, bold, color, fill, conditions, total, group"

// parseJSON parses a JSON array of column objects. A string stands for an
// object with that name and no other key.
func parseJSON(decl string) ([]Spec, error) {
	var items []json.RawMessage
	if err := json.Unmarshal([]byte(decl), &items); err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			return nil, &DeclError{Reason: fmt.Sprintf("JSON: %v at byte %d", err, syntax.Offset)}
		}
		return nil, &DeclError{Reason: "JSON: want an array of objects"}
	}
	if len(items) > maxColumns {
		return nil, &DeclError{Reason: fmt.Sprintf("%d columns, want at most %d", len(items), maxColumns)}
	}
	specs := make([]Spec, len(items))
	for i, item := range items {
		if err := specs[i].parse(item); err != nil {
			err.Item, err.Column = i+1, specs[i].Name
			return nil, err
		}
	}
	return specs, nil
}

// parse reads one array element. It reads the name first so that the error of
// any other key can name the column.
func (s *Spec) parse(raw json.RawMessage) *DeclError {
	if err := json.Unmarshal(raw, &s.Name); err == nil {
		return nil
	}
	keys, values, err := objectFields(raw, jsonKeys)
	if err != nil {
		return err
	}
	for _, named := range []bool{true, false} {
		for i, key := range keys {
			if (key == "name") != named {
				continue
			}
			if reason := s.set(key, values[i]); reason != "" {
				return &DeclError{Key: key, Reason: reason}
			}
		}
	}
	return nil
}

// objectFields returns the keys and values of a JSON object in their order. A
// duplicate key is an error. want lists the known keys for error messages.
func objectFields(raw json.RawMessage, want string) (keys []string, values []json.RawMessage, bad *DeclError) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, &DeclError{Reason: fmt.Sprintf("%s, want an object with %s", shown(raw), want)}
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, nil, &DeclError{Reason: "JSON: " + err.Error()}
		}
		key, _ := t.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, &DeclError{Key: key, Reason: "JSON: " + err.Error()}
		}
		if seen[key] {
			return nil, nil, &DeclError{Key: key, Reason: "given twice"}
		}
		seen[key] = true
		keys, values = append(keys, key), append(values, value)
	}
	return keys, values, nil
}

// set parses the value of one key and returns why it is invalid, or "".
func (s *Spec) set(key string, raw json.RawMessage) (reason string) {
	switch key {
	case "name":
		return into(raw, &s.Name, "a string")
	case "label":
		return into(raw, &s.Label, "a string")
	case "type":
		types := map[string]Type{"text": AsText, "number": AsNumber, "date": AsDate, "datetime": AsDateTime, "bool": AsBool}
		return choose(raw, &s.Type, types, `"text", "number", "date", "datetime" or "bool"`)
	case "format":
		return into(raw, &s.Format, "a string")
	case "width":
		return into(raw, &s.Width, fmt.Sprintf("a number 0..%d", maxWidth))
	case "map":
		return into(raw, &s.Map, "an object of strings")
	case "zone":
		return s.setZone(raw)
	case "binary":
		s.HasBinary = true
		return choose(raw, &s.Binary, map[string]BinaryText{"hex": Hex, "base64": Base64, "text": PlainText}, `"hex", "base64" or "text"`)
	case "guard":
		on := true
		reason = into(raw, &on, "true or false")
		s.Unguard = !on
		return reason
	}
	if reason, ok := s.Look.set(key, raw); ok {
		return reason
	}
	return "unknown key, want one of " + jsonKeys
}

// setZone parses "Asia/Shanghai", whose From stays nil (see zoneOf), or
// {"from":"America/New_York","to":"Asia/Shanghai"}.
func (s *Spec) setZone(raw json.RawMessage) string {
	const want = `a time zone ("Asia/Shanghai", "+08:00") or {"from":…,"to":…} of two`
	var ends struct{ From, To string }
	if raw[0] == '{' {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if d.Decode(&ends) != nil {
			return shown(raw) + ", want " + want
		}
	} else if reason := into(raw, &ends.To, want); reason != "" {
		return reason
	}
	var err error
	if ends.From != "" {
		if s.Zone.From, err = LoadZone(ends.From); err != nil {
			return err.Error() + ", want " + want
		}
	}
	if s.Zone.To, err = LoadZone(ends.To); err != nil {
		return err.Error() + ", want " + want
	}
	return ""
}

// into decodes raw, which must not be null, into the value that to points to.
func into(raw json.RawMessage, to any, want string) (reason string) {
	if string(raw) == "null" || json.Unmarshal(raw, to) != nil {
		return shown(raw) + ", want " + want
	}
	return ""
}

// choose decodes a string and looks it up in words.
func choose[T any](raw json.RawMessage, to *T, words map[string]T, want string) (reason string) {
	var word string
	if reason := into(raw, &word, want); reason != "" {
		return reason
	}
	v, ok := words[word]
	if !ok {
		return shown(raw) + ", want " + want
	}
	*to = v
	return ""
}

// shown returns a JSON value for an error message, cut after 60 characters.
func shown(raw json.RawMessage) string {
	s := strings.Join(strings.Fields(string(raw)), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
