package sqlcheck

import "testing"

func TestName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"orders": "orders", "Order_2": "Order_2", "order": "`order`", "rank": "`rank`", "a b": "`a b`",
		"a`b": "`a``b`", "2026": "`2026`", "订单": "`订单`", "": "``",
	} {
		got := Name(name)
		if got != want {
			t.Errorf("Name(%q): got %s, want %s", name, got, want)
		}
		if name == "" {
			continue
		}
		if _, err := Check("SELECT "+got+" FROM "+got, Options{Dialect: MySQL}); err != nil {
			t.Errorf("Name(%q): %s is refused: %v", name, got, err)
		}
	}
}
