package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"exporttask/api"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

// service is a real exportd process.
type service struct {
	cmd    *exec.Cmd
	addr   string
	http   string // where HTTP is
	store  string
	exited chan error
	log    *logBuffer
	client api.ExportTaskClient
}

// startService builds exportd and runs it on a database of the test's own.
func startService(t *testing.T, dsn string, env ...string) *service {
	t.Helper()
	binary := exportdtest.Build(t, "exporttask/cmd/exportd")
	s := &service{store: t.TempDir(), exited: make(chan error, 1), log: &logBuffer{}}
	s.cmd = exec.Command(binary, "-grpc-addr=127.0.0.1:0", "-store-dir="+s.store, "-poll=100ms", "-log-format=json")
	s.cmd.Env = append(os.Environ(), append(env, "EXPORTD_HTTP_ADDR=127.0.0.1:0", "EXPORTD_OWN_DATABASE_SOURCE=true", "EXPORTD_DB_DSN="+dsn, "EXPORTD_READER_DSN="+testkit.Account(t, dsn, "SELECT"))...)
	log, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listening := make(chan struct{})
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			var l struct{ Msg, Grpc, HTTP string }
			if json.Unmarshal(lines.Bytes(), &l) == nil && l.Msg == "listening" {
				s.addr, s.http = l.Grpc, "http://"+l.HTTP
				close(listening)
			}
			s.log.add(lines.Text())
			t.Logf("exportd: %s", lines.Text())
		}
	}()
	go func() {
		<-drained
		s.exited <- s.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-drained
	})
	select {
	case <-listening:
	case err := <-s.exited:
		t.Fatalf("exportd ended: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("exportd does not listen")
	}
	conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s.client = api.NewExportTaskClient(conn)
	return s
}

// logBuffer is what a service has logged so far.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(line + "\n")
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// logged waits until the service has logged a text.
func (s *service) logged(t *testing.T, text string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !strings.Contains(s.log.String(), text) {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("did not log %q", text)
		}
	}
}

const hostileTable = `CREATE TABLE hostile (id BIGINT PRIMARY KEY, no VARCHAR(20), amount DECIMAL(20,2), remark TEXT)`

const hostileRows = `INSERT INTO hostile VALUES
	(1180000000000000001, '000123', 12.50, 'plain'), (1180000000000000002, '007', -0.01, NULL),
	(1180000000000000003, '', 0, '第一行\n第二行,带逗号'), (1180000000000000004, 'x', 1, 'say "hi"'), (5, 'y', 99999999999999999.99, '')`

// hostileCSV is how the server itself writes hostileRows as CSV.
const hostileCSV = `SELECT CONCAT('id,no,amount,remark\r\n', GROUP_CONCAT(CONCAT(CAST(id AS CHAR), ',',
	IF(no = '', '""', no), ',', CAST(amount AS CHAR), ',',
	CASE WHEN remark IS NULL THEN '' WHEN remark = '' THEN '""'
		WHEN remark REGEXP '[,"\r\n]' THEN CONCAT('"', REPLACE(remark, '"', '""'), '"') ELSE remark END, '\r\n')
	ORDER BY id SEPARATOR '')) FROM hostile`

