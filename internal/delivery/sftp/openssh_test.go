package sftp

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/testkit/servers"
)

// The program of OpenSSH is what most servers run.
func TestServer_Send_OpenSSH(t *testing.T) {
	t.Parallel()
	cache, err := servers.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	program, err := servers.FindSFTPServer(t.Context(), cache, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("0123456789abcdef"), 4<<16)
	for kind, bare := range map[string]bool{"with_extensions": false, "without_extensions": true} {
		t.Run("replaces_files_"+kind, func(t *testing.T) {
			t.Parallel()
			s, server := setup(t, deliverytest.SFTPOptions{Program: program, Bare: bare}, nil)
			for _, text := range [][]byte{nil, want, []byte("new")} {
				if _, err := s.Send(t.Context(), deliverytest.Payload(text, "daily/订单/a 1.csv")); err != nil {
					t.Fatal(err)
				}
				if got := content(t, server, "daily/订单/a 1.csv"); !bytes.Equal(got, text) {
					t.Errorf("%d bytes that differ from the %d that were sent", len(got), len(text))
				}
			}
			if diff := cmp.Diff(map[string]int64{"daily/订单/a 1.csv": 3}, there(t, server)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
	no := false
	for name, tc := range map[string]struct {
		forbidden string // requests that sftp-server -P refuses
		change    func(*Config)
		says      string // "": the file arrives
	}{
		"rename_forbidden":                {"rename,posix-rename", func(*Config) {}, "does not allow renaming it"},
		"rename_forbidden_no_temp_name":   {"rename,posix-rename", func(c *Config) { c.TempName = &no }, ""},
		"posix_rename_forbidden":          {"posix-rename", func(*Config) {}, ""},
		"stat_forbidden":                  {"stat,lstat,fstat", func(*Config) {}, "does not allow looking at it"},
		"stat_forbidden_no_verify":        {"stat,lstat,fstat", func(c *Config) { c.Verify = &no }, ""},
		"nothing_but_write":               {"rename,posix-rename,stat,lstat,fstat,remove,opendir,readdir,setstat,fsetstat", func(c *Config) { c.TempName, c.Verify = &no, &no }, ""},
		"fsync_forbidden_is_not_required": {"fsync", func(*Config) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, server := setup(t, deliverytest.SFTPOptions{Program: program, Args: []string{"-P", tc.forbidden}}, tc.change)
			_, err := s.Send(t.Context(), deliverytest.Payload(want, "daily/订单/a 1.csv"))
			if tc.says == "" {
				got, readErr := os.ReadFile(filepath.Join(server.Folder, "daily/订单/a 1.csv"))
				if err != nil || readErr != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes, %v, %v; want %d", len(got), err, readErr, len(want))
				}
				return
			}
			deliverytest.Refused(t, err, true)
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q", err, tc.says)
			}
		})
	}
	t.Run("cut_off_then_retried", func(t *testing.T) {
		t.Parallel()
		s, server := setup(t, deliverytest.SFTPOptions{Program: program}, nil)
		p := deliverytest.Payload(want, "a.csv")
		server.Fault(2<<20, func(conn net.Conn) { conn.Close() })
		_, err := s.Send(t.Context(), p)
		deliverytest.Refused(t, err, false)
		if _, is := there(t, server)["a.csv"]; is {
			t.Error("after the cut: it can be seen")
		}
		server.Fault(0, nil)
		p = deliverytest.Payload(want, "a.csv")
		p.Claim = 2
		if _, err := s.Send(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int64{"a.csv": int64(len(want))}, there(t, server)); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	})
	t.Run("read_only", func(t *testing.T) {
		t.Parallel()
		s, _ := setup(t, deliverytest.SFTPOptions{Program: program, ReadOnly: true}, nil)
		_, err := s.Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
		deliverytest.Refused(t, err, true)
	})
	t.Run("disk_full", func(t *testing.T) {
		t.Parallel()
		s, server := setup(t, deliverytest.SFTPOptions{Program: program}, nil)
		p := deliverytest.Payload(want, "a.csv")
		if err := os.Symlink("/dev/full", filepath.Join(server.Folder, p.TempName())); err != nil {
			t.Fatal(err)
		}
		_, err := s.Send(t.Context(), p)
		deliverytest.Refused(t, err, false)
		if left := there(t, server); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}
