package auth

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"exporttask/internal/model"
)

// OwnerLookup returns the operator that owns an object: the operatorId that the
// object was created with. The error is a *model.Error of kind NotFound, with
// the text that the handlers use, if there is no such object.
type OwnerLookup interface {
	TplOwner(ctx context.Context, id int32) (int32, error)
	InstOwner(ctx context.Context, id int64) (int32, error)
	SchedOwner(ctx context.Context, id int64) (int32, error)
	DeliveryOwner(ctx context.Context, id int64) (int32, error)
}

// operatorField is the request field that names the operator a request is for.
const operatorField = "operatorId"

// ownedObject describes a type of object that belongs to an operator.
type ownedObject struct {
	noun  string // the object's name in the error texts of package model
	kind  model.AuditKind
	owner func(OwnerLookup, context.Context, int64) (int32, error)
}

// ownedObjects are the request fields that hold the id of such an object, by
// the field's name in any request.
var ownedObjects = map[protoreflect.Name]ownedObject{
	"etplId": {"template", model.AuditTpl, func(o OwnerLookup, ctx context.Context, id int64) (int32, error) {
		return o.TplOwner(ctx, int32(id)) // the field is an int32
	}},
	"einstId":     {"instance", model.AuditInst, OwnerLookup.InstOwner},
	"eschedId":    {"schedule", model.AuditSched, OwnerLookup.SchedOwner},
	"edeliveryId": {"delivery", model.AuditDelivery, OwnerLookup.DeliveryOwner},
}

// restrict limits a request to one operator: it sets operatorId to the
// operator, and returns an error unless every id in the request and in its
// nested messages belongs to the operator.
func restrict(ctx context.Context, owners OwnerLookup, operator int32, req proto.Message) error {
	return restrictMessage(ctx, owners, operator, req.ProtoReflect(), "")
}

func restrictMessage(ctx context.Context, owners OwnerLookup, operator int32, m protoreflect.Message, path string) error {
	if err := restrictOperator(operator, m, path); err != nil {
		return err
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !m.Has(field) {
			continue
		}
		object, named := ownedObjects[field.Name()]
		switch {
		case named:
			if err := checkID(ctx, owners, operator, object, path+string(field.Name()), m.Get(field).Int()); err != nil {
				return err
			}
		case field.Message() != nil && !field.IsList() && !field.IsMap():
			if err := restrictMessage(ctx, owners, operator, m.Get(field).Message(), path+string(field.Name())+"."); err != nil {
				return err
			}
		}
	}
	return nil
}

func restrictOperator(operator int32, m protoreflect.Message, path string) error {
	field := m.Descriptor().Fields().ByName(operatorField)
	if field == nil {
		return nil
	}
	if got := m.Get(field).Int(); got != 0 && got != int64(operator) {
		return &foreignObjectError{
			detail: fmt.Sprintf("as operator %d", got),
			Err:    model.Errorf(model.Invalid, "%s%s: %d, want 0 or %d, the operator of your token", path, operatorField, got, operator),
		}
	}
	m.Set(field, protoreflect.ValueOfInt32(operator))
	return nil
}

// checkID returns the model's error for an object that does not exist if the
// object belongs to another operator. Ids below 1 are left to the handler's
// validation.
func checkID(ctx context.Context, owners OwnerLookup, operator int32, object ownedObject, field string, id int64) error {
	if id <= 0 {
		return nil
	}
	owner, err := object.owner(owners, ctx, id)
	if mine, ok := errors.AsType[*model.Error](err); ok && mine.Kind == model.NotFound {
		return notFound(object, field, id)
	}
	if err == nil && owner != operator {
		return &foreignObjectError{kind: object.kind, id: id, detail: "of another operator's " + object.noun, Err: notFound(object, field, id)}
	}
	return err
}

// foreignObjectError is returned for a request that names another operator or one
// of its objects. The caller gets Err: of an object, as if there was none.
type foreignObjectError struct {
	kind   model.AuditKind
	id     int64
	detail string // of the audit entry, after the method
	Err    error
}

// Error implements error.
func (e *foreignObjectError) Error() string { return e.Err.Error() }

// Unwrap returns the error for the caller.
func (e *foreignObjectError) Unwrap() error { return e.Err }

func notFound(object ownedObject, field string, id int64) error {
	return model.Errorf(model.NotFound, "%s: %d, no such %s", field, id, object.noun)
}

// attribute sets the operatorId of an admin's request whose operatorId is 0.
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
