package auth

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"exporttask/internal/model"
	"exporttask/internal/testkit"
	"exporttask/migrations"
)

func TestRules_Complete(t *testing.T) {
	t.Parallel()
	got := slices.Sorted(maps.Keys(rules))
	if diff := cmp.Diff(slices.Sorted(slices.Values(methods())), got); diff != "" {
		t.Errorf("methods of the contract, and those with a rule (-want +got):\n%s", diff)
	}
}

// TestOwnedObjects_Complete fails for a request field that is named like an id
// and is missing in ownedObjects.
func TestOwnedObjects_Complete(t *testing.T) {
	t.Parallel()
	// ListAudit filters by objectId within the rows of an operator.
	harmless := map[protoreflect.Name]bool{operatorField: true, "requestId": true, "objectId": true}
	for _, method := range methods() {
		walk(descriptor(t, method).Input(), "", false, func(path string, inList bool, f protoreflect.FieldDescriptor) {
			name := string(f.Name())
			if !strings.HasSuffix(name, "Id") && !strings.HasSuffix(name, "Ids") && !strings.HasSuffix(name, "Of") {
				return
			}
			_, known := ownedObjects[f.Name()]
			if !known && !harmless[f.Name()] {
				t.Errorf("%s: %s is not in ownedObjects", method, path)
			}
			if inList && f.Name() != "requestId" {
				t.Errorf("%s: %s is in a list, which restrict does not descend into", method, path)
			}
		})
	}
}

func TestInterceptors_Ownership(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	ctx := s.as(t.Context(), "shop")
	for _, method := range methods() {
		t.Run(method, func(t *testing.T) {
			ids, operators := idPaths(t, method)
			if len(ids)+len(operators) == 0 {
				t.Fatal("the request names neither an operator nor anything that belongs to one")
			}
			for _, path := range ids {
				others := map[string]int64{}
				for _, other := range ids {
					others[other] = mine
				}
				ask := func(id int64) answer {
					others[path] = id
					return s.call(ctx, t, method, request(t, method, others))
				}
				foreign, missing := ask(theirs), ask(nobodys)
				if foreign.err != nil || foreign.errCode != "5" {
					t.Errorf("%s of another: %v, errCode %q %s; want errCode 5", path, foreign.err, foreign.errCode, foreign.errMsg)
				}
				if got, want := strings.Replace(foreign.errMsg, "80", "90", 1), missing.errMsg; got != want {
					t.Errorf("%s of another: %q, of nobody: %q; want the same", path, got, want)
				}
				if own := ask(mine); status.Code(own.err) != codes.Unimplemented {
					t.Errorf("%s of the caller: %v, errCode %q; want it to reach the handler", path, own.err, own.errCode)
				}
				if failed := ask(broken); status.Code(failed.err) != codes.Internal {
					t.Errorf("%s, but the database fails: %v, want Internal", path, failed.err)
				}
			}
			for _, path := range operators {
				a := s.call(ctx, t, method, request(t, method, map[string]int64{path: them}))
				if want := path + ": 8, want 0 or 7, the operator of your token"; a.err != nil || a.errCode != "3" || a.errMsg != want {
					t.Errorf("%s of another: %v, errCode %q %s; want 3 %s", path, a.err, a.errCode, a.errMsg, want)
				}
			}
		})
	}
}

func TestInterceptors_OperatorID(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	operatorOf := func(t *testing.T, caller, method, path string, asked int64) int64 {
		t.Helper()
		a := s.call(s.as(t.Context(), caller), t, method, request(t, method, map[string]int64{path: asked}))
		if status.Code(a.err) != codes.Unimplemented {
			t.Fatalf("%s as %s: %v, errCode %q; want it to reach the handler", method, caller, a.err, a.errCode)
		}
		m := s.last(t).req.ProtoReflect()
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			m = m.Get(m.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
		}
		return m.Get(m.Descriptor().Fields().ByName(operatorField)).Int()
	}
	// Methods for which an admin's operatorId 0 becomes the admin's own operator.
	attributed := map[string]bool{
		"CreateTpl": true, "CreateInst": true, "CreateSched": true, "CancelInst": true, "DeleteInst": true,
		"ListSource": true, "ListTable": true, "ListTableColumn": true, "GetSession": true,
	}
	for _, method := range methods() {
		_, paths := idPaths(t, method)
		for _, path := range paths {
			for _, asked := range []int64{0, me} {
				if got := operatorOf(t, "shop", method, path, asked); got != me {
					t.Errorf("%s: %s %d reached the handler as %d, want %d", method, path, asked, got, me)
				}
			}
			if got := operatorOf(t, "boss", method, path, them); got != them {
				t.Errorf("%s by an admin: %s %d reached the handler as %d", method, path, them, got)
			}
			want := int64(0)
			if attributed[method] {
				want = boss
			}
			if got := operatorOf(t, "boss", method, path, 0); got != want {
				t.Errorf("%s by an admin: %s 0 reached the handler as %d, want %d", method, path, got, want)
			}
		}
	}
}

func TestInterceptors_Admin(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	for _, method := range methods() {
		ids, _ := idPaths(t, method)
		fields := map[string]int64{}
		for _, path := range ids {
			fields[path] = theirs
		}
		if a := s.call(s.as(t.Context(), "boss"), t, method, request(t, method, fields)); status.Code(a.err) != codes.Unimplemented {
			t.Errorf("%s: %v, errCode %q; want it to reach the handler", method, a.err, a.errCode)
		}
	}
}

func TestInterceptors_WithoutTokens(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *Config) { c.Tokens, c.Owners = nil, nil })
	for _, method := range methods() {
		ids, operators := idPaths(t, method)
		fields := map[string]int64{}
		for _, path := range append(ids, operators...) {
			fields[path] = theirs
		}
		req := request(t, method, fields)
		if a := s.call(t.Context(), t, method, req); status.Code(a.err) != codes.Unimplemented {
			t.Errorf("%s: %v, errCode %q; want it to reach the handler", method, a.err, a.errCode)
		}
		if got := s.last(t); !proto.Equal(req, got.req) {
			t.Errorf("%s: %v reached the handler as %v", method, req, got.req)
		}
		if who, ok := From(s.last(t).ctx); ok {
			t.Errorf("%s: got the identity %+v, want none", method, who)
		}
	}
}

// TestNotFound_SameTextAsModel compares the error of notFound with the model's.
func TestNotFound_SameTextAsModel(t *testing.T) {
	t.Parallel()
	db, err := model.Open(t.Context(), testkit.Database(t))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	_, err = migrations.Up(t.Context(), db.SQL(), slogDiscard())
	must(t, err)
	_, tpl := db.GetTpl(t.Context(), 90)
	_, inst := db.GetInst(t.Context(), 90)
	for field, want := range map[protoreflect.Name]error{"etplId": tpl, "einstId": inst} {
		if diff := cmp.Diff(want, notFound(ownedObjects[field], string(field), 90)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
}
