package sftp

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/delivery/payload"
)

var _ payload.Destination = (*Server)(nil)

// setup makes a destination at a new server; change may change its keys.
func setup(t *testing.T, o deliverytest.SFTPOptions, change func(*Config)) (*Server, *deliverytest.SFTP) {
	t.Helper()
	o.Password = "right"
	server := deliverytest.NewSFTP(t, o)
	return connect(t, server, change), server
}

func connect(t *testing.T, server *deliverytest.SFTP, change func(*Config)) *Server {
	t.Helper()
	c := Config{Host: server.Addr, User: "exports", Password: "right", HostKey: ssh.FingerprintSHA256(server.HostKey)}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// there are the files that anybody can see, temporary ones included.
func there(t *testing.T, server *deliverytest.SFTP) map[string]int64 {
	t.Helper()
	files := map[string]int64{}
	for walk := server.Client(t).Walk("."); walk.Step(); {
		if walk.Err() != nil {
			t.Error(walk.Err())
			return files
		}
		if !walk.Stat().IsDir() {
			files[walk.Path()] = walk.Stat().Size()
		}
	}
	return files
}

func content(t *testing.T, server *deliverytest.SFTP, name string) []byte {
	t.Helper()
	f, err := server.Client(t).Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestServer_Send(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty": 0, "small": 1000, "one_packet": 32 << 10, "many_packets": 5<<20 + 1} {
		for kind, bare := range map[string]bool{"with_extensions": false, "without_extensions": true} {
			t.Run(name+"_"+kind, func(t *testing.T) {
				t.Parallel()
				s, server := setup(t, deliverytest.SFTPOptions{Bare: bare}, nil)
				want := bytes.Repeat([]byte("0123456789abcdefg"), size/17+1)[:size]
				at, err := s.Send(t.Context(), deliverytest.Payload(want, "daily/订单/a 1.csv"))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff("sftp://"+server.Addr+"/~/daily/订单/a 1.csv", at.Location); diff != "" {
					t.Errorf("location (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(map[string]int64{"daily/订单/a 1.csv": int64(size)}, there(t, server)); diff != "" {
					t.Errorf("files (-want +got):\n%s", diff)
				}
				if got := content(t, server, "daily/订单/a 1.csv"); !bytes.Equal(got, want) {
					t.Errorf("%d bytes that differ from the %d that were sent", len(got), size)
				}
			})
		}
	}
}

func TestServer_Send_folder(t *testing.T) {
	t.Parallel()
	s, server := setup(t, deliverytest.SFTPOptions{}, nil)
	s.folder = filepath.Join(server.Folder, "upload")
	at, err := s.Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("sftp://"+server.Addr+server.Folder+"/upload/a.csv", at.Location); diff != "" {
		t.Errorf("location (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{"upload/a.csv": 1}, there(t, server)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestServer_Send_replaces(t *testing.T) {
	t.Parallel()
	for kind, bare := range map[string]bool{"posix_rename": false, "plain_rename": true} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, server := setup(t, deliverytest.SFTPOptions{Bare: bare}, nil)
			for _, text := range []string{"old", "the new one", "new"} {
				if _, err := s.Send(t.Context(), deliverytest.Payload([]byte(text), "a.csv")); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(text, string(content(t, server, "a.csv"))); diff != "" {
					t.Errorf("content (-want +got):\n%s", diff)
				}
			}
			if diff := cmp.Diff(map[string]int64{"a.csv": 3}, there(t, server)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestServer_Send_login(t *testing.T) {
	t.Parallel()
	key, stranger := newKey(t), newKey(t)
	server := deliverytest.NewSFTP(t, deliverytest.SFTPOptions{Password: "right", Key: key.public})
	cases := map[string]struct {
		change  func(*Config)
		refused bool
	}{
		"password":       {func(*Config) {}, false},
		"wrong_password": {func(c *Config) { c.Password = "wrong" }, true},
		"other_user":     {func(c *Config) { c.User = "root" }, true},
		"key":            {func(c *Config) { c.Password, c.Key = "", key.text("") }, false},
		"key_with_passphrase": {func(c *Config) {
			c.Password, c.Key, c.KeyPassphrase = "", key.text("open"), "open"
		}, false},
		"unknown_key":              {func(c *Config) { c.Password, c.Key = "", stranger.text("") }, true},
		"unknown_key_and_password": {func(c *Config) { c.Key = stranger.text("") }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := connect(t, server, c.change).Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
			if c.refused {
				deliverytest.Refused(t, err, true)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// key is a key of a user.
type key struct {
	public ssh.PublicKey
	text   func(passphrase string) string
}

func newKey(t *testing.T) key {
	t.Helper()
	private := deliverytest.NewPrivateKey(t)
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key{signer.PublicKey(), func(passphrase string) string {
		block, err := ssh.MarshalPrivateKey(private, "")
		if passphrase != "" {
			block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
		}
		if err != nil {
			t.Error(err)
			return ""
		}
		return string(pem.EncodeToMemory(block))
	}}
}

func TestServer_Send_host_key(t *testing.T) {
	t.Parallel()
	server := deliverytest.NewSFTP(t, deliverytest.SFTPOptions{Password: "right"})
	other := newKey(t).public
	hosts := func(key ssh.PublicKey) string {
		name := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(name, []byte(knownhosts.Line([]string{server.Addr}, key)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	cases := map[string]struct {
		change  func(*Config)
		refused bool
	}{
		"fingerprint":               {func(*Config) {}, false},
		"other_fingerprint":         {func(c *Config) { c.HostKey = ssh.FingerprintSHA256(other) }, true},
		"known_host":                {func(c *Config) { c.HostKey, c.KnownHosts = "", hosts(server.HostKey) }, false},
		"known_host_with_other_key": {func(c *Config) { c.HostKey, c.KnownHosts = "", hosts(other) }, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := connect(t, server, c.change).Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
			if !c.refused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			deliverytest.Refused(t, err, true)
			if !strings.Contains(err.Error(), ssh.FingerprintSHA256(server.HostKey)) {
				t.Errorf("%v does not tell the key that was shown", err)
			}
		})
	}
}

// A server with keys of several types shows the one that the client prefers: the
// fingerprint of another one is found as well.
func TestServer_Send_host_key_of_other_type(t *testing.T) {
	t.Parallel()
	server := deliverytest.NewSFTP(t, deliverytest.SFTPOptions{Password: "right", MoreHostKeys: true})
	if _, err := connect(t, server, nil).Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv")); err != nil {
		t.Error(err)
	}
	other := connect(t, server, func(c *Config) { c.HostKey = ssh.FingerprintSHA256(newKey(t).public) })
	_, err := other.Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
	deliverytest.Refused(t, err, true)
	if !strings.Contains(err.Error(), "not the configured one") {
		t.Errorf("got %v, want that the key is wrong", err)
	}
}

func TestServer_Send_cut_off(t *testing.T) {
	t.Parallel()
	s, server := setup(t, deliverytest.SFTPOptions{}, nil)
	want := bytes.Repeat([]byte("0123456789abcdef"), 4<<16)
	p := deliverytest.Payload(want, "daily/a.csv")
	server.Fault(2<<20, func(conn net.Conn) {
		if _, is := there(t, server)["daily/a.csv"]; is {
			t.Error("in the middle: it can be seen")
		}
		conn.Close()
	})
	_, err := s.Send(t.Context(), p)
	deliverytest.Refused(t, err, false)
	temp := "daily/" + p.TempName()
	if left := there(t, server); len(left) != 1 || left[temp] == 0 || left[temp] >= int64(len(want)) {
		t.Fatalf("after the cut: %v, want a part of %s", left, temp)
	}
	server.Fault(0, nil)
	again := deliverytest.Payload(want, "daily/a.csv")
	again.Claim = 2
	if _, err := s.Send(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int64{"daily/a.csv": int64(len(want))}, there(t, server)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := content(t, server, "daily/a.csv"); !bytes.Equal(got, want) {
		t.Error("the file differs from the one that was sent")
	}
}

func TestServer_Send_keeps_old_file(t *testing.T) {
	t.Parallel()
	flipped := append(bytes.Repeat([]byte("x"), 99_999), 'y')
	cases := map[string]struct {
		source    io.Reader
		permanent bool
	}{
		"store_fails": {deliverytest.Cut(50_000, func() {}), false},
		"damaged":     {bytes.NewReader(flipped), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, server := setup(t, deliverytest.SFTPOptions{}, nil)
			if _, err := s.Send(t.Context(), deliverytest.Payload([]byte("old"), "a.csv")); err != nil {
				t.Fatal(err)
			}
			p := deliverytest.Payload(bytes.Repeat([]byte("x"), 100_000), "a.csv")
			p.Files[0].Source = deliverytest.Source(c.source)
			_, err := s.Send(t.Context(), p)
			deliverytest.Refused(t, err, c.permanent)
			if diff := cmp.Diff(map[string]int64{"a.csv": 3}, there(t, server)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestServer_Send_damaged(t *testing.T) {
	t.Parallel()
	s, server := setup(t, deliverytest.SFTPOptions{}, nil)
	p := deliverytest.Payload(nil, "a.csv")
	p.Files[0].Source = deliverytest.Source(strings.NewReader("x"))
	_, err := s.Send(t.Context(), p)
	deliverytest.Refused(t, err, true)
	if left := there(t, server); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestServer_Send_silent_server(t *testing.T) {
	t.Parallel()
	t.Run("from_the_start", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		s, err := New(Config{
			Host: deliverytest.Silent(t, cancel), User: "exports", Password: "right", HostKey: "SHA256:" + strings.Repeat("A", 43),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Send(ctx, deliverytest.Payload([]byte("x"), "a.csv")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want canceled", err)
		}
	})
	for name, after := range map[string]int64{"at_login": 1000, "in_a_file": 2 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, server := setup(t, deliverytest.SFTPOptions{}, nil)
			ctx, cancel := context.WithCancel(t.Context())
			server.Fault(after, func(net.Conn) {
				cancel() // as the timeout does, while the server hangs
				<-t.Context().Done()
			})
			if _, err := s.Send(ctx, deliverytest.Payload(make([]byte, 8<<20), "a.csv")); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want canceled", err)
			}
			if _, is := there(t, server)["a.csv"]; is {
				t.Error("the file can be seen")
			}
		})
	}
}

func TestServer_Send_read_only(t *testing.T) {
	t.Parallel()
	s, server := setup(t, deliverytest.SFTPOptions{ReadOnly: true}, nil)
	_, err := s.Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
	deliverytest.Refused(t, err, true)
	if !strings.Contains(err.Error(), "sftp://"+server.Addr+"/~/a.csv: ") {
		t.Errorf("%v does not name the file", err)
	}
}

func TestServer_Send_disk_full(t *testing.T) {
	t.Parallel()
	s, server := setup(t, deliverytest.SFTPOptions{}, nil)
	p := deliverytest.Payload(make([]byte, 1<<20), "a.csv")
	if err := os.Symlink("/dev/full", filepath.Join(server.Folder, p.TempName())); err != nil {
		t.Fatal(err)
	}
	_, err := s.Send(t.Context(), p)
	deliverytest.Refused(t, err, false)
	if !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("got %v, want that the disk is full", err)
	}
	if left := there(t, server); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// A server that removes each file when it is closed, and forbids nothing else.
func TestServer_Send_files_taken_away(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	no := false
	t.Run("default", func(t *testing.T) {
		t.Parallel()
		s, _ := setup(t, deliverytest.SFTPOptions{Bare: true, TakesAway: true}, nil)
		_, err := s.Send(t.Context(), deliverytest.Payload(content, "in/a.csv"))
		deliverytest.Refused(t, err, false)
		if !strings.Contains(err.Error(), "set temp-name: false and verify: false") {
			t.Errorf("%v does not name the options", err)
		}
	})
	t.Run("without_verify", func(t *testing.T) {
		t.Parallel()
		s, _ := setup(t, deliverytest.SFTPOptions{Bare: true, TakesAway: true}, func(c *Config) { c.Verify = &no })
		_, err := s.Send(t.Context(), deliverytest.Payload(content, "in/a.csv"))
		deliverytest.Refused(t, err, false)
		if !strings.Contains(err.Error(), "set temp-name: false") {
			t.Errorf("%v does not name the option", err)
		}
	})
	t.Run("without_temp_name_and_verify", func(t *testing.T) {
		t.Parallel()
		s, server := setup(t, deliverytest.SFTPOptions{Bare: true, TakesAway: true}, func(c *Config) { c.TempName, c.Verify = &no, &no })
		if _, err := s.Send(t.Context(), deliverytest.Payload(content, "in/a.csv")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]deliverytest.TakenFile{{Name: "/in/a.csv", Content: content}}, server.Taken()); diff != "" {
			t.Errorf("taken (-want +got):\n%.500s", diff)
		}
	})
}

func TestServer_Send_legacy_algorithms(t *testing.T) {
	t.Parallel()
	server := deliverytest.NewSFTP(t, deliverytest.SFTPOptions{Password: "right", Legacy: true})
	hosts := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(hosts, []byte(knownhosts.Line([]string{server.Addr}, server.HostKey)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*Config)
		taken  bool
	}{
		"fingerprint":               {func(*Config) {}, true}, // the pinned key is enough
		"fingerprint_permitted":     {func(c *Config) { c.LegacyAlgorithms = true }, true},
		"known_hosts_not_permitted": {func(c *Config) { c.HostKey, c.KnownHosts = "", hosts }, false},
		"known_hosts_permitted":     {func(c *Config) { c.HostKey, c.KnownHosts, c.LegacyAlgorithms = "", hosts, true }, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := connect(t, server, tc.change).Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
			if (err == nil) != tc.taken {
				t.Errorf("got %v, want that it is sent: %t", err, tc.taken)
			}
			if err != nil && !strings.Contains(err.Error(), "legacy-algorithms") {
				t.Errorf("%v does not name the option", err)
			}
		})
	}
}

func TestNew_invalid(t *testing.T) {
	t.Parallel()
	hosts := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(hosts, []byte(knownhosts.Line([]string{"other.example.com"}, newKey(t).public)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	locked := newKey(t).text("open")
	good := Config{Host: "files.example.com", User: "exports", Password: "x", HostKey: "SHA256:" + strings.Repeat("A", 43)}
	cases := map[string]func(*Config){
		`host: "", want HOST or HOST:PORT`:                           func(c *Config) { c.Host = "" },
		`host: "sftp://a", want HOST or HOST:PORT`:                   func(c *Config) { c.Host = "sftp://a" },
		`host: "a:ssh", want HOST or HOST:PORT`:                      func(c *Config) { c.Host = "a:ssh" },
		"user: empty":                                                func(c *Config) { c.User = "" },
		"known-hosts, host-key: want one of them":                    func(c *Config) { c.HostKey = "" },
		"known-hosts, host-key: want one of them; ":                  func(c *Config) { c.KnownHosts = hosts },
		"known-hosts: " + hosts + " has no key of files.example.com": func(c *Config) { c.HostKey, c.KnownHosts = "", hosts },
		"known-hosts: open /does/not/exist":                          func(c *Config) { c.HostKey, c.KnownHosts = "", "/does/not/exist" },
		`host-key: "MD5:00", want a fingerprint`:                     func(c *Config) { c.HostKey = "MD5:00" },
		"key-file, password-file: want one of them":                  func(c *Config) { c.Password = "" },
		"key-file: ": func(c *Config) { c.Key = "no key" },
		"key-file: ssh: this private key is passphrase": func(c *Config) { c.Key = locked },
		"key-file: x509: decryption password incorrect": func(c *Config) { c.Key, c.KeyPassphrase = locked, "wrong" },
		`folder: "a\nb", want a path`:                   func(c *Config) { c.Folder = "a\nb" },
	}
	for want, spoil := range cases {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			c := good
			spoil(&c)
			if _, err := New(c); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, want one that begins with %q", err, want)
			}
		})
	}
	for _, host := range []string{"files.example.com", "files.example.com:2222", "10.0.0.1", "::1", "[::1]", "[::1]:22"} {
		c := good
		c.Host = host
		if _, err := New(c); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}
