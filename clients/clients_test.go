//go:build clients

package clients

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"exporttask/internal/testkit/exportdtest"
)

func TestMain(m *testing.M) { exportdtest.Main(m, nil) }

// start is a service of the test's own.
func start(t *testing.T, args ...string) *exportdtest.Replica {
	t.Helper()
	return exportdtest.NewSite(t, args...).Start(t)
}

// run runs a program of somebody else's and returns what it prints.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q (scripts/install-parts php clients installs what is missing): %v\n%s%s", name, args, err, out, stderr.Bytes())
	}
	return string(out)
}

// says checks what an example prints of the file it fetched.
func says(t *testing.T, out, content string) {
	t.Helper()
	want := fmt.Sprintf("1 rows, SHA-256 %x", sha256.Sum256([]byte(content)))
	if !strings.Contains(out, want) {
		t.Errorf("printed %q, want %q", out, want)
	}
}

func holds(t *testing.T, file, content string) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil || string(got) != content {
		t.Errorf("the file holds %q (%v), want %q", got, err, content)
	}
}

func TestPHPWithTheGRPCExtension(t *testing.T) {
	t.Parallel()
	cache, err := filepath.Abs("../.cache/php-grpc")
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("EXPORTD_CACHE"); dir != "" {
		cache = filepath.Join(dir, "php-grpc")
	}
	built := strings.TrimSpace(run(t, nil, "php/build-grpc-extension", cache))
	r := start(t)
	out := filepath.Join(t.TempDir(), "out.csv")
	printed := run(t, []string{"GRPC_PHP_LIB=" + built + "/lib"}, "php", "-d", "extension="+built+"/grpc.so", "php/example.php", r.Addr, out)
	const content = "EtplName\r\nworld\r\n"
	says(t, printed, content)
	holds(t, out, content)
	if printed := run(t, []string{"GRPC_PHP_LIB=" + built + "/lib"}, "php", "-d", "extension="+built+"/grpc.so", "php/test.php", r.Addr); !strings.Contains(printed, "all right") {
		t.Errorf("php/test.php: %s", printed)
	}
}

func TestPHPWithCurl(t *testing.T) {
	t.Parallel()
	// As the README has it.
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^php clients/(\S+) 127\.0\.0\.1:50051$`).FindSubmatch(readme)
	if line == nil {
		t.Fatal("README.md has no command with PHP")
	}
	says(t, run(t, nil, "php", string(line[1]), start(t).Addr), "name\r\ncurl\r\n")
}

func TestNode(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out.csv")
	says(t, run(t, nil, "node", "node/example.js", start(t).Addr, "../api/exporttask.proto", out), "name\r\nnode\r\n")
	holds(t, out, "name\r\nnode\r\n")
}

// A client generated from the OpenAPI document creates, watches and downloads.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	r := start(t)
	dir := t.TempDir()
	run(t, nil, "node", filepath.Join(os.Getenv("NODE_PATH"), "swagger-typescript-api/dist/cli.js"),
		"-p", r.HTTP+"/openapi.json", "-o", dir, "-n", "client.ts", "--js", "--silent")
	client, out := filepath.Join(dir, "client.mjs"), filepath.Join(dir, "out.csv")
	if err := os.Rename(filepath.Join(dir, "client.js"), client); err != nil {
		t.Fatal(err)
	}
	says(t, run(t, nil, "node", "openapi/example.mjs", client, r.HTTP, out), "name\r\nopenapi\r\n")
	holds(t, out, "name\r\nopenapi\r\n")
	// A plain call for a file gives the answer's body, not a file parsed as JSON.
	generated, err := os.ReadFile(client)
	if err != nil {
		t.Fatal(err)
	}
	_, download, _ := strings.Cut(string(generated), "exportTaskDownloadInst: ")
	if call, _, _ := strings.Cut(download, "/**"); !strings.Contains(call, "/file`") || strings.Contains(call, "json") {
		t.Errorf("the generated download: %s", call)
	}
}

