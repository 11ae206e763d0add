package task

import (
	"context"
	"errors"
	"fmt"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
)

// CreateTpl checks a template and saves it as version 1. Where the request
// created a template before, that template is returned and nothing is saved.
//
// The template's status becomes TplNormal, or TplInited where its data source
// cannot be reached now.
func (s *Service) CreateTpl(ctx context.Context, t *model.Tpl, r model.Request) (*model.Tpl, error) {
	before, err := s.db.TplByRequest(ctx, r)
	if before != nil || err != nil {
		return before, err
	}
	if _, err := s.CheckTpl(ctx, t); err != nil {
		return nil, err
	}
	return s.db.CreateTpl(ctx, *t, r)
}

// UpdateTpl lets edit change a template, checks the result and saves it as the
// next version. version is the one that the edit is based on, 0 for any; where
// the template has another version by now the error is a Conflict.
func (s *Service) UpdateTpl(ctx context.Context, id, version int32, edit func(*model.Tpl) error) (*model.Tpl, error) {
	return s.db.UpdateTpl(ctx, id, version, func(t *model.Tpl) error {
		if err := edit(t); err != nil {
			return err
		}
		_, err := s.CheckTpl(ctx, t)
		return err
	})
}

// CheckTpl checks a template's SQL, parameters, output columns and destinations
// against each other and against its data source. It sets the template's status
// and result columns and saves nothing.
func (s *Service) CheckTpl(ctx context.Context, t *model.Tpl) (Check, error) {
	st, err := s.parse(t.Source, t.OperatorID, t.Expr)
	if err != nil {
		return Check{}, err
	}
	return s.checkTpl(ctx, t, st)
}

// Check is the result of CheckTpl.
type Check struct {
	Columns []format.Column // of the file; none if the data source cannot be reached
	// Warnings are about values that the data source will not send as the SQL
	// suggests.
	Warnings []model.Warning
}

// parse parses SQL for a data source, which has to be one that the operator may
// use.
func (s *Service) parse(source string, operator int32, expr string) (*sqlcheck.Statement, error) {
	if err := s.checkSource(source, operator); err != nil {
		return nil, err
	}
	return ParseStatement(expr, s.sources.CheckOptions(source))
}

// checkTpl is CheckTpl for a statement that is parsed already.
func (s *Service) checkTpl(ctx context.Context, t *model.Tpl, st *sqlcheck.Statement) (Check, error) {
	if _, err := st.Declare(checkDecls(t.Params.V)); err != nil {
		return Check{}, invalid("etplParams", "%s", err)
	}
	if _, err := parseColumns(t.OutputColumns); err != nil {
		return Check{}, err
	}
	if err := checkOptions(t.Options.V); err != nil {
		return Check{}, err
	}
	if err := CheckFileName(t.Options.V.FileName, st); err != nil {
		return Check{}, err
	}
	if err := s.checkDeliverTo("etplDeliverTo", t.OperatorID, t.DeliverTo.V, st.Names); err != nil {
		return Check{}, err
	}
	if err := s.checkDeliverTo("etplNotify.to", t.OperatorID, t.Notify.V.To, st.Names); err != nil {
		return Check{}, err
	}
	columns, err := prepare(ctx, s.sources, t.Source, st, t.Params.V)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return Check{}, ctx.Err()
	case s.sources.Transient(err):
		t.Status = model.TplInited
		t.ResultColumns.V = []model.ResultColumn{}
		return Check{}, nil
	default:
		return Check{}, sourceError(t.Source, t.Expr, err)
	}
	resolved, err := Columns(t.OutputColumns, columns, t.OutputFormat)
	if err != nil {
		return Check{}, err
	}
	t.Status = model.TplNormal
	t.ResultColumns.V = resultColumns(columns)
	return Check{Columns: resolved, Warnings: NoteWarnings(s.sources.Notes(t.Source, st.SQL, columns))}, nil
}

// sourceError returns the error of a caller whose statement a data source
// rejected. Only an error of the statement names etplExpr; what the operator or
// the database server has to mend is a WrongState.
func sourceError(name, expr string, err error) error {
	text := err.Error()
	if server, ok := errors.AsType[*source.ServerError](err); ok {
		text = server.Error() + syntaxHint(server)
	}
	if source.Classify(err).Owner != source.Author {
		return model.Errorf(model.WrongState, "the data source %q cannot be used; its administrator has to mend this: %s", name, text)
	}
	return invalidAt(serverPlace(expr, err), "etplExpr", "the data source %q says: %s", name, text)
}

func resultColumns(columns []row.Column) []model.ResultColumn {
	out := make([]model.ResultColumn, len(columns))
	for i, c := range columns {
		out[i] = model.ResultColumn{Name: c.Name, Type: c.Type}
	}
	return out
}

// runnable is a template that instances can be created of, with its parsed
// statement.
type runnable struct {
	*model.Tpl
	stmt *sqlcheck.Statement
}

// loadRunnable reads a template to create instances of it for an operator. A template whose data
// source could not be reached when the template was saved is checked now, and the
// result of the check is saved.
func (s *Service) loadRunnable(ctx context.Context, id, operator int32) (runnable, error) {
	t, err := s.getTpl(ctx, id)
	if err != nil {
		return runnable{}, err
	}
	st, err := s.parse(t.Source, operator, t.Expr)
	if err != nil {
		return runnable{}, err
	}
	if t.Status == model.TplInited {
		if _, err := s.checkTpl(ctx, t, st); err != nil {
			return runnable{}, err
		}
		if t.Status == model.TplNormal {
			if err := s.db.SetTplChecked(ctx, t.ID, t.Version, t.ResultColumns.V); err != nil {
				return runnable{}, fmt.Errorf("save the check of template %d: %w", t.ID, err)
			}
		}
	}
	return runnable{Tpl: t, stmt: st}, nil
}

// getTpl reads a template that is not deleted.
func (s *Service) getTpl(ctx context.Context, id int32) (*model.Tpl, error) {
	t, err := s.db.GetTpl(ctx, id)
	if err != nil {
		return nil, err
	}
	if t.Status == model.TplDeleted {
		return nil, model.Errorf(model.WrongState, "etplId: %d, the template is deleted", t.ID)
	}
	return t, nil
}
