package payload

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"exporttask/internal/model"
)

// Clock is the layout of times in texts for people; the times are in UTC.
const Clock = "2006-01-02 15:04:05 UTC"

// Notice describes an event of an instance, or of a due time without one.
type Notice struct {
	Event    model.NoticeEvent
	At       time.Time
	Problem  string // why the due time has no instance
	Failures int32  // in a row; of EventRecovered, those before the success
	Paused   bool   // the schedule was paused because of them
	LateSec  int32
}

// words are the type of an event and the word that begins its subject.
var words = map[model.NoticeEvent]struct{ kind, word string }{
	model.EventFailed:    {"export.failed", "FAILED"},
	model.EventLate:      {"export.late", "LATE"},
	model.EventRecovered: {"export.recovered", "RECOVERED"},
}

// Type returns the type of the event, such as "export.failed".
func (n *Notice) Type() string { return words[n.Event].kind }

// Subject returns the subject of an e-mail: the event, and own, or the template
// and the instance where own is empty.
func (n *Notice) Subject(in *model.Inst, own string) string {
	word := words[n.Event].word
	if n.Paused {
		word += ", schedule PAUSED"
	}
	about := in.TplName
	switch {
	case in.ID != 0:
		about += fmt.Sprintf(", export %d", in.ID)
	case in.Due.Valid:
		about += ", due " + in.Due.Time.UTC().Format(Clock)
	}
	return word + ": " + cmp.Or(own, about)
}

// Text returns the text of an e-mail.
func (n *Notice) Text(in *model.Inst) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s %s\n", name+":", fmt.Sprintf(format, args...))
	}
	switch n.Event {
	case model.EventFailed:
		b.WriteString("An export has failed and is not tried again.\n\n")
	case model.EventLate:
		fmt.Fprintf(&b, "An export has not ended %d seconds after it was due.\n\n", n.LateSec)
	case model.EventRecovered:
		b.WriteString("An export has succeeded after failures.\n\n")
	case model.EventFiles:
	}
	line("Template", "%s", in.TplName)
	if in.SchedID != 0 {
		line("Schedule", "%d", in.SchedID)
	}
	if in.Due.Valid {
		line("Due", "%s", in.Due.Time.UTC().Format(Clock))
	}
	if in.ID == 0 {
		line("Export", "none was started")
	} else {
		line("Export", "%d", in.ID)
	}
	if n.Event == model.EventFailed && in.ErrMsg != "" {
		line("Error", "%s (errCode %s)", in.ErrMsg, in.ErrCode)
	}
	if n.Problem != "" {
		line("Problem", "%s", n.Problem)
	}
	if n.Failures > 0 {
		line("Failures", "%d in a row", n.Failures)
	}
	if n.Paused {
		b.WriteString("\nThe schedule is paused. Resume it when the cause is mended.\n")
	}
	return b.String()
}
