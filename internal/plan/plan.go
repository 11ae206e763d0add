// Package plan turns what a template says into what runs: its text into a
// checked statement with values, its output columns into columns of the
// result, its options into those of a file.
//
// internal/server calls it to check a template and to freeze an instance,
// internal/export to run one, so that what was checked is what runs. It asks
// no database and writes no file. What is wrong with a template or a parameter
// comes back as a *model.Error of kind Invalid that names the field.
package plan

import (
	"time"

	"exporttask/internal/model"
	"exporttask/internal/render"
	"exporttask/internal/render/cell"
	"exporttask/internal/row"
	"exporttask/internal/sqlguard"
)

// Query is a statement with "?" placeholders and their values.
type Query struct {
	SQL  string
	Args []row.Arg
}

// Check holds a template's SQL and its declarations against each other, and
// returns the statement as the data source can prepare it.
func Check(expr string, decls []model.ParamDecl, guard sqlguard.Options) (*sqlguard.Statement, error) {
	st, err := statement(expr, guard)
	if err != nil {
		return nil, err
	}
	if _, err := st.Declare(guardDecls(decls)); err != nil {
		return nil, model.Errorf(model.Invalid, "etplParams: %s", err)
	}
	return st, nil
}

func statement(expr string, guard sqlguard.Options) (*sqlguard.Statement, error) {
	st, err := sqlguard.Check(expr, guard)
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

func (m Moment) builtins() []sqlguard.Param {
	zone := m.Now.Location()
	all := sqlguard.Builtins(m.Now, zone)
	if m.Due.IsZero() {
		return all
	}
	return append(all, sqlguard.WindowBuiltins(m.Due, m.Start, m.End, zone)...)
}

// Freeze fixes an instance's parameters at its creation: the given ones,
// defaults, and the built-in ones as of at.
func Freeze(expr string, decls []model.ParamDecl, given []model.Param, guard sqlguard.Options, at Moment) ([]model.Param, error) {
	st, err := statement(expr, guard)
	if err != nil {
		return nil, err
	}
	frozen, err := sqlguard.Freeze(st, guardDecls(decls), guardParams(given), at.builtins())
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
func Bind(in *model.Inst, guard sqlguard.Options) (Query, error) {
	st, err := statement(in.Expr, guard)
	if err != nil {
		return Query{}, err
	}
	text, args, err := sqlguard.Bind(st, guardDecls(in.Decls.V), guardParams(in.Params.V))
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

func specs(declared string) ([]cell.Spec, error) {
	list, err := cell.ParseColumns(declared)
	if err != nil {
		return nil, model.Errorf(model.Invalid, "etplOutputColumns: %s", err)
	}
	return list, nil
}

// Columns finds the declared output columns in a result and checks that the
// format can hold as many.
func Columns(declared string, result []row.Column, format model.Format) ([]cell.Column, error) {
	list, err := specs(declared)
	if err != nil {
		return nil, err
	}
	columns, err := cell.Resolve(list, result)
	if err != nil {
		return nil, model.Errorf(model.Invalid, "etplOutputColumns: %s", err)
	}
	if err := render.CheckColumns(Format(format), len(columns)); err != nil {
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
	if err := render.CheckColumns(Format(format), n); err != nil {
		return model.Errorf(model.Invalid, "etplOutputFormat: %s", err)
	}
	return nil
}

// Format is the renderer's format of a template's or an instance's.
func Format(f model.Format) render.Format {
	switch f {
	case model.FormatXLS:
		return render.XLS
	case model.FormatXLSX:
		return render.XLSX
	case model.FormatDefault, model.FormatCSV:
	}
	return render.CSV
}

// FileOptions are the renderer's options of a template's.
func FileOptions(o model.Options, tempDir string) render.FileOptions {
	out := render.FileOptions{
		Options: cell.Options{
			BOM: o.BOM, LF: o.LF, QuoteAll: o.QuoteAll, NullText: o.NullText, NoHeader: o.NoHeader,
			GB18030: o.GB18030, NoGuard: o.NoGuard,
			SheetName: o.SheetName, NoFreeze: o.NoFreeze, NoFilter: o.NoFilter, Small: o.Small,
			TempDir: tempDir,
		},
		Gzip:     o.Gzip,
		PartRows: o.SplitRows,
	}
	if o.Delimiter != "" {
		out.Delimiter = o.Delimiter[0]
	}
	return out
}
