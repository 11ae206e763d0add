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

// A user pastes the commands of the README and of the pages, from top to bottom,
// while `make run` serves. Only addresses and the folders of programs and files
// differ here. Blocks of the language console are not run: they need servers or
// rights that a test does not have.
func TestMakeRun_examples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bin := programs(t, dir, "exportd", "exportctl", "devstack")
	port := freePorts(t)
	state := filepath.Join(dir, "state")
	devstack := launch(t, "../..", nil, filepath.Join(bin, "devstack"), "-dir", state, "-exportd", filepath.Join(bin, "exportd"), "-grpc-port", strconv.Itoa(port))
	select {
	case <-devstack.out.seen:
	case <-devstack.exited:
		t.Fatalf("it ended by itself:\n%s", devstack.out)
	case <-time.After(5 * time.Minute):
		t.Fatalf("it does not serve after 5 minutes:\n%s", devstack.out)
	}
	s := served{bin: bin, state: state, grpc: addr(port), http: addr(port + 1)}
	t.Run("readme", s.readme)
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	ran := 0
	for _, page := range pages {
		name, blocks := filepath.Base(page), shellBlocks(section(t, page, ""))
		if len(blocks) > 0 && name != "start.md" { // see TestStart_commands
			ran++
			t.Run(name, func(t *testing.T) { s.page(t, page, blocks) })
		}
	}
	if ran < 5 {
		t.Errorf("%d pages have commands, want more", ran)
	}
}

// served is what make run serves.
type served struct{ bin, state, grpc, http string }

func (s served) env() []string {
	return []string{"PATH=" + s.bin + ":" + os.Getenv("PATH"), "EXPORTCTL_ADDR=" + s.grpc}
}

// readme runs the README's first export. The command with PHP is run by the
// tests of clients.
func (s served) readme(t *testing.T) {
	dir := t.TempDir()
	place := strings.NewReplacer("127.0.0.1:50051", s.grpc, "127.0.0.1:50052", s.http, ".cache/bin/", s.bin+"/",
		"orders.yaml", filepath.Join(dir, "orders.yaml"), "orders.xlsx", filepath.Join(dir, "orders.xlsx"),
		"orders.csv", filepath.Join(dir, "orders.csv"), "paid.csv", filepath.Join(dir, "paid.csv"))
	var script strings.Builder
	for _, block := range shellBlocks(section(t, "../../README.md", "## First export")) {
		for line := range strings.Lines(block) {
			if !strings.HasPrefix(line, "php ") {
				script.WriteString(place.Replace(line))
			}
		}
	}
	out := bash(t, "../..", s.env(), script.String())
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

var (
	fileBlock = regexp.MustCompile("(?s)<!-- file: (\\S+) -->\n```\\w+\n(.*?)```")
	refused   = regexp.MustCompile(`"errCode": *"[0-9]`)
	shopDSN   = regexp.MustCompile(`(?s)shop:\s+dsn: "([^"]+)"`)
)

// page runs a page's blocks of shell commands in a folder that holds the files
// that the page shows, and shop.dsn with the reader's DSN of the sample shop.
func (s served) page(t *testing.T, file string, blocks []string) {
	dir := t.TempDir()
	config, err := os.ReadFile(filepath.Join(s.state, "exportd.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	if m := shopDSN.FindSubmatch(config); m != nil {
		files["shop.dsn"] = string(m[1])
	}
	for _, m := range fileBlock.FindAllStringSubmatch(section(t, file, ""), -1) {
		files[m[1]] = m[2]
	}
	for name, content := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	place := strings.NewReplacer("127.0.0.1:50051", s.grpc, "127.0.0.1:50052", s.http)
	for _, block := range blocks {
		out := bash(t, dir, s.env(), place.Replace(block))
		if refused.MatchString(out) {
			t.Errorf("%s: the service refused:\n%s\n%s", file, block, out)
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
	out := bash(t, dir, env, blocks[1])
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
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail\n"+script)
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
