package auth

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"exporttask/internal/model"
)

// Owners tells whose things are: the operatorId they were made with. What does
// not exist is a model.NotFound error, with the text that the handlers give.
type Owners interface {
	TplOwner(ctx context.Context, id int32) (int32, error)
	InstOwner(ctx context.Context, id int64) (int32, error)
	SchedOwner(ctx context.Context, id int64) (int32, error)
	DeliveryOwner(ctx context.Context, id int64) (int32, error)
}

// operatorField is the field that says for whom a request is.
const operatorField = "operatorId"

// kind is a kind of thing that belongs to an operator.
type kind struct {
	noun  string // as the model calls it
	owner func(Owners, context.Context, int64) (int32, error)
}

// kinds are the fields that name such a thing, in whatever request they are.
var kinds = map[protoreflect.Name]kind{
	"etplId": {"template", func(o Owners, ctx context.Context, id int64) (int32, error) {
		return o.TplOwner(ctx, int32(id)) //nolint:gosec // the field is an int32
	}},
	"einstId":     {"instance", Owners.InstOwner},
	"eschedId":    {"schedule", Owners.SchedOwner},
	"edeliveryId": {"delivery", Owners.DeliveryOwner},
}

// own makes a request the caller's: operatorId becomes its operator, and every
// id must be of something that belongs to it. Messages inside the request are
// looked at as well.
func own(ctx context.Context, owners Owners, operator int32, req proto.Message) error {
	return ownMessage(ctx, owners, operator, req.ProtoReflect(), "")
}

func ownMessage(ctx context.Context, owners Owners, operator int32, m protoreflect.Message, path string) error {
	if err := ownOperator(operator, m, path); err != nil {
		return err
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !m.Has(field) {
			continue
		}
		k, named := kinds[field.Name()]
		switch {
		case named:
			if err := ownID(ctx, owners, operator, k, path+string(field.Name()), m.Get(field).Int()); err != nil {
				return err
			}
		case field.Message() != nil && !field.IsList() && !field.IsMap():
			if err := ownMessage(ctx, owners, operator, m.Get(field).Message(), path+string(field.Name())+"."); err != nil {
				return err
			}
		}
	}
	return nil
}

func ownOperator(operator int32, m protoreflect.Message, path string) error {
	field := m.Descriptor().Fields().ByName(operatorField)
	if field == nil {
		return nil
	}
	if got := m.Get(field).Int(); got != 0 && got != int64(operator) {
		return model.Errorf(model.Invalid, "%s%s: %d, want 0 or %d, the operator of your token", path, operatorField, got, operator)
	}
	m.Set(field, protoreflect.ValueOfInt32(operator))
	return nil
}

// ownID refuses what belongs to another as the model refuses what does not
// exist. An id that can't exist is left to the handler, which says so.
func ownID(ctx context.Context, owners Owners, operator int32, k kind, field string, id int64) error {
	if id <= 0 {
		return nil
	}
	owner, err := k.owner(owners, ctx, id)
	if err != nil {
		return err
	}
	if owner != operator {
		return missing(k, field, id)
	}
	return nil
}

func missing(k kind, field string, id int64) error {
	return model.Errorf(model.NotFound, "%s: %d, no such %s", field, id, k.noun)
}

// attribute sets the operatorId of an admin's request that names nobody.
func attribute(operator int32, req proto.Message) error {
	m := req.ProtoReflect()
	field := m.Descriptor().Fields().ByName(operatorField)
	if field == nil {
		return fmt.Errorf("%s has no %s", m.Descriptor().FullName(), operatorField)
	}
	if m.Get(field).Int() == 0 {
		m.Set(field, protoreflect.ValueOfInt32(operator))
	}
	return nil
}
