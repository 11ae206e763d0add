package scan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
)

func repeated(prefix, element, suffix string, n int) string {
	return prefix + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + suffix
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want string // text in the error; empty: no error
	}{
		"empty":                    {"", ""},
		"largest_valid_list":       {repeated(`{"params":[{"name":"a","values":[`, `"x"`, `]}]}`, 10_000), ""},
		"empty_objects":            {repeated(`{"params":[`, `{}`, `]}`, 300_000), "elements"},
		"numbers":                  {repeated(`{"states":[`, `1`, `]}`, 300_000), "elements"},
		"duplicate_keys":           {repeated(`{`, `"a":1`, `}`, 100_000), "elements"},
		"deep_arrays":              {strings.Repeat("[", 1000), "nesting"},
		"deep_objects":             {strings.Repeat(`{"a":`, 1000), "nesting"},
		"brackets_in_strings":      {`{"a":"` + strings.Repeat("[,{", 100_000) + `"}`, ""},
		"escaped_quotes":           {`{"a":"\"` + strings.Repeat("[,{", 100_000) + `"}`, ""},
		"escaped_backslash_closes": {`{"a":"\\",` + strings.Repeat("[", 1000), "nesting"},
		"unclosed_string":          {`{"a":"`, ""},
		"unclosed_escape":          {`{"a":"\`, ""},
		"many_siblings_no_nesting": {repeated(`[`, `[]`, `]`, 1000), ""},
	} {
		err := JSON([]byte(c.text))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestProto(t *testing.T) {
	t.Parallel()
	field := func(num protowire.Number, value []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), value)
	}
	createInst := (&api.WshExportTaskCreateInstReq{}).ProtoReflect().Descriptor()
	listInst := (&api.WshExportTaskListInstReq{}).ProtoReflect().Descriptor()
	params := createInst.Fields().ByName("params").Number()
	states := listInst.Fields().ByName("states").Number()
	encode := func(m proto.Message) []byte {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	values := &api.WshExportTaskCreateInstReq{Params: []*api.WshExportParam{{Name: "a", Values: strings.Split(strings.Repeat("x,", 9_999)+"x", ",")}}}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":              {nil, ""},
		"largest_valid_list": {encode(values), ""},
		"empty_messages":     {bytes.Repeat(field(params, nil), 300_000), "elements"},
		"nested_empty_names": {field(params, bytes.Repeat(field(1, nil), 300_000)), "elements"},
		"unknown_fields":     {bytes.Repeat(field(4000, nil), 300_000), "elements"},
		"malformed":          {[]byte{0xff, 0xff, 0xff}, ""},
		"truncated":          {field(params, make([]byte, 100))[:50], ""},
	} {
		err := Proto(c.data, createInst)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if err := Proto(field(states, make([]byte, 300_000)), listInst); err == nil {
		t.Error("packed_enums: got nil, want an error")
	}
}

// FuzzJSON checks that the scan rejects exactly the valid texts that have more
// elements than allowed when they are decoded.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `[1,2,{"a":"b,[\"","c":[]}]`, `"x"`, `[[[[]]]]`, `{"a":"\\"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := JSON(text)
		dec := json.NewDecoder(bytes.NewReader(text))
		tokens := 0
		for {
			if _, e := dec.Token(); e != nil {
				break
			}
			tokens++
		}
		if err == nil && tokens > 4*MaxElements {
			t.Errorf("%d tokens are accepted", tokens)
		}
		var req api.WshExportTaskCreateTplReq
		_ = protojson.Unmarshal(text, &req) // must not panic
	})
}

// FuzzProto checks that the scan never panics and accepts small messages.
func FuzzProto(f *testing.F) {
	desc := (&api.WshExportTaskCreateTplReq{}).ProtoReflect().Descriptor()
	data, err := proto.Marshal(&api.WshExportTaskCreateTplReq{EtplName: "a", EtplParams: []*api.WshExportParamDecl{{Name: "x"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{0x0a, 0x80})
	f.Add(bytes.Repeat([]byte{0x0b}, 100)) // open groups
	f.Fuzz(func(t *testing.T, data []byte) {
		err := Proto(data, desc)
		var req api.WshExportTaskCreateTplReq
		if proto.Unmarshal(data, &req) == nil && err != nil && len(data) < MaxDepth {
			t.Errorf("%x: %v", data, err)
		}
	})
}
