package model

import (
	"fmt"
	"slices"
	"testing"
)

// versions returns the versions of a template as "VERSION NAME by CALLER", newest
// first.
func versions(t *testing.T, d *DB, id int32) []string {
	t.Helper()
	list, err := d.ListTplVersions(t.Context(), id, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range list {
		text := fmt.Sprintf("%d %s by %d %s", v.Version, v.Tpl.V.Name, v.OperatorID, v.ChangedBy)
		if v.Deleted {
			text += " deleted"
		}
		out = append(out, text)
	}
	return out
}

func TestDB_ListTplVersions(t *testing.T) {
	t.Parallel()
	d := setup(t)
	rename := func(actor Actor, id int32, name string) {
		t.Helper()
		_, err := d.UpdateTpl(WithActor(t.Context(), actor), id, 0, func(t *Tpl) error {
			t.Name, t.Expr = name, "SELECT '"+name+"'"
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	alice := Actor{Operator: 7, Token: "alice", Via: "http"}
	tpl := addTpl(t, d, "first")
	rename(alice, tpl.ID, "second")
	if _, err := d.DeleteTpl(WithActor(t.Context(), alice), tpl.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.DeleteTpl(t.Context(), tpl.ID); err != nil { // again
		t.Fatal(err)
	}
	if got, want := versions(t, d, tpl.ID), []string{"2 second by 7 alice deleted", "2 second by 7 alice", "1 first by 0 "}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Run("content", func(t *testing.T) {
		list, err := d.ListTplVersions(t.Context(), tpl.ID, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		if v := list[1]; v.Tpl.V.Expr != "SELECT 'second'" || v.Tpl.V.ID != tpl.ID || v.At.IsZero() || !v.Tpl.V.Created.Equal(tpl.Created) || v.Tpl.V.Source != tpl.Source {
			t.Errorf("got %+v, want the whole template", v)
		}
	})
	t.Run("pages", func(t *testing.T) {
		first, err := d.ListTplVersions(t.Context(), tpl.ID, 0, 2)
		if err != nil || len(first) != 2 {
			t.Fatalf("got %d versions, %v, want 2", len(first), err)
		}
		rest, err := d.ListTplVersions(t.Context(), tpl.ID, first[1].Key(), 2)
		if err != nil || len(rest) != 1 || rest[0].Version != 1 {
			t.Errorf("got %+v, %v, want version 1", rest, err)
		}
	})
	t.Run("no_such_template", func(t *testing.T) {
		_, err := d.ListTplVersions(t.Context(), 404, 0, 10)
		wantKind(t, err, NotFound)
	})
}

// TestDB_ListTplVersions_earlier_release lists versions of templates that a release
// without versions created and changed.
func TestDB_ListTplVersions_earlier_release(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "old")
	run(t, d, "DELETE FROM welife_export_tpl_version WHERE etplId = ?", tpl.ID)
	if got, want := versions(t, d, tpl.ID), []string{"1 old by 0 "}; !slices.Equal(got, want) {
		t.Errorf("created before: got %q, want %q", got, want)
	}
	if _, err := d.UpdateTpl(t.Context(), tpl.ID, 0, func(t *Tpl) error { t.Name = "new"; return nil }); err != nil {
		t.Fatal(err)
	}
	if got, want := versions(t, d, tpl.ID), []string{"2 new by 0 ", "1 old by 0 "}; !slices.Equal(got, want) {
		t.Errorf("changed: got %q, want %q", got, want)
	}
	run(t, d, "UPDATE welife_export_tpl SET etplName = 'newer', etplVersion = 3 WHERE etplId = ?", tpl.ID)
	if got, want := versions(t, d, tpl.ID), []string{"3 newer by 0 ", "2 new by 0 ", "1 old by 0 "}; !slices.Equal(got, want) {
		t.Errorf("changed by an earlier release: got %q, want %q", got, want)
	}
}

func TestDB_ListTplVersions_bounded(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "n")
	run(t, d, "UPDATE welife_export_tpl SET etplVersion = ? WHERE etplId = ?", maxTplVersions, tpl.ID)
	if _, err := d.UpdateTpl(t.Context(), tpl.ID, 0, func(*Tpl) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got := versions(t, d, tpl.ID); len(got) != 2 { // version 1 is gone
		t.Errorf("got %q, want versions 501 and 500", got)
	}
}

// TestTplVersion_stored_content reads a version that an earlier release has stored.
func TestTplVersion_stored_content(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "n")
	run(t, d, "UPDATE welife_export_tpl_version SET content = ? WHERE etplId = ?",
		`{"ID":1,"Name":"shops","Tag":"mall","Source":"shop","Expr":"SELECT 1","OutputColumns":"a:A","OutputFormat":3,`+
			`"Params":{"V":[{"name":"p","type":1}]},"Options":{"V":{"bom":true}},"Limits":{"V":{"rows":5}},"OperatorID":7,"TimeoutSec":60,"Gone":1}`, tpl.ID)
	list, err := d.ListTplVersions(t.Context(), tpl.ID, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	got := list[0].Tpl.V
	if got.Name != "shops" || got.Tag != "mall" || got.OutputFormat != FormatXLSX || got.Params.V[0].Name != "p" || !got.Options.V.BOM ||
		got.Limits.V.Rows != 5 || got.OperatorID != 7 || got.TimeoutSec != 60 {
		t.Errorf("got %+v", got)
	}
}