func TestServe_export_equals_database(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, stmt := range []string{hostileTable, hostileRows} {
		if _, err := db.ExecContext(t.Context(), stmt); err != nil {
			t.Fatal(err)
		}
	}
	var want string
	if err := db.QueryRowContext(t.Context(), hostileCSV).Scan(&want); err != nil {
		t.Fatal(err)
	}
	s := startService(t, dsn)
	tpl, err := s.client.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{EtplName: "订单/../a", EtplExpr: "select * from hostile order by id"})
	if err != nil || tpl.GetErrCode() != "" {
		t.Fatalf("CreateTpl: %v %v", tpl, err)
	}
	inst := s.export(t, tpl.GetData().GetEtplId())
	file := inst.GetFiles()[0]
	got := s.download(t, inst.GetEinstId(), 0)
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if tail := s.download(t, inst.GetEinstId(), 10); tail != want[10:] {
		t.Errorf("from byte 10: got %q", tail)
	}
	if sum := sha256.Sum256([]byte(want)); file.GetSha256() != hex.EncodeToString(sum[:]) || file.GetRows() != 5 || file.GetBytes() != int64(len(want)) {
		t.Errorf("file %v does not describe its content", file)
	}
	if strings.ContainsAny(file.GetName(), `/\`) || !strings.Contains(file.GetName(), "订单") {
		t.Errorf("file name %q", file.GetName())
	}
	found, err := filepath.Glob(filepath.Join(s.store, "*", "*", file.GetName()))
	if err != nil || len(found) != 1 {
		t.Errorf("on disk: %v, error %v", found, err)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.exited:
		if err != nil {
			t.Errorf("after SIGTERM: %v, want exit code 0", err)
		}
	case <-time.After(40 * time.Second):
		t.Error("did not stop after SIGTERM")
	}
}

// export runs a template and watches it to its end.
func (s *service) export(t *testing.T, tplID int32) *api.WshExportInst {
	t.Helper()
	made, err := s.client.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: tplID})
	if err != nil || made.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v %v", made, err)
	}
	last := s.watch(t, made.GetData().GetEinstId())
	if last.GetState() != api.WshExportInstState_STATE_SUCCEEDED || last.GetStatus() != api.WshExportInstStatus_INST_FINISH {
		t.Fatalf("ended as %v", last)
	}
	return last
}

func (s *service) download(t *testing.T, id, offset int64) string {
	t.Helper()
	stream, err := s.client.DownloadInst(t.Context(), &api.WshExportTaskDownloadInstReq{EinstId: id, Offset: offset, ChunkSize: 7})
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return content.String()
		}
		if err != nil || res.GetErrCode() != "" {
			t.Fatalf("DownloadInst: %v %v", res, err)
		}
		content.Write(res.GetData().GetContent())
	}
}

// grpcurl runs the real grpcurl, which `make tools` builds.
func grpcurl(t *testing.T, args ...string) string {
	t.Helper()
	binary, err := filepath.Abs("../../.cache/bin/grpcurl")
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("EXPORTD_CACHE"); dir != "" {
		binary = filepath.Join(dir, "bin", "grpcurl")
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("grpcurl %q (is it built? `make tools`): %v\n%s", args, err, out)
	}
	return string(out)
}

func TestServe_grpcurl_and_seed_clients(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	const first = `{"etplName": "world", "etplTag": "mall", "etplExpr": "select EtplName from welife_export_tpl", "etplOutputFormat": "FMT_CSV", "etplOutputColumns": ""}`

	// A client that was compiled from the seed alone knows nothing newer.
	seed := func(rest ...string) string {
		return grpcurl(t, append([]string{"-plaintext", "-import-path", "../../api/testdata", "-proto", "seed.proto"}, rest...)...)
	}
	out := seed("-d", first, s.addr, "exporttask.ExportTask/CreateTpl")
	if !strings.Contains(out, `"etplName": "world"`) || strings.Contains(out, "errCode") {
		t.Fatalf("the deployed clients' first request: %s", out)
	}
	if out := seed("-d", `{"etplTag": "mall"}`, s.addr, "exporttask.ExportTask/ListTpl"); !strings.Contains(out, `"etplName": "world"`) {
		t.Errorf("ListTpl: %s", out)
	}
	inst := s.export(t, 1)
	if got := s.download(t, inst.GetEinstId(), 0); got != "EtplName\r\nworld\r\n" {
		t.Errorf("the template lists itself: got %q", got)
	}

	// Reflection.
	if out := grpcurl(t, "-plaintext", s.addr, "list", "exporttask.ExportTask"); !strings.Contains(out, "exporttask.ExportTask.DownloadInst") {
		t.Errorf("list: %s", out)
	}
	if out := grpcurl(t, "-plaintext", s.addr, "describe", "exporttask.WshExportInst"); !strings.Contains(out, "WshExportInstState state = 4") {
		t.Errorf("describe: %s", out)
	}
	out = grpcurl(t, "-plaintext", "-d", `{"einstId": `+strconv.FormatInt(inst.GetEinstId(), 10)+`}`, s.addr, "exporttask.ExportTask/GetInst")
	if !strings.Contains(out, `"state": "STATE_SUCCEEDED"`) {
		t.Errorf("GetInst: %s", out)
	}
	if out := grpcurl(t, "-plaintext", s.addr, "grpc.health.v1.Health/Check"); !strings.Contains(out, "SERVING") {
		t.Errorf("health: %s", out)
	}
}

func TestServe_registers_in_etcd(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	s := startService(t, testkit.Database(t), "EXPORTD_ETCD_ENDPOINTS="+etcd.Endpoint())
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{etcd.Endpoint()}, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	keys := []string{"exporttask/" + s.addr, "/etcd3_naming/exporttask/" + s.addr, "/etcdv3_resolver/exporttask/" + s.addr}
	present := func() (n int) {
		for _, key := range keys {
			res, err := client.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			n += len(res.Kvs)
		}
		return n
	}
	deadline := time.After(10 * time.Second)
	for present() != len(keys) {
		select {
		case <-deadline:
			t.Fatalf("%d keys, want %d", present(), len(keys))
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-s.exited; err != nil {
		t.Error(err)
	}
	if n := present(); n != 0 {
		t.Errorf("%d keys after SIGTERM, want none", n)
	}
	if conn, err := net.DialTimeout("tcp", s.addr, time.Second); err == nil {
		_ = conn.Close()
		t.Error("still listens after it stopped")
	}
}
