package task

import (
	"fmt"
	"regexp"
	"strings"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
	"exporttask/internal/model"
)

// Drift is the difference between the columns of a result and the columns that
// the template had when it was checked.
type Drift struct {
	Missing []string // names of columns that are gone
	Retyped []string // "amount was DECIMAL, is VARCHAR"
	Extra   []string // names of columns that are new

	order []int // places in the result: the checked columns in their order, then the extra ones
	extra int   // how many of order are extra
}

// Compare compares the columns of a result with the checked columns of its
// template, by name; columns of equal names are matched in order. Without checked
// columns there is no drift.
func Compare(checked []model.ResultColumn, result []row.Column) Drift {
	var d Drift
	if len(checked) == 0 {
		for i := range result {
			d.order = append(d.order, i)
		}
		return d
	}
	places := map[string][]int{}
	for i, c := range result {
		places[c.Name] = append(places[c.Name], i)
	}
	for _, c := range checked {
		name := c.Name
		if len(places[name]) == 0 && strings.Contains(name, "?") {
			name = named(name, result, places)
		}
		at := places[name]
		if len(at) == 0 {
			d.Missing = append(d.Missing, c.Name)
			continue
		}
		places[name] = at[1:]
		d.order = append(d.order, at[0])
		if now := result[at[0]].Type; now != c.Type {
			d.Retyped = append(d.Retyped, fmt.Sprintf("%q was %s, is %s", c.Name, c.Type, now))
		}
	}
	for i, c := range result {
		if at := places[c.Name]; len(at) > 0 && at[0] == i {
			places[c.Name] = at[1:]
			d.Extra = append(d.Extra, c.Name)
			d.order = append(d.order, i)
			d.extra++
		}
	}
	return d
}

// named returns the name of the result column that an earlier version named
// after the SQL that it sent, with "?" for each parameter: "?+1" is ":n+1" now.
// places holds the columns that are not matched yet. It returns name where there
// is none.
func named(name string, result []row.Column, places map[string][]int) string {
	for _, c := range result {
		if len(places[c.Name]) > 0 && paramInName.ReplaceAllString(c.Name, "?") == name {
			return c.Name
		}
	}
	return name
}

var paramInName = regexp.MustCompile(`:[A-Za-z_][A-Za-z0-9_]*`)

// Columns returns the output columns of an instance; result is the result that d
// was computed from. Drift that the template does not allow is a *model.Error of
// kind WrongState that names the columns.
func (d Drift) Columns(in *model.Inst, result []row.Column) ([]format.Column, error) {
	if err := d.check(in.ExtraColumns); err != nil {
		return nil, err
	}
	order := d.order
	if in.OutputColumns != "" || in.ExtraColumns == model.ExtraDrop {
		order = order[:len(order)-d.extra]
	}
	kept := make([]row.Column, len(order))
	for i, at := range order {
		kept[i] = result[at]
	}
	columns, err := Columns(in.OutputColumns, kept, in.OutputFormat)
	if err != nil {
		return nil, err
	}
	for i := range columns {
		columns[i].Index = order[columns[i].Index]
	}
	return columns, nil
}

func (d Drift) check(extra model.ExtraColumns) error {
	var what []string
	add := func(list []string, format string) {
		if len(list) > 0 {
			what = append(what, fmt.Sprintf(format, strings.Join(list, ", ")))
		}
	}
	add(quoted(d.Missing), "missing: %s")
	add(d.Retyped, "of another type: %s")
	if extra == model.ExtraError {
		add(quoted(d.Extra), "new: %s")
	}
	if len(what) == 0 {
		return nil
	}
	return model.Errorf(model.WrongState, "the result's columns are not those that the template was checked with; %s; "+
		"change the SQL, or save the template again to take them as they are now", strings.Join(what, "; "))
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return out
}
