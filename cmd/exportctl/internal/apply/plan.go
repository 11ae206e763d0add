package apply

import (
	"context"
	"fmt"
	"slices"

	"exporttask/api"
	"exporttask/cmd/exportctl/internal/find"
	"exporttask/cmd/exportctl/internal/spec"
	"exporttask/cmd/exportctl/internal/term"
)

// Action is the kind of a change.
type Action string

// Actions of a change.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Change is one difference between the server and the files.
type Change struct {
	Action Action
	// What is "template" or "schedule"; a schedule's Name is TEMPLATE/NAME.
	What, Name string
	// Where is the place in the files, "orders.yaml:1"; empty for a deletion.
	Where string
	// Diff shows the removed and the added lines.
	Diff string

	// check has the server validate the change; nil if only making the change
	// does.
	check func(context.Context) error
	// do makes the change and returns the change that reverts it, or nil.
	do func(context.Context) (undo func(context.Context) error, err error)
}

// at adds the change's place in the files to an error.
func (c *Change) at(err error) error {
	err = fmt.Errorf("%s: %w", c, err)
	if c.Where != "" {
		err = fmt.Errorf("%s: %w", c.Where, err)
	}
	return err
}

func (c *Change) String() string { return fmt.Sprintf("%s %s %q", c.Action, c.What, c.Name) }

// Options limit what Make compares and deletes.
type Options struct {
	// OperatorID filters the server's templates and owns new ones; 0 is all
	// templates that the server shows.
	OperatorID int32
	Prune      bool
}

// Plan is the list of changes in order: creations and updates before deletions.
type Plan struct{ Changes []*Change }

// Make compares the server with the templates of the files and returns the changes
// that make the server match. It changes nothing.
func Make(ctx context.Context, server api.ExportTaskClient, tpls []spec.Tpl, o Options) (*Plan, error) {
	m := &maker{server: server, opts: o, known: map[int32]bool{}}
	for i := range tpls {
		if err := m.tpl(ctx, &tpls[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", tpls[i].Where, err)
		}
	}
	if o.Prune {
		if err := m.prune(ctx, tpls); err != nil {
			return nil, err
		}
	}
	return &Plan{Changes: append(m.changes, m.deletes...)}, nil
}

type maker struct {
	server  api.ExportTaskClient
	opts    Options
	changes []*Change
	deletes []*Change
	known   map[int32]bool // ids of templates that are in the files
}

func (m *maker) tpl(ctx context.Context, want *spec.Tpl) error {
	name := want.Req.GetEtplName()
	found, err := find.TplsNamed(ctx, m.server, name, m.opts.OperatorID)
	if err != nil {
		return err
	}
	if len(found) > 1 {
		return fmt.Errorf("name: the server has %d templates called %q, want one at most: delete the others or name the operator", len(found), name)
	}
	id := new(int32) // set when the template is created
	if len(found) == 0 {
		m.changes = append(m.changes, &Change{
			Action: Create, What: "template", Name: name, Where: want.Where,
			Diff: term.Diff("", spec.FormatTpl(want.Req)), check: m.checkTpl(want.Req), do: m.createTpl(want.Req, id),
		})
		for i := range want.Scheds {
			m.newSched(&want.Scheds[i], id)
		}
		return nil
	}
	has := found[0]
	*id = has.GetEtplId()
	m.known[*id] = true
	if diff := term.Diff(spec.FormatTpl(spec.OfTpl(has)), spec.FormatTpl(want.Req)); diff != "" {
		m.changes = append(m.changes, &Change{
			Action: Update, What: "template", Name: name, Where: want.Where, Diff: diff,
			check: m.checkTpl(want.Req), do: m.updateTpl(has, want.Req),
		})
	}
	return m.scheds(ctx, want, id)
}

// scheds adds the changes of the schedules of a template.
func (m *maker) scheds(ctx context.Context, want *spec.Tpl, tplID *int32) error {
	has, err := find.SchedsOf(ctx, m.server, *tplID)
	if err != nil {
		return err
	}
	named := map[string]*api.WshExportSched{}
	for _, s := range has {
		if _, twice := named[s.GetEschedName()]; twice {
			return fmt.Errorf("schedules: the server has two called %q for this template, want one at most", s.GetEschedName())
		}
		named[s.GetEschedName()] = s
	}
	for i := range want.Scheds {
		s := &want.Scheds[i]
		name := s.Req.GetEschedName()
		old := named[name]
		delete(named, name)
		if old == nil {
			m.newSched(s, tplID)
			continue
		}
		if diff := term.Diff(spec.FormatSched(spec.OfSched(old)), spec.FormatSched(s.Req)); diff != "" {
			m.changes = append(m.changes, &Change{
				Action: Update, What: "schedule", Name: s.Template + "/" + name, Where: s.Where, Diff: diff, do: m.updateSched(old, s.Req),
			})
		}
	}
	if m.opts.Prune {
		for _, s := range has {
			if named[s.GetEschedName()] != nil {
				m.dropSched(want.Req.GetEtplName(), s)
			}
		}
	}
	return nil
}

func (m *maker) newSched(s *spec.Sched, tplID *int32) {
	m.changes = append(m.changes, &Change{
		Action: Create, What: "schedule", Name: s.Template + "/" + s.Req.GetEschedName(), Where: s.Where,
		Diff: term.Diff("", spec.FormatSched(s.Req)), do: m.createSched(s.Req, tplID),
	})
}

func (m *maker) dropSched(tpl string, s *api.WshExportSched) {
	m.deletes = append(m.deletes, &Change{
		Action: Delete, What: "schedule", Name: tpl + "/" + s.GetEschedName(),
		Diff: term.Diff(spec.FormatSched(spec.OfSched(s)), ""), do: m.deleteSched(s.GetEschedId()),
	})
}

// prune adds the deletions of templates that have a tag of the files but are not in
// them, each after its schedules.
func (m *maker) prune(ctx context.Context, tpls []spec.Tpl) error {
	var tags []string
	for _, t := range tpls {
		if tag := t.Req.GetEtplTag(); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	for _, tag := range tags {
		has, err := find.Tpls(ctx, m.server, &api.WshExportTaskListTplReq{EtplTag: tag, OperatorId: m.opts.OperatorID})
		if err != nil {
			return err
		}
		for _, t := range has {
			if m.known[t.GetEtplId()] {
				continue
			}
			scheds, err := find.SchedsOf(ctx, m.server, t.GetEtplId())
			if err != nil {
				return err
			}
			for _, s := range scheds {
				m.dropSched(t.GetEtplName(), s)
			}
			m.deletes = append(m.deletes, &Change{
				Action: Delete, What: "template", Name: t.GetEtplName(),
				Diff: term.Diff(spec.FormatTpl(spec.OfTpl(t)), ""), do: m.deleteTpl(t.GetEtplId()),
			})
		}
	}
	return nil
}
