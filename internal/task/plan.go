// Package task turns what a template says into what runs: its text into a
// checked statement with values, its output columns into columns of the
// result, its options into those of a file.
//
// internal/server calls it to check a template and to freeze an instance,
// internal/export to run one, so that what was checked is what runs. It asks
// no database and writes no file. What is wrong with a template or a parameter
// comes back as a *model.Error of kind Invalid that names the field.
package task

import (
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/encoder"
	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/sqlcheck"
)

// Query is a statement with "?" placeholders and their values.
type Query struct {
	SQL  string
	Args []row.Arg
}

// Check holds a template's SQL and its declarations against each other, and
// returns the statement as the data source can prepare it.
func Check(expr string, decls []model.ParamDecl, guard sqlcheck.Options) (*sqlcheck.Statement, error) {
	st, err := statement(expr, guard)
	if err != nil {
		return nil, err
	}
	if _, err := st.Declare(guardDecls(decls)); err != nil {
		return nil, model.Errorf(model.Invalid, "etplParams: %s", err)
	}
	return st, nil
}

func statement(expr string, guard sqlcheck.Options) (*sqlcheck.Statement, error) {
	st, err := sqlcheck.Check(expr, guard)
	if err != nil {
		return nil, model.Errorf(model.Invalid, "etplExpr: %s", err)
	}
	return st, nil
}

// Moment is the time that an instance is made for.
type Moment struct {
	// Now is what :now, :today and the like are worked out from, on the
	// calendar of its zone. For an instance that a schedule makes it is Due.
	Now time.Time
	// Due, Start and End are those of an instance that a schedule makes: when
	// it was due, and the time it is about, from Start on, before End. They
	// are zero for any other, which has no :due and no window.
	Due, Start, End time.Time
}

func (m Moment) builtins() []sqlcheck.Param {
	zone := m.Now.Location()
	all := sqlcheck.Builtins(m.Now, zone)
	if m.Due.IsZero() {
		return all
	}
	return append(all, sqlcheck.WindowBuiltins(m.Due, m.Start, m.End, zone)...)
}

// Freeze fixes an instance's parameters at its creation: the given ones,
// defaults, and the built-in ones as of at.
func Freeze(expr string, decls []model.ParamDecl, given []model.Param, guard sqlcheck.Options, at Moment) ([]model.Param, error) {
	st, err := statement(expr, guard)
	if err != nil {
		return nil, err
	}
	frozen, err := sqlcheck.Freeze(st, guardDecls(decls), guardParams(given), at.builtins())
	if err != nil {
		return nil, model.Errorf(model.Invalid, "params: %s", err)
	}
	out := make([]model.Param, len(frozen))
	for i, p := range frozen {
		out[i] = model.Param{Name: p.Name, Value: p.Text, Values: p.Texts, Null: p.Null}
	}
	return out, nil
}

// Bind returns a frozen instance's statement with its values.
func Bind(in *model.Inst, guard sqlcheck.Options) (Query, error) {
	st, err := statement(in.Expr, guard)
	if err != nil {
		return Query{}, err
	}
	text, args, err := sqlcheck.Bind(st, guardDecls(in.Decls.V), guardParams(in.Params.V))
	if err != nil {
		return Query{}, model.Errorf(model.Invalid, "params: %s", err)
	}
	return Query{SQL: text, Args: args}, nil
}

// CheckColumns checks how output columns are written, before there is a result
// to find them in.
func CheckColumns(declared string) error {
	_, err := specs(declared)
	return err
}

func specs(declared string) ([]format.Spec, error) {
	list, err := format.ParseColumns(declared)
	if err != nil {
		return nil, model.Errorf(model.Invalid, "etplOutputColumns: %s", err)
	}
	return list, nil
}

// Columns finds the declared output columns in a result and checks that the
// format can hold as many.
func Columns(declared string, result []row.Column, target model.Format) ([]format.Column, error) {
	list, err := specs(declared)
	if err != nil {
		return nil, err
	}
	columns, err := format.Resolve(list, result)
	if err != nil {
		return nil, model.Errorf(model.Invalid, "etplOutputColumns: %s", err)
	}
	if err := encoder.CheckColumns(Format(target), len(columns)); err != nil {
		return nil, model.Errorf(model.Invalid, "etplOutputColumns: %s", err)
	}
	return columns, nil
}

// CheckFormat checks that a format can hold the output columns of a template
// whose result has this many; 0 where that is not known yet.
func CheckFormat(declared string, format model.Format, result int) error {
	list, err := specs(declared)
	if err != nil {
		return err
	}
	n := len(list)
	if n == 0 {
		n = result
	}
	if err := encoder.CheckColumns(Format(format), n); err != nil {
		return model.Errorf(model.Invalid, "etplOutputFormat: %s", err)
	}
	return nil
}

// Format is the renderer's format of a template's or an instance's.
func Format(f model.Format) encoder.Format {
	switch f {
	case model.FormatXLS:
		return encoder.XLS
	case model.FormatXLSX:
		return encoder.XLSX
	case model.FormatDefault, model.FormatCSV:
	}
	return encoder.CSV
}

// FileOptions converts a template's options to those of the encoders.
func FileOptions(o model.Options, tempDir string) format.Options {
	out := format.Options{
		BOM: o.BOM, LF: o.LF, QuoteAll: o.QuoteAll, NullText: o.NullText, NoHeader: o.NoHeader,
		GB18030: o.GB18030, NoGuard: o.NoGuard, Gzip: o.Gzip, PartRows: o.SplitRows,
		SheetName: o.SheetName, NoFreeze: o.NoFreeze, NoFilter: o.NoFilter, Small: o.Small,
		TempDir: tempDir,
	}
	if o.Delimiter != "" {
		out.Delimiter = o.Delimiter[0]
	}
	return out
}
