package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

func TestMain(m *testing.M) { exportdtest.Main(m, nil) }

// A user pastes the README's commands, from top to bottom, while `make run`
// serves. Only addresses and the folders of programs and files differ here. The
// command with PHP is run by the tests of clients.
func TestReadme_firstExport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bin := programs(t, dir, "exportd", "exportctl", "devstack")
	port := freePorts(t)
	grpc, http := addr(port), addr(port+1)
	devstack := launch(t, "../..", nil, filepath.Join(bin, "devstack"), "-dir", filepath.Join(dir, "state"), "-exportd", filepath.Join(bin, "exportd"), "-grpc-port", strconv.Itoa(port))
	select {
	case <-devstack.out.seen:
	case <-devstack.exited:
		t.Fatalf("it ended by itself:\n%s", devstack.out)
	case <-time.After(5 * time.Minute):
		t.Fatalf("it does not serve after 5 minutes:\n%s", devstack.out)
	}

	readme := section(t, "../../README.md", "## First export")
	place := strings.NewReplacer("127.0.0.1:50051", grpc, "127.0.0.1:50052", http, ".cache/bin/", bin+"/",
		"orders.yaml", filepath.Join(dir, "orders.yaml"), "orders.xlsx", filepath.Join(dir, "orders.xlsx"),
		"orders.csv", filepath.Join(dir, "orders.csv"), "paid.csv", filepath.Join(dir, "paid.csv"))
	env := []string{"EXPORTCTL_ADDR=" + grpc}
	script := "set -euo pipefail\n"
	for _, block := range shellBlocks(readme) {
		for line := range strings.Lines(block) {
			if !strings.HasPrefix(line, "php ") {
				script += place.Replace(line)
			}
		}
	}
	out := bash(t, "../..", env, script)
	if !strings.Contains(out, "STATE_SUCCEEDED") {
		t.Errorf("the commands printed %s", out)
	}
	for file, want := range map[string]string{"orders.csv": "order_no,customer,amount\r\n", "paid.csv": "order_no,amount\r\n", "orders.xlsx": "PK"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !strings.HasPrefix(string(text), want) || len(text) < 1000 {
			t.Errorf("%s: %d bytes, %v; want some that begin with %q", file, len(text), err, want)
		}
	}
}

// The commands of docs/start.md, on a server with a table of the user's.
func TestStart_commands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bin := programs(t, dir, "exportd", "exportctl")
	text := section(t, "../../docs/start.md", "")
	db := testkit.Server(t)
	setup := regexp.MustCompile("(?s)```sql\n(.*?)```").FindStringSubmatch(text)
	if setup == nil {
		t.Fatal("docs/start.md has no SQL")
	}
	stmts := []string{"CREATE DATABASE shop", "CREATE TABLE shop.orders (id INT PRIMARY KEY, amount DECIMAL(10,2))", "INSERT INTO shop.orders VALUES (1, 12.50), (2, 0.99)"}
	for stmt := range strings.SplitSeq(setup[1], ";") {
		if stmt = strings.TrimSpace(stmt); stmt != "" {
			stmts = append(stmts, stmt)
		}
	}
	if err := db.Exec(t.Context(), stmts...); err != nil {
		t.Fatal(err)
	}
	blocks := shellBlocks(strings.ReplaceAll(text, "127.0.0.1:3306", db.Addr()))
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of commands, want 2", len(blocks))
	}
	port := freePorts(t)
	env := []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "EXPORTCTL_ADDR=" + addr(port),
		"EXPORTD_GRPC_ADDR=" + addr(port), "EXPORTD_HTTP_ADDR=" + addr(port+1),
	}
	exportd := launch(t, dir, env, "bash", "-ec", strings.Replace(blocks[0], "\nexportd ", "\nexec exportd ", 1))
	testkit.Eventually(t, "exportd serves", func() bool {
		exportd.failed(t)
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "exportctl"), "queue", "--addr", addr(port))
		return cmd.Run() == nil
	})
	out := bash(t, dir, env, "set -euo pipefail\n"+blocks[1])
	if !strings.Contains(out, "nightly") {
		t.Errorf("the commands printed %s", out)
	}
	file, err := os.ReadFile(filepath.Join(dir, "orders.xlsx"))
	if err != nil || !bytes.HasPrefix(file, []byte("PK")) {
		t.Errorf("orders.xlsx: %d bytes, %v; want a workbook", len(file), err)
	}
}

// programs makes a folder of the programs, and of grpcurl.
func programs(t *testing.T, dir string, names ...string) string {
	t.Helper()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o750); err != nil {
		t.Fatal(err)
	}
	cache, err := filepath.Abs("../../.cache")
	if err != nil {
		t.Fatal(err)
	}
	if given := os.Getenv("EXPORTD_CACHE"); given != "" {
		cache = given
	}
	links := map[string]string{"grpcurl": filepath.Join(cache, "bin", "grpcurl")}
	for _, name := range names {
		links[name] = exportdtest.Build(t, "exporttask/cmd/"+name)
	}
	for name, file := range links {
		if _, err := os.Stat(file); err != nil {
			t.Fatalf("%v; make tools builds grpcurl", err)
		}
		if err := os.Symlink(file, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// section returns a page's text from a heading to the next of the same level.
func section(t *testing.T, file, heading string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), heading)
	if !ok {
		t.Fatalf("%s has no heading %q", file, heading)
	}
	if heading != "" {
		rest, _, _ = strings.Cut(rest, "\n## ")
	}
	return rest
}

// shellBlocks returns the blocks of shell commands, without their indentation.
func shellBlocks(text string) []string {
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^( *)```sh\n(.*?)^ *```$").FindAllStringSubmatch(text, -1) {
		block := ""
		for line := range strings.Lines(m[2]) {
			block += strings.TrimPrefix(line, m[1])
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// bash runs a script and returns what it prints.
func bash(t *testing.T, dir string, env []string, script string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return string(out)
}

// background is a program that runs until the test has ended.
type background struct {
	out    *output
	exited chan struct{}
}

func launch(t *testing.T, dir string, env []string, name string, args ...string) *background {
	t.Helper()
	b := &background{out: &output{want: "until Ctrl-C", seen: make(chan struct{})}, exited: make(chan struct{})}
	cmd := exec.Command(name, args...) //nolint:noctx // it is stopped in order, not by a context
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), env...), b.out, b.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // the output says why it ended
		close(b.exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-b.exited
	})
	return b
}

// failed ends the test where the program has ended by itself.
func (b *background) failed(t *testing.T) {
	t.Helper()
	select {
	case <-b.exited:
		t.Fatalf("it ended by itself:\n%s", b.out)
	default:
	}
}

func addr(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePorts returns the first of two neighbouring ports that are free.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		first, err := net.Listen("tcp", addr(0))
		if err != nil {
			t.Fatal(err)
		}
		port := first.Addr().(*net.TCPAddr).Port
		next, err := net.Listen("tcp", addr(port+1))
		_ = first.Close()
		if err == nil {
			_ = next.Close()
			return port
		}
	}
	t.Fatal("no two neighbouring ports are free")
	return 0
}