func TestPython(t *testing.T) {
	t.Parallel()
	messages := t.TempDir()
	run(t, nil, "protoc", "--python_out="+messages, "-I", "../api", "../api/exporttask.proto")
	out := filepath.Join(t.TempDir(), "out.csv")
	says(t, run(t, []string{"PYTHONPATH=" + messages}, "/usr/bin/python3", "python/example.py", start(t).Addr, out), "name\r\npython\r\n")
	holds(t, out, "name\r\npython\r\n")
}

// curl with the gateway: JSON, a part of a file, and a download that goes on.
func TestCurl(t *testing.T) {
	t.Parallel()
	r := start(t)
	const json = "Content-Type: application/json"
	run(t, nil, "curl", "-sfS", "-H", json, "-d", `{"etplName": "big", "etplExpr": "select repeat('x', 60000) as x, '中' as y"}`, r.HTTP+"/v1/tpl")
	run(t, nil, "curl", "-sfS", "-H", json, "-d", `{"etplId": 1}`, r.HTTP+"/v1/inst")
	if out := run(t, nil, "curl", "-sfSN", r.HTTP+"/v1/inst/1/watch"); !strings.Contains(out, "STATE_SUCCEEDED") {
		t.Fatalf("watch: %s", out)
	}
	whole := "x,y\r\n" + strings.Repeat("x", 60000) + ",中\r\n"
	if got := run(t, nil, "curl", "-sfS", "-r", "3-9", r.HTTP+"/v1/inst/1/file"); got != whole[3:10] {
		t.Errorf("a range: %q, want %q", got, whole[3:10])
	}
	file := filepath.Join(t.TempDir(), "big.csv")
	if err := os.WriteFile(file, []byte(whole[:12345]), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, nil, "curl", "-sfS", "-C", "-", "-o", file, r.HTTP+"/v1/inst/1/file")
	holds(t, file, whole)
}

func TestGrpcurl(t *testing.T) {
	t.Parallel()
	bin, err := filepath.Abs("../.cache/bin/grpcurl")
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("EXPORTD_CACHE"); dir != "" {
		bin = filepath.Join(dir, "bin", "grpcurl")
	}
	r := start(t)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{r.Addr, "list"}, "exporttask.ExportTask"},
		{[]string{r.Addr, "describe", "exporttask.ExportTask.CreateTpl"}, "WshExportTaskCreateTplReq"},
		{[]string{"-d", `{"etplName": "g", "etplExpr": "select 1 as n"}`, r.Addr, "exporttask.ExportTask/CreateTpl"}, `"etplId": 1`},
		{[]string{"-d", `{"etplId": 1}`, r.Addr, "exporttask.ExportTask/CreateInst"}, `"einstId": "1"`},
		{[]string{"-d", `{"einstId": 1}`, r.Addr, "exporttask.ExportTask/WatchInst"}, "STATE_SUCCEEDED"},
		{[]string{"-d", `{"einstId": 1}`, r.Addr, "exporttask.ExportTask/DownloadInst"}, `"content"`},
		{[]string{r.Addr, "grpc.health.v1.Health/Check"}, "SERVING"},
	} {
		if out := run(t, nil, bin, append([]string{"-plaintext"}, tc.args...)...); !strings.Contains(out, tc.want) {
			t.Errorf("grpcurl %q: %s", tc.args, out)
		}
	}
}

// What docs/clients.md shows is what these tests run.
func TestTheDocumentationShowsTheExamples(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?ms)^<!-- (\\S+) -->\n```\\w+\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(found) != 5 {
		t.Fatalf("%d examples, want 5", len(found))
	}
	for _, m := range found {
		want, err := os.ReadFile(m[1])
		if err != nil || string(want) != m[2] {
			t.Errorf("docs/clients.md does not show %s as it is (%v)", m[1], err)
		}
	}
}
