package sqlcheck

import "testing"

// TestFreeze_claims freezes claims of a token, writes them into the SQL, and wants
// an error wherever a caller or a template would decide about them.
func TestFreeze_claims(t *testing.T) {
	t.Parallel()
	list := Value{Texts: []string{"1", "2"}}
	token := []Param{{"claim_region", one("eu")}, {"claim_shops", list}, {"claim_n", one("3")}}
	ints := Decl{Name: "claim_shops", Type: "int[]", Required: true}
	for name, c := range map[string]struct {
		sql    string
		decls  []Decl
		given  []Param
		system []Param
		want   string // SQL
		err    string
	}{
		"text":           {sql: "SELECT 1 FROM t WHERE a = :claim_region", system: token, want: "SELECT 1 FROM t WHERE a = 'eu'"},
		"list":           {sql: "SELECT 1 FROM t WHERE a IN (:claim_shops)", system: token, want: "SELECT 1 FROM t WHERE a IN ('1','2')"},
		"one_as_list":    {sql: "SELECT 1 FROM t WHERE a IN (:claim_region)", system: token, want: "SELECT 1 FROM t WHERE a IN ('eu')"},
		"declared":       {sql: "SELECT 1 FROM t WHERE a IN (:claim_shops)", decls: []Decl{ints}, system: token, want: "SELECT 1 FROM t WHERE a IN (1,2)"},
		"in_and_outside": {sql: "SELECT 1 FROM t WHERE a IN (:claim_region) AND b = :claim_region", system: token, want: "SELECT 1 FROM t WHERE a IN ('eu') AND b = 'eu'"},
		"limit":          {sql: "SELECT 1 FROM t LIMIT :claim_n", system: token, want: "SELECT 1 FROM t LIMIT 3"},
		"missing":        {sql: "SELECT :claim_team", system: token, err: `parameter "claim_team": the caller's token has no claim "team"; allowed: tokens with this claim in the tokens file`},
		"no_token":       {sql: "SELECT :claim_region", err: `parameter "claim_region": the caller's token has no claim "region"; allowed: tokens with this claim in the tokens file`},
		"given":          {sql: "SELECT :claim_region", given: []Param{{"claim_region", one("us")}}, system: token, err: `parameter "claim_region": given, but it is filled in by the service; allowed: a parameter with another name`},
		"given_no_token": {sql: "SELECT :claim_region", given: []Param{{"claim_region", one("us")}}, err: `parameter "claim_region": given, but it is filled in by the service; allowed: a parameter with another name`},
		"capitals":       {sql: "SELECT :Claim_region", given: []Param{{"Claim_region", one("us")}}, system: token, err: `parameter "Claim_region": built-in in capitals; allowed: :claim_region`},
		"capitals_after": {sql: "SELECT :claim_REGION", given: []Param{{"claim_REGION", one("us")}}, system: token, err: `parameter "claim_REGION": built-in in capitals; allowed: :claim_region`},
		"optional":       {sql: "SELECT :claim_region", decls: []Decl{{Name: "claim_region"}}, system: token, err: `parameter "claim_region": optional claim; allowed: a required parameter without a default; the service fills it in from the caller's token`},
		"default":        {sql: "SELECT :claim_region", decls: []Decl{{Name: "claim_region", Default: &Value{Text: "us"}}}, err: `parameter "claim_region": optional claim; allowed: a required parameter without a default; the service fills it in from the caller's token`},
		"as_a_default":   {sql: "SELECT :x", decls: []Decl{{Name: "x", Default: &Value{Text: ":claim_region"}}}, system: token, want: "SELECT ':claim_region' AS `:x`"},
		"wrong_type":     {sql: "SELECT :claim_region", decls: []Decl{{Name: "claim_region", Type: Int, Required: true}}, system: token, err: `parameter "claim_region": got "eu"; allowed: an integer from -9223372036854775808 to 18446744073709551615`},
		"list_outside":   {sql: "SELECT :claim_shops", system: token, err: `parameter "claim_shops": list of 2 values; allowed: one value of type string`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mustCheck(t, c.sql)
			frozen, err := Freeze(st, c.decls, c.given, c.system)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("got %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Bind(st, c.decls, frozen); err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}
