package api

import (
	"os"
	"testing"

	"github.com/bufbuild/protocompile"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"
)

// seed is what deployed clients were compiled from.
func seed(t *testing.T) protoreflect.FileDescriptor {
	t.Helper()
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{ImportPaths: []string{"testdata"}}}
	files, err := compiler.Compile(t.Context(), "seed.proto")
	if err != nil {
		t.Fatal(err)
	}
	return files[0]
}

// The contract only ever adds: whatever the seed holds must be in the compiled
// descriptor, the same to the last number.
func TestEverythingOfTheSeedIsThereUnchanged(t *testing.T) {
	t.Parallel()
	was, is := protodesc.ToFileDescriptorProto(seed(t)), protodesc.ToFileDescriptorProto(File_exporttask_proto)
	if was.GetPackage() != is.GetPackage() {
		t.Errorf("package %q, want %q", is.GetPackage(), was.GetPackage())
	}
	options := proto.CloneOf(is.GetOptions())
	options.GoPackage = nil
	if diff := cmp.Diff(was.GetOptions(), options, protocmp.Transform()); diff != "" {
		t.Errorf("file options, Go's apart (-seed +now):\n%s", diff)
	}
	compare(t, "message", was.GetMessageType(), is.GetMessageType(), (*descriptorpb.DescriptorProto).GetName, func(t *testing.T, was, is *descriptorpb.DescriptorProto) {
		compare(t, "field of "+was.GetName(), was.GetField(), is.GetField(), (*descriptorpb.FieldDescriptorProto).GetName, same)
	})
	compare(t, "enum", was.GetEnumType(), is.GetEnumType(), (*descriptorpb.EnumDescriptorProto).GetName, func(t *testing.T, was, is *descriptorpb.EnumDescriptorProto) {
		compare(t, "value of "+was.GetName(), was.GetValue(), is.GetValue(), (*descriptorpb.EnumValueDescriptorProto).GetName, same)
	})
	compare(t, "service", was.GetService(), is.GetService(), (*descriptorpb.ServiceDescriptorProto).GetName, func(t *testing.T, was, is *descriptorpb.ServiceDescriptorProto) {
		compare(t, "method of "+was.GetName(), was.GetMethod(), is.GetMethod(), (*descriptorpb.MethodDescriptorProto).GetName, same)
	})
}

// Pollers loop until FINISH or FAILED: a status they do not know would keep
// them going for ever.
func TestTheInstanceStatusGotNoNewValue(t *testing.T) {
	t.Parallel()
	was := seed(t).Enums().ByName("WshExportInstStatus").Values().Len()
	if is := WshExportInstStatus(0).Descriptor().Values().Len(); is != was {
		t.Errorf("%d values, want the seed's %d", is, was)
	}
}

func compare[T any](t *testing.T, what string, was, is []T, name func(T) string, check func(*testing.T, T, T)) {
	t.Helper()
	now := map[string]T{}
	for _, d := range is {
		now[name(d)] = d
	}
	for _, d := range was {
		n, ok := now[name(d)]
		if !ok {
			t.Errorf("%s %s is gone", what, name(d))
			continue
		}
		check(t, d, n)
	}
}

func same[T proto.Message](t *testing.T, was, is T) {
	t.Helper()
	if diff := cmp.Diff(was, is, protocmp.Transform()); diff != "" {
		t.Errorf("changed (-seed +now):\n%s", diff)
	}
}

func TestTheSeedInTheRepositoryCompilesByItself(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/seed.proto")
	if err != nil || len(text) == 0 {
		t.Fatalf("%d bytes, error %v", len(text), err)
	}
	if n := seed(t).Messages().Len(); n != 5 {
		t.Errorf("%d messages, want 5", n)
	}
}
