package task

import (
	"errors"

	"exporttask/internal/format"
	"exporttask/internal/format/encoder"
	"exporttask/internal/format/row"
	"exporttask/internal/model"
)

// Columns resolves the declared output columns against the columns of a result.
// A column that the result lacks, or more columns than the file format holds, is
// a *model.Error of kind Invalid.
func Columns(declared string, result []row.Column, target model.Format) ([]format.Column, error) {
	list, err := parseColumns(declared)
	if err != nil {
		return nil, err
	}
	columns, err := format.Resolve(list, result)
	if err != nil {
		return nil, invalid("etplOutputColumns", "%s", err)
	}
	if err := encoder.Check(EncoderFormat(target), columns); err != nil {
		return nil, invalid("etplOutputColumns", "%s", err)
	}
	if err := encoder.CheckLooks(EncoderFormat(target), list); err != nil {
		return nil, invalid("etplOutputColumns", "%s", err)
	}
	return columns, nil
}

// checkFormat checks that a file format holds the output columns of a template
// with the given result columns; none means that they are not known yet.
func checkFormat(declared string, target model.Format, result []model.ResultColumn) error {
	list, err := parseColumns(declared)
	if err != nil {
		return err
	}
	n := len(list)
	if n == 0 {
		n = len(result)
	}
	if err := encoder.CheckColumns(EncoderFormat(target), n); err != nil {
		return invalid("etplOutputFormat", "%s", err)
	}
	if err := encoder.CheckLooks(EncoderFormat(target), list); err != nil {
		return invalid("etplOutputColumns", "%s", err)
	}
	source := make([]row.Column, len(result))
	for i, c := range result {
		source[i] = row.ColumnOf(c.Name, c.Type)
	}
	// Where the columns do not match the declaration any more, the instance says so.
	if columns, err := format.Resolve(list, source); err == nil {
		if err := encoder.Check(EncoderFormat(target), columns); err != nil {
			return invalid("etplOutputFormat", "%s", err)
		}
	}
	return nil
}

// parseColumns parses the text of etplOutputColumns.
func parseColumns(declared string) ([]format.Spec, error) {
	list, err := format.ParseColumns(declared)
	if err != nil {
		return nil, invalid("etplOutputColumns", "%s", err)
	}
	return list, nil
}

// EncoderFormat returns the encoder's format for the format of a template or an
// instance; FormatDefault is CSV.
func EncoderFormat(f model.Format) encoder.Format {
	switch f {
	case model.FormatXLS:
		return encoder.XLS
	case model.FormatXLSX:
		return encoder.XLSX
	case model.FormatJSONL:
		return encoder.JSONL
	case model.FormatParquet:
		return encoder.Parquet
	case model.FormatDefault, model.FormatCSV:
	}
	return encoder.CSV
}

// checkOptions checks the options of a template's files against each other.
func checkOptions(o model.Options) error {
	var bad *format.OptionError
	if err := format.CheckOptions(FileOptions(o, "")); errors.As(err, &bad) {
		return invalid("etplOptions."+bad.Option, "%s", bad.Reason)
	}
	return nil
}

// FileOptions returns the encoder's options for the options of a template.
// Temporary files of the encoder are created in tempDir.
func FileOptions(o model.Options, tempDir string) format.Options {
	out := format.Options{
		BOM: o.BOM, LF: o.LF, QuoteAll: o.QuoteAll, NullText: o.NullText, NoHeader: o.NoHeader,
		GB18030: o.GB18030, NoGuard: o.NoGuard, Gzip: o.Gzip, PartRows: o.SplitRows,
		SheetName: o.SheetName, NoFreeze: o.NoFreeze, NoFilter: o.NoFilter, Small: o.Small,
		Thousands: o.Thousands, RightToLeft: o.RightToLeft, TotalLabel: o.TotalLabel,
		JSONNumbers: format.JSONNumbers(o.JSONNumbers), Zstd: o.Zstd,
		ParquetCompression: format.ParquetCompression(o.ParquetCompression),
		TempDir:            tempDir,
	}
	if o.Delimiter != "" {
		out.Delimiter = o.Delimiter[0]
	}
	return out
}
