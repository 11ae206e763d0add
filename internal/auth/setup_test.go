package auth

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/server"
)

// Objects and operators of the tests.
const (
	mine, theirs, nobodys = 70, 80, 90 // ids of any kind
	me, them, boss        = 7, 8, 1    // operators
	broken                = 500        // an id for which the database fails
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// owners is an OwnerLookup that knows the ids above.
type owners struct{}

func (owners) owner(field, noun string, id int64) (int32, error) {
	switch id {
	case mine:
		return me, nil
	case theirs:
		return them, nil
	case broken:
		return 0, fmt.Errorf("dial tcp: no route")
	}
	return 0, model.Errorf(model.NotFound, "%s: %d, no such %s", field, id, noun)
}

func (o owners) TplOwner(_ context.Context, id int32) (int32, error) {
	return o.owner("etplId", "template", int64(id))
}

func (o owners) InstOwner(_ context.Context, id int64) (int32, error) {
	return o.owner("einstId", "instance", id)
}

func (o owners) SchedOwner(_ context.Context, id int64) (int32, error) {
	return o.owner("eschedId", "schedule", id)
}

func (o owners) DeliveryOwner(_ context.Context, id int64) (int32, error) {
	return o.owner("edeliveryId", "delivery", id)
}

// tokensFile is a tokens file with four tokens: "shop" has the scopes read and
// run for the operator me, "reader" and "runner" one of them, "boss" is an admin.
type tokensFile struct {
	path  string
	token map[string]string
}

func newTokensFile(t *testing.T) *tokensFile {
	t.Helper()
	f := &tokensFile{filepath.Join(t.TempDir(), "tokens.yaml"), map[string]string{}}
	f.write(t, f.entry(t, "shop", me, "read", "run"), f.entry(t, "reader", me, "read"), f.entry(t, "runner", me, "run"), f.entry(t, "boss", boss, "admin"))
	return f
}

// entry returns the lines of a new token.
func (f *tokensFile) entry(t *testing.T, name string, operator int, scopes ...string) string {
	t.Helper()
	token, lines, err := NewEntry(name, strconv.Itoa(operator), scopes)
	must(t, err)
	f.token[name] = token
	return lines
}

func (f *tokensFile) write(t *testing.T, entries ...string) {
	t.Helper()
	must(t, os.WriteFile(f.path, []byte(strings.Join(entries, "")), 0o600))
}

// service is a gRPC server of ExportTask whose handlers return UNIMPLEMENTED,
// with Interceptors installed like in cmd/exportd.
type service struct {
	file   *tokensFile
	tokens *Tokens
	conn   *grpc.ClientConn
	log    *logged

	mu      sync.Mutex
	reached []reached // calls that reached the handlers
	refused []string
}

// reached is the context and request of a call that reached its handler.
type reached struct {
	ctx context.Context
	req proto.Message
}

// logged collects log lines.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// setup starts a service with tokens; change may modify the configuration.
func setup(t *testing.T, change func(*Config), options ...grpc.ServerOption) *service {
	t.Helper()
	s := &service{file: newTokensFile(t), log: &logged{}}
	log := slog.New(LogHandler(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	tokens, err := OpenTokens(s.file.path, log)
	must(t, err)
	s.tokens = tokens
	c := Config{
		Tokens: tokens, Owners: owners{}, Deadline: time.Minute, Logger: log,
		Refused: func(method string, code codes.Code) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.refused = append(s.refused, method+" "+code.String())
		},
	}
	if change != nil {
		change(&c)
	}
	i := New(c)
	s.serve(t, i, log, append(options, grpc.InTapHandle(i.Tap)))
	return s
}

func (s *service) serve(t *testing.T, i *Interceptors, log *slog.Logger, options []grpc.ServerOption) {
	t.Helper()
	unary := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		log.DebugContext(ctx, "in the handler")
		s.record(ctx, req)
		return next(ctx, req)
	}
	stream := func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		return next(srv, &watched{stream, s})
	}
	grpcServer := grpc.NewServer(append([]grpc.ServerOption{
		grpc.ChainUnaryInterceptor(i.Unary, server.UnaryErrors(log), i.OwnershipUnary, unary),
		grpc.ChainStreamInterceptor(i.Stream, server.StreamErrors(log), i.OwnershipStream, stream),
	}, options...)...)
	api.RegisterExportTaskServer(grpcServer, api.UnimplementedExportTaskServer{})
	healthpb.RegisterHealthServer(grpcServer, health.NewServer())
	reflection.Register(grpcServer)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = grpcServer.Serve(listener)
	}()
	t.Cleanup(func() {
		grpcServer.Stop()
		<-done
	})
	s.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() { _ = s.conn.Close() })
}

