//go:build readers

package parquet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// readers are programs that print the text of each value of the file that is their
// last argument, one JSON array a row.
var readers = map[string]string{
	"DuckDB": `const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const c = await (await DuckDBInstance.create(':memory:')).connect();
  await c.run("SET TimeZone = 'UTC'");
  const file = "'" + process.argv[1] + "'";
  const names = (await c.runAndReadAll('DESCRIBE SELECT * FROM ' + file)).getRows();
  const texts = names.map(([n, t]) => t === 'BLOB' ? 'hex("' + n + '")' : t.startsWith('TIMESTAMP') ? 'strftime("' + n + "\", '%Y-%m-%d %H:%M:%S.%f')" : '"' + n + '"::VARCHAR');
  const r = await c.runAndReadAll('SELECT ' + texts.join(', ') + ' FROM ' + file);
  for (const row of r.getRows()) console.log(JSON.stringify(row));
})().catch(e => { console.error(e); process.exit(1) });`,
	"hyparquet": `(async () => {
  const { asyncBufferFromFile, parquetReadObjects, parquetMetadataAsync } = await import(process.env.NODE_PATH + '/hyparquet/src/node.js');
  const { compressors } = await import(process.env.NODE_PATH + '/hyparquet-compressors/src/index.js');
  const file = await asyncBufferFromFile(process.argv[1]);
  const { schema } = await parquetMetadataAsync(file);
  const rows = await parquetReadObjects({ file, compressors, utf8: false });
  const text = (v, s) => v === null || v === undefined ? null
    : s.logical_type?.type === 'DECIMAL' ? v.toFixed(s.scale)
    : s.logical_type?.type === 'DATE' ? v.toISOString().slice(0, 10)
    : v instanceof Date ? v.toISOString().replace('T', ' ').replace('Z', '000')
    : v instanceof Uint8Array ? (s.logical_type ? Buffer.from(v).toString() : Buffer.from(v).toString('hex').toUpperCase())
    : s.logical_type?.type === 'TIME' ? new Date(Number(v / 1000n)).toISOString().slice(11, 19)
    : s.logical_type?.type === 'JSON' ? JSON.stringify(v)
    : String(v);
  for (const r of rows) console.log(JSON.stringify(schema.slice(1).map(s => text(r[s.name], s))));
})().catch(e => { console.error(e); process.exit(1) });`,
}

// everyType are columns of every type, in which hyparquet and JavaScript lose no
// digits.
func everyType() []row.Column {
	return []row.Column{
		{Name: "tiny", Kind: row.Int, Type: "TINYINT"},
		{Name: "utiny", Kind: row.Int, Type: "TINYINT UNSIGNED", Unsigned: true},
		{Name: "small", Kind: row.Int, Type: "SMALLINT"},
		{Name: "uint", Kind: row.Int, Type: "INT UNSIGNED", Unsigned: true},
		{Name: "big", Kind: row.Int, Type: "BIGINT"},
		{Name: "ubig", Kind: row.Int, Type: "BIGINT UNSIGNED", Unsigned: true},
		{Name: "d9", Kind: row.Decimal, Type: "DECIMAL", Length: 9, Scale: 2},
		{Name: "d18", Kind: row.Decimal, Type: "DECIMAL", Length: 18, Scale: 4},
		{Name: "d38", Kind: row.Decimal, Type: "DECIMAL", Length: 38, Scale: 3},
		{Name: "day", Kind: row.Date, Type: "DATE"},
		{Name: "at", Kind: row.DateTime, Type: "DATETIME", Scale: 3},
		{Name: "clock", Kind: row.Time, Type: "TIME"},
		{Name: "span", Kind: row.Time, Type: "TIME"},
		{Name: "year", Kind: row.Year, Type: "YEAR"},
		{Name: "bits", Kind: row.Bit, Type: "BIT", Length: 16},
		{Name: "text", Type: "VARCHAR"},
		{Name: "few", Type: "ENUM"},
		{Name: "json", Type: "JSON"},
		{Name: "bytes", Kind: row.Binary, Type: "BLOB"},
		{Name: "zeros", Kind: row.Date, Type: "DATE"},
	}
}

// everyRow returns the cells of a row of everyType, and the texts that readers
// give.
func everyRow(i int) (cells [][]byte, want []any) {
	clock := fmt.Sprintf("%02d:%02d:%02d", i%24, i%60, i*7%60)
	values := []string{
		fmt.Sprint(i%256 - 128), fmt.Sprint(i % 256), fmt.Sprint(i*31%65536 - 32768), fmt.Sprint(uint32(i * 2654435761)),
		fmt.Sprint(int64(i) * 7919 * 1_000_003 * -1), fmt.Sprint(uint64(i) * 1_000_000_007),
		fmt.Sprintf("%d.%02d", i*17-1000, i%100), fmt.Sprintf("%d.%04d", i*1_000_003, i%10_000), fmt.Sprintf("%d.%03d", i*1_000_003*97, i%8*125),
		fmt.Sprintf("%04d-%02d-%02d", 1600+i%800, 1+i%12, 1+i%28), fmt.Sprintf("%04d-%02d-%02d %s.%03d", 1950+i%100, 1+i%12, 1+i%28, clock, i%1000),
		clock, fmt.Sprintf("%d:00:00", 24+i%800), fmt.Sprint(1901 + i%200), string([]byte{byte(i >> 8), byte(i)}),
		fmt.Sprintf("%d 订单 \"🙂\"\n%s", i, strings.Repeat("é", i%70)), []string{"open", "paid", "", "关"}[i%4],
		fmt.Sprintf(`{"a":%d}`, i), string([]byte{0, 0xff, byte(i)}), "0000-00-00",
	}
	for k, v := range values {
		if (i+k)%11 == 0 && i > 0 {
			cells, want = append(cells, nil), append(want, nil)
			continue
		}
		cells = append(cells, []byte(v))
		switch everyType()[k].Name {
		case "at":
			v += "000"
		case "bits":
			v = fmt.Sprint(i & 0xffff)
		case "bytes":
			v = fmt.Sprintf("00FF%02X", byte(i))
		case "zeros":
			want = append(want, nil)
			continue
		}
		want = append(want, v)
	}
	return cells, want
}

func TestReaders(t *testing.T) {
	var rows [][][]byte
	var want [][]any
	for i := range 20_000 {
		cells, texts := everyRow(i)
		rows, want = append(rows, cells), append(want, texts)
	}
	for _, by := range []format.ParquetCompression{"zstd", "snappy", "gzip", "none"} {
		data, _ := encode(t, formattest.Declared("", everyType()...), format.Options{ParquetCompression: by}, rows...)
		path := filepath.Join(t.TempDir(), "all.parquet")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for name, script := range readers {
			t.Run(name+"/"+string(by), func(t *testing.T) {
				cmd := exec.CommandContext(t.Context(), "node", "-e", script, path)
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%v\n%s", err, stderr.Bytes())
				}
				lines := bytes.Split(bytes.TrimSuffix(out, []byte("\n")), []byte("\n"))
				if len(lines) != len(want) {
					t.Fatalf("got %d rows, want %d", len(lines), len(want))
				}
				for i, line := range lines {
					var got []any
					if err := json.Unmarshal(line, &got); err != nil {
						t.Fatalf("row %d: %s", i, line)
					}
					for k, v := range got {
						if v != want[i][k] {
							t.Fatalf("row %d, %s: got %q, want %q", i, everyType()[k].Name, v, want[i][k])
						}
					}
				}
			})
		}
	}
}
