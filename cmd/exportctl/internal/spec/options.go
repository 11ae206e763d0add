package spec

import (
	"go.yaml.in/yaml/v3"

	"exporttask/api"
)

// Switches in files are positive: header, freeze, filter and formulaGuard default to
// true, where the proto has noHeader and so on.
var optionKeys = []string{
	"delimiter", "bom", "lineEnd", "quoteAll", "nullText", "encoding", "header", "formulaGuard", "gzip", "splitRows",
	"sheetName", "freeze", "filter", "thousands", "rightToLeft", "totalLabel", "small", "snapshot", "fileName", "jsonNumbers", "zstd",
	"parquetCompression",
}

func (r *reader) options(o object) *api.WshExportOptions {
	return &api.WshExportOptions{
		CsvDelimiter:        o.text("delimiter"),
		CsvBom:              o.flag("bom", false),
		CsvLf:               o.choice("lineEnd", "crlf", "lf"),
		CsvQuoteAll:         o.flag("quoteAll", false),
		CsvNullText:         o.text("nullText"),
		CsvGb18030:          o.choice("encoding", "utf-8", "gb18030"),
		NoHeader:            !o.flag("header", true),
		NoFormulaGuard:      !o.flag("formulaGuard", true),
		Gzip:                o.flag("gzip", false),
		SplitRows:           o.number("splitRows", 64),
		SheetName:           o.text("sheetName"),
		NoFreeze:            !o.flag("freeze", true),
		NoFilter:            !o.flag("filter", true),
		ThousandsSeparators: o.flag("thousands", false),
		RightToLeft:         o.flag("rightToLeft", false),
		TotalLabel:          o.text("totalLabel"),
		Small:               o.flag("small", false),
		Snapshot:            o.flag("snapshot", false),
		FileName:            o.text("fileName"),
		JsonNumbers:         o.text("jsonNumbers"),
		Zstd:                o.flag("zstd", false),
		ParquetCompression:  o.text("parquetCompression"),
	}
}

// choice reports whether a key has the second of its two values.
func (o object) choice(key, usual, other string) bool {
	text := o.text(key)
	if text != "" && text != usual && text != other {
		o.fail(key, "%q, want %s or %s", text, usual, other)
	}
	return text == other
}

func writeOptions(p *api.WshExportOptions) *yaml.Node {
	d := newDoc()
	d.text("delimiter", p.GetCsvDelimiter())
	d.flag("bom", p.GetCsvBom(), false)
	if p.GetCsvLf() {
		d.text("lineEnd", "lf")
	}
	d.flag("quoteAll", p.GetCsvQuoteAll(), false)
	d.text("nullText", p.GetCsvNullText())
	if p.GetCsvGb18030() {
		d.text("encoding", "gb18030")
	}
	d.flag("header", !p.GetNoHeader(), true)
	d.flag("formulaGuard", !p.GetNoFormulaGuard(), true)
	d.flag("gzip", p.GetGzip(), false)
	d.number("splitRows", p.GetSplitRows())
	d.text("sheetName", p.GetSheetName())
	d.flag("freeze", !p.GetNoFreeze(), true)
	d.flag("filter", !p.GetNoFilter(), true)
	d.flag("thousands", p.GetThousandsSeparators(), false)
	d.flag("rightToLeft", p.GetRightToLeft(), false)
	d.text("totalLabel", p.GetTotalLabel())
	d.flag("small", p.GetSmall(), false)
	d.flag("snapshot", p.GetSnapshot(), false)
	d.text("fileName", p.GetFileName())
	d.text("jsonNumbers", p.GetJsonNumbers())
	d.flag("zstd", p.GetZstd(), false)
	d.text("parquetCompression", p.GetParquetCompression())
	return d.node
}