func (s *service) record(ctx context.Context, req any) {
	m, ok := req.(proto.Message)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reached = append(s.reached, reached{ctx, m})
}

// last returns the last call that reached a handler.
func (s *service) last(t *testing.T) reached {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.reached) == 0 {
		t.Fatal("no call reached a handler")
	}
	return s.reached[len(s.reached)-1]
}

// refusals returns the arguments of the calls of Refused.
func (s *service) refusals() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}

// watched records the requests of streams.
type watched struct {
	grpc.ServerStream
	s *service
}

func (w *watched) RecvMsg(m any) error {
	err := w.ServerStream.RecvMsg(m)
	if err == nil {
		w.s.record(w.Context(), m)
	}
	return err
}

// as returns the context of a call with the named token.
func (s *service) as(ctx context.Context, name string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+s.file.token[name])
}

// answer is the reply to a call: a status or an envelope.
type answer struct {
	err             error
	errCode, errMsg string
	header          metadata.MD
}

// call invokes a unary or streaming method of the service.
func (s *service) call(ctx context.Context, t *testing.T, method string, req proto.Message) answer {
	t.Helper()
	full := "/" + api.ExportTask_ServiceDesc.ServiceName + "/" + method
	d := descriptor(t, method)
	res := newMessage(t, d.Output())
	var a answer
	if d.IsStreamingServer() {
		stream, err := s.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, full)
		must(t, err)
		_ = stream.SendMsg(req)
		_ = stream.CloseSend()
		a.err = stream.RecvMsg(res)
		a.header, _ = stream.Header()
	} else {
		a.err = s.conn.Invoke(ctx, full, req, res, grpc.Header(&a.header))
	}
	fields := d.Output().Fields()
	a.errCode = res.ProtoReflect().Get(fields.ByName("errCode")).String()
	a.errMsg = res.ProtoReflect().Get(fields.ByName("errMsg")).String()
	return a
}

// methods returns the names of all methods of the service.
func methods() []string {
	var names []string
	for _, m := range api.ExportTask_ServiceDesc.Methods {
		names = append(names, m.MethodName)
	}
	for _, m := range api.ExportTask_ServiceDesc.Streams {
		names = append(names, m.StreamName)
	}
	return names
}

func descriptor(t *testing.T, method string) protoreflect.MethodDescriptor {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(api.ExportTask_ServiceDesc.ServiceName))
	must(t, err)
	return d.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(method))
}

func newMessage(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	typ, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	must(t, err)
	return typ.New().Interface()
}

// request returns a request of a method with the given fields, by their paths
// such as "draft.operatorId".
func request(t *testing.T, method string, fields map[string]int64) proto.Message {
	t.Helper()
	req := newMessage(t, descriptor(t, method).Input())
	for path, value := range fields {
		m := req.ProtoReflect()
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			m = m.Mutable(m.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
		}
		field := m.Descriptor().Fields().ByName(protoreflect.Name(names[len(names)-1]))
		if field.Kind() == protoreflect.Int32Kind {
			m.Set(field, protoreflect.ValueOfInt32(int32(value)))
		} else {
			m.Set(field, protoreflect.ValueOfInt64(value))
		}
	}
	return req
}

// idPaths returns the paths of the fields of a method's request that hold the id
// of an owned object, and of those that hold an operator.
func idPaths(t *testing.T, method string) (ids, operators []string) {
	t.Helper()
	walk(descriptor(t, method).Input(), "", false, func(path string, _ bool, f protoreflect.FieldDescriptor) {
		if _, ok := ownedObjects[f.Name()]; ok {
			ids = append(ids, path)
		}
		if f.Name() == operatorField {
			operators = append(operators, path)
		}
	})
	return ids, operators
}

// walk visits the fields of a message and of its nested messages. inList reports
// whether a field is repeated or inside a repeated field.
func walk(d protoreflect.MessageDescriptor, path string, inList bool, visit func(path string, inList bool, f protoreflect.FieldDescriptor)) {
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		many := inList || f.IsList() || f.IsMap()
		visit(path+string(f.Name()), many, f)
		if f.Message() != nil {
			walk(f.Message(), path+string(f.Name())+".", many, visit)
		}
	}
}
