package task

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"exporttask/internal/filename"
	"exporttask/internal/model"
)

const (
	// maxPath and maxSubject bound the patterns, in bytes.
	maxPath    = 400
	maxSubject = 200
	// maxDeliverTo bounds the destinations of a template and of a schedule.
	maxDeliverTo = 10
	// MaxDeliveries bounds the deliveries of one instance: to the destinations of
	// its template and of its schedule,
	// and the notices of the three events to the same number of destinations.
	MaxDeliveries = 2*maxDeliverTo + 3*2*maxDeliverTo
	// maxRecipients bounds the addresses for one destination.
	maxRecipients = 100
)

// checkDeliverTo checks destinations against the configuration, and their
// patterns against the names of the parameters that they may use.
func (s *Service) checkDeliverTo(field string, operator int32, list []model.DeliverTo, params []string) error {
	if err := s.checkDestinations(field, operator, list); err != nil {
		return err
	}
	return CheckDeliverTo(field, list, params)
}

// checkDestinations checks destinations against the configuration.
func (s *Service) checkDestinations(field string, operator int32, list []model.DeliverTo) error {
	if len(list) > maxDeliverTo {
		return invalid(field, "%d destinations, want at most %d", len(list), maxDeliverTo)
	}
	for i, to := range list {
		at := field + "[" + strconv.Itoa(i) + "]"
		if n := len(to.Recipients); n > maxRecipients {
			return invalid(at+".recipients", "%d addresses, want at most %d", n, maxRecipients)
		}
		if err := s.deliveries.Check(operator, to); err != nil {
			return model.Errorf(model.Invalid, "%s.%s", at, err)
		}
	}
	return nil
}

// RetryDelivery makes a failed delivery wait for another attempt, and wakes the
// workers of this process.
func (s *Service) RetryDelivery(ctx context.Context, id int64) (*model.Delivery, error) {
	v, err := s.db.RetryDelivery(ctx, id)
	if err != nil {
		return nil, err
	}
	s.deliveries.Wake()
	return v, nil
}

// CheckDeliverTo checks the path and subject patterns of destinations. params are
// the names of the parameters that a pattern may use.
func CheckDeliverTo(field string, list []model.DeliverTo, params []string) error {
	for i, to := range list {
		at := field + "[" + strconv.Itoa(i) + "]"
		switch {
		case len(to.Path) > maxPath:
			return model.Errorf(model.Invalid, "%s.path: %d bytes, want at most %d", at, len(to.Path), maxPath)
		case len(to.Subject) > maxSubject:
			return model.Errorf(model.Invalid, "%s.subject: %d bytes, want at most %d", at, len(to.Subject), maxSubject)
		}
		used, err := filename.CheckPath(to.Path)
		if err != nil {
			return model.Errorf(model.Invalid, "%s.path: %s", at, err)
		}
		if err := checkPatternParams(at+".path", used, params); err != nil {
			return err
		}
		subject, err := filename.ParseLine(to.Subject)
		if err != nil {
			return model.Errorf(model.Invalid, "%s.subject: %s", at, err)
		}
		if err := checkPatternParams(at+".subject", subject.Params(), params); err != nil {
			return err
		}
	}
	return nil
}

// checkPatternParams returns an error where a pattern uses a parameter that the
// SQL does not have.
func checkPatternParams(field string, used, params []string) error {
	for _, name := range used {
		if !slices.Contains(params, name) {
			return model.Errorf(model.Invalid, "%s: {param.%s}, want a parameter that the SQL uses", field, name)
		}
	}
	return nil
}

// FreezeDeliverTo fills in the words of path and subject patterns that are known
// when an instance is created: dates and parameters. {name}, {id} and {attempt}
// stay. operator is the one that asks for the destinations.
func FreezeDeliverTo(list []model.DeliverTo, operator int32, params []model.Param, at RunWindow) ([]model.DeliverTo, error) {
	v := frozen(params, at)
	list = slices.Clone(list)
	for i := range list {
		to := &list[i]
		to.Operator = &operator
		parts := strings.Split(to.Path, "/")
		for j, part := range parts {
			p, err := filename.Parse(part)
			if err != nil {
				return nil, model.Errorf(model.Invalid, "path: %s", err)
			}
			parts[j] = p.Expand(v)
		}
		to.Path = strings.Join(parts, "/")
		subject, err := filename.ParseLine(to.Subject)
		if err != nil {
			return nil, model.Errorf(model.Invalid, "subject: %s", err)
		}
		to.Subject = subject.Expand(v)
	}
	return list, nil
}

// Subject returns the subject of an instance's e-mail from its frozen pattern,
// empty where the pattern is empty.
func Subject(in *model.Inst, frozen string) string {
	p, err := filename.ParseLine(frozen)
	if err != nil {
		return frozen
	}
	return p.Expand(late(in))
}

// FilePath returns where an instance's file goes in a destination, from the
// frozen path of its delivery; see filename.ExpandPath.
func FilePath(in *model.Inst, frozen, file string) string {
	return filename.ExpandPath(frozen, file, late(in))
}
