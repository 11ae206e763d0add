package task_test

import (
	"regexp"
	"strings"
	"testing"

	"exporttask/internal/model"
	"exporttask/internal/task"
	"exporttask/internal/task/tasktest"
)

func TestCharsetHint(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	f.Source.Exec(t, "CREATE TABLE old (q VARCHAR(20) CHARACTER SET latin1, u VARCHAR(20) CHARACTER SET utf8mb3)")
	f.Source.Exec(t, "INSERT INTO old VALUES ('abc', 'abc')")
	preview := func(expr, value string) (int, error) {
		params := []model.Param{{Name: "n", Value: "1"}, {Name: "q", Value: value}}
		p, err := f.Preview(t.Context(), &model.Tpl{Source: "default", Expr: expr}, task.PreviewParams{Rows: 1, Params: params})
		if err != nil {
			return 0, err
		}
		return len(p.Rows), nil
	}
	for expr, value := range map[string]string{
		"SELECT q FROM old WHERE :n = '1' AND q = :q":            "小明",
		"SELECT q FROM old WHERE :n = '1' AND u = :q":            "🙂",
		"SELECT q FROM old WHERE :n = '1' AND q LIKE :q":         "%小明%",
		"SELECT q FROM old WHERE :n = '1' AND CONCAT(q, :q) > 0": "小明",
	} {
		_, err := preview(expr, value)
		if err == nil || !strings.Contains(err.Error(), "the value of :q: compare CONVERT(column USING utf8mb4)") {
			t.Errorf("%s: got %v, want the parameter and the way round", expr, err)
		}
		// The way round.
		around := strings.NewReplacer("q =", "CONVERT(q USING utf8mb4) =", "u =", "CONVERT(u USING utf8mb4) =",
			"q LIKE", "CONVERT(q USING utf8mb4) LIKE", "CONCAT(q", "CONCAT(CONVERT(q USING utf8mb4)").Replace(expr)
		if n, err := preview(around, value); n != 0 || err != nil {
			t.Errorf("%s: got %d rows, %v, want none", around, n, err)
		}
	}
	if n, err := preview("SELECT q FROM old WHERE :n = '1' AND q = :q", "abc"); n != 1 || err != nil {
		t.Errorf("a value that fits: got %d rows, %v, want 1", n, err)
	}
	if _, err := preview("SELECT q FROM old WHERE :n = '1' AND 'a' COLLATE utf8mb4_bin = :q COLLATE utf8mb4_general_ci", "abc"); err == nil || strings.Contains(err.Error(), "CONVERT") {
		t.Errorf("mixed collations of ASCII values: got %v, want the server's text alone", err)
	}
}

// TestService_Preview_reserved_word shows the way round for a word that a server
// reserves, also while the kind of the server is not known.
func TestService_Preview_reserved_word(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	for _, expr := range []string{"SELECT 1 AS rank", "SELECT 1 AS offset FROM (SELECT 1) AS x", "SELECT 1 FROM (SELECT 1) AS groups"} {
		_, err := f.Preview(t.Context(), &model.Tpl{Source: "default", Expr: expr}, task.PreviewParams{Rows: 1})
		if err != nil && !strings.Contains(err.Error(), "back-quotes around a reserved word that is a name: `") {
			t.Errorf("%s: got %v, want the way round", expr, err)
		}
		quoted := regexp.MustCompile(`(rank|offset|groups)`).ReplaceAllString(expr, "`$1`")
		if _, err := f.Preview(t.Context(), &model.Tpl{Source: "default", Expr: quoted}, task.PreviewParams{Rows: 1}); err != nil {
			t.Errorf("%s: %v", quoted, err)
		}
	}
}
