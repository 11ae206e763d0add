//go:build readers

package jsonl

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// readers are programs that print the values of each line of the file that is
// their last argument as one JSON array.
var readers = map[string][]string{
	"jq": {"jq", "-c", "[.[]]"},
	"python": {"/usr/bin/python3", "-c", `import json, sys
for line in open(sys.argv[1], encoding="utf-8", newline="\n"):
    print(json.dumps(list(json.loads(line).values())))`},
	"DuckDB": {"node", "-e", `const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const c = await (await DuckDBInstance.create(':memory:')).connect();
  const columns = "{id:'BIGINT',member_id:'BIGINT',order_no:'VARCHAR',name:'VARCHAR',phone:'VARCHAR',amount:'DOUBLE',rate:'DOUBLE',status:'BIGINT',created_at:'VARCHAR',remark:'VARCHAR'}";
  const r = await c.runAndReadAll("SELECT * FROM read_json('" + process.argv[1] + "', format='newline_delimited', columns=" + columns + ")");
  for (const row of r.getRows()) console.log(JSON.stringify(row.map(v => typeof v === 'bigint' ? Number(v) : v)));
})().catch(e => { console.error(e); process.exit(1) });`},
}

func TestReaders(t *testing.T) {
	cols := formattest.OrderColumns()
	b := formattest.Orders(1, 3000)
	for _, text := range []string{"", "\x00\x01\x1f\x7f", "\"\\/\b\f\n\r\t", "🙂é\u2028\uFFFD", "NULL", "null", strings.Repeat("长", 5000)} {
		cells := cellsOf(b.Row(0))
		cells[9] = []byte(text)
		extra := new(row.Batch)
		extra.Append(cells...)
		off := len(b.Data)
		b.Data = append(b.Data, extra.Data...)
		b.Rows = append(b.Rows, row.Span{Off: int32(off), End: int32(len(b.Data))})
	}
	var rows [][][]byte
	for i := range b.Rows {
		rows = append(rows, cellsOf(b.Row(i)))
	}
	var file bytes.Buffer
	e, err := New(&file, cols, format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Encode(b); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "orders.jsonl")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range readers {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), args[0], append(args[1:], path)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.Bytes())
			}
			lines := bytes.Split(bytes.TrimSuffix(out, []byte("\n")), []byte("\n"))
			if len(lines) != len(rows) {
				t.Fatalf("got %d rows, want %d", len(lines), len(rows))
			}
			for i, line := range lines {
				var got []any
				if err := json.Unmarshal(line, &got); err != nil || len(got) != len(cols) {
					t.Fatalf("row %d: %q: %v", i, line, err)
				}
				for k, v := range got {
					if !read(cols[k].Source, v, rows[i][k]) {
						t.Errorf("row %d, %s: got %v, want %q", i, cols[k].Label, v, rows[i][k])
					}
				}
			}
		})
	}
}

// read reports whether a reader's value is that of the cell.
func read(c row.Column, v any, cell []byte) bool {
	switch v := v.(type) {
	case nil:
		return cell == nil
	case float64:
		want, err := strconv.ParseFloat(string(cell), 64)
		return err == nil && v == want
	case string:
		if c.Kind == row.DateTime {
			v = strings.Replace(v, "T", " ", 1)
		}
		return cell != nil && v == string(cell)
	}
	return false
}

func cellsOf(p []byte) [][]byte {
	var cells [][]byte
	for len(p) > 0 {
		var c []byte
		c, p = row.Cell(p)
		cells = append(cells, c)
	}
	return cells
}
