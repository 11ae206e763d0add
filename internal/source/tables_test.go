package source

import (
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

func TestSource_Tables(t *testing.T) {
	t.Parallel()
	dsn := setup(t,
		"CREATE TABLE orders (id BIGINT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'the number', `a``b` VARCHAR(20), KEY k (`a``b`))",
		"CREATE TABLE `order_lines` (id INT)", "CREATE TABLE `orderXlines` (id INT)", "CREATE VIEW paid AS SELECT id FROM orders", "CREATE TABLE 订单 (编号 INT)")
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	schema := cfg.DBName
	s := open(t, testkit.Account(t, dsn, "SELECT"), Options{})
	all := []Table{{schema, "orders", false}, {schema, "orderXlines", false}, {schema, "order_lines", false}, {schema, "paid", true}, {schema, "订单", false}}
	for name, c := range map[string]struct {
		filter TableFilter
		want   []Table
	}{
		"all":             {TableFilter{Schemas: []string{schema}, Limit: 10}, all},
		"page":            {TableFilter{Schemas: []string{schema}, Offset: 1, Limit: 2}, all[1:3]},
		"name":            {TableFilter{Schemas: []string{schema}, NamePart: "aid", Limit: 10}, all[3:4]},
		"name_in_chinese": {TableFilter{Schemas: []string{schema}, NamePart: "单", Limit: 10}, all[4:]},
		"no_wildcards":    {TableFilter{Schemas: []string{schema}, NamePart: "r_l", Limit: 10}, all[2:3]},
		"no_schemas":      {TableFilter{Limit: 10}, nil},
		"other_schema":    {TableFilter{Schemas: []string{"it's not there"}, Limit: 10}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := s.Tables(t.Context(), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("columns", func(t *testing.T) {
		t.Parallel()
		got, err := s.TableColumns(t.Context(), schema, "orders")
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i].Type == "bigint unsigned" { // MySQL has no display width
				got[i].Type = "bigint(20) unsigned"
			}
		}
		want := []TableColumn{{"id", "bigint(20) unsigned", false, "PRI", "the number"}, {"a`b", "varchar(20)", true, "MUL", ""}}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSource_Tables_grants(t *testing.T) {
	t.Parallel()
	dsn := setup(t, "CREATE TABLE open_table (id INT)", "CREATE TABLE secret (id INT)")
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	account := testkit.Account(t, dsn, "SELECT ON open_table")
	s := open(t, account, Options{})
	got, err := s.Tables(t.Context(), TableFilter{Schemas: []string{cfg.DBName}, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Table{{cfg.DBName, "open_table", false}}; cmp.Diff(got, want) != "" {
		t.Errorf("got %v, want the granted table alone", got)
	}
	if columns, err := s.TableColumns(t.Context(), cfg.DBName, "secret"); err != nil || columns != nil {
		t.Errorf("columns of a table without a grant: got %v, %v, want none", columns, err)
	}
}
