package session

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func keys(names ...string) *Sealer {
	return NewSealer(func() ([][]byte, error) {
		list := make([][]byte, len(names))
		for i, name := range names {
			list[i] = make([]byte, 32)
			copy(list[i], name)
		}
		return list, nil
	})
}

func TestSealer(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	want := Session{Token: "exportd_x", Person: &Person{"alice", 7, []string{"read"}}, Created: at, Seen: at.Add(time.Hour)}
	sealed, err := keys("old").Seal("session", want)
	if err != nil {
		t.Fatal(err)
	}
	again, err := keys("old").Seal("session", want)
	if err != nil || again == sealed {
		t.Errorf("the same session was sealed as the same text twice, %v", err)
	}
	for name, opener := range map[string]*Sealer{"same_key": keys("old"), "rotated_key": keys("new", "old")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got Session
			if err := opener.Open("session", sealed, &got); err != nil || cmp.Diff(got, want) != "" {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
	changed := []byte(sealed)
	changed[len(changed)/2] ^= 1
	for name, c := range map[string]struct {
		opener        *Sealer
		purpose, text string
	}{
		"removed_key":   {keys("new"), "session", sealed},
		"other_purpose": {keys("old"), "oidc", sealed},
		"changed_text":  {keys("old"), "session", string(changed)},
		"cut_text":      {keys("old"), "session", sealed[:10]},
		"empty_text":    {keys("old"), "session", ""},
		"not_base64":    {keys("old"), "session", "exportd_x.y"},
		"random_key":    {NewRandomSealer(), "session", sealed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got Session
			if err := c.opener.Open(c.purpose, c.text, &got); !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
}

func TestLifetime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := Lifetime{Idle: 2 * time.Hour, Max: 12 * time.Hour}
	for name, c := range map[string]struct {
		seen, now       time.Duration
		expired, renews bool
	}{
		"fresh":              {0, time.Minute, false, false},
		"used_later":         {0, 10 * time.Minute, false, true},
		"idle":               {0, 2 * time.Hour, true, true},
		"sliding":            {90 * time.Minute, 3 * time.Hour, false, true},
		"just_before_max":    {11 * time.Hour, 12*time.Hour - time.Second, false, true},
		"max_though_in_use":  {12*time.Hour - time.Second, 12 * time.Hour, true, false},
		"clock_of_a_replica": {time.Minute, 0, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &Session{Created: at, Seen: at.Add(c.seen)}
			now := at.Add(c.now)
			if l.Expired(s, now) != c.expired || l.NeedsRenewal(s, now) != c.renews {
				t.Errorf("got expired %t and renewal %t, want %t and %t", l.Expired(s, now), l.NeedsRenewal(s, now), c.expired, c.renews)
			}
		})
	}
}
