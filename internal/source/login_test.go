package source

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
	"exporttask/internal/testkit/servers"
)

// The expected tokens were computed with another program's SHA-1 and SHA-256.
func TestAuthToken(t *testing.T) {
	salt := []byte("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14")
	const password = "s3cret 中"
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"mysql_native_password":                    {nativeToken(salt, password), "afb6c5772ac8ffad30372af31e943d01cc4b5c20"},
		"mysql_native_password without a password": {nativeToken(salt, ""), ""},
		"caching_sha2_password":                    {cachingSHA2Token(salt, password), "f18cf5ca257cfd3dae50f714c70bab7e6d40bcf0cd8eee2d7b21b2a901f3919d"},
		"caching_sha2_password without a password": {cachingSHA2Token(salt, ""), ""},
	} {
		if diff := cmp.Diff(c.want, hex.EncodeToString(c.got)); diff != "" {
			t.Errorf("%s: token (-want +got):\n%s", name, diff)
		}
	}
}

// certificates writes a self-signed certificate for 127.0.0.1 and its key.
func certificates(t *testing.T) (certFile, keyFile string, pair tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, data := range map[string][]byte{certFile: certPEM, keyFile: keyPEM} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile, pair
}

func TestSource_login_TLS(t *testing.T) {
	cert, key, _ := certificates(t)
	srv, err := servers.StartDB(t.Context(), testkit.Server(t).Install(), servers.DBOptions{
		Dir: t.TempDir(), Volatile: true, Args: []string{"--ssl-cert=" + cert, "--ssl-key=" + key, "--ssl-ca=" + cert},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Stop(); err != nil {
			t.Error(err)
		}
	})
	cipher := Query{SQL: "SHOW STATUS LIKE 'Ssl_cipher'"}
	dsn := srv.RootDSN("")
	for name, c := range map[string]struct {
		param     string
		opts      Options
		encrypted bool
	}{
		"not asked for":                    {"", Options{}, false},
		"with the authority's file":        {"tls=true", Options{CAFile: cert}, true},
		"with the authority's file alone":  {"", Options{CAFile: cert}, true},
		"with no look at the certificate":  {"tls=skip-verify", Options{}, true},
		"where it can be had":              {"tls=preferred", Options{}, true},
		"with settings made by the caller": {"", Options{TLS: &tls.Config{InsecureSkipVerify: true}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			rows := queryAll(t, open(t, withParam(dsn, c.param), c.opts), cipher)
			if len(rows) != 1 || (rows[0][1] != "") != c.encrypted {
				t.Errorf("got %v, want encrypted: %t", rows, c.encrypted)
			}
		})
	}
	t.Run("unknown_authority", func(t *testing.T) {
		_, err := open(t, withParam(dsn, "tls=true"), Options{}).Query(t.Context(), cipher)
		var unknown x509.UnknownAuthorityError
		if !errors.As(err, &unknown) || Transient(err) {
			t.Errorf("got %v, want an unknown authority that is not transient", err)
		}
	})
	t.Run("query_and_kill", func(t *testing.T) {
		s := open(t, dsn, Options{CAFile: cert})
		const endless = "WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n+1 FROM r WHERE n < 900) SELECT a.n, REPEAT('x', 500) FROM r a, r b, r c"
		cur, err := s.Query(t.Context(), Query{SQL: endless, Limits: Limits{Rows: 50_000}})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := drain(cur)
		var le *LimitError
		if !errors.As(err, &le) || len(rows) < 49_000 {
			t.Errorf("got %d rows and %v, want 50,000 and the limit's error", len(rows), err)
		}
	})
}

func withParam(dsn, param string) string {
	sep := "?"
	if bytes.ContainsRune([]byte(dsn), '?') {
		sep = "&"
	}
	return dsn + sep + param
}

func TestSource_login_unixSocket(t *testing.T) {
	srv := testkit.Server(t)
	dsn := testkit.Database(t)
	set, err := parseDSN(dsn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, fmt.Sprintf("%s:%s@unix(%s)/%s", set.user, set.password, srv.Socket(), set.database), Options{})
	if diff := cmp.Diff([][]string{{"1"}}, queryAll(t, s, Query{SQL: "SELECT 1"})); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestSource_login_refused(t *testing.T) {
	set, err := parseDSN(testkit.Database(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, fmt.Sprintf("%s:wrong@tcp(%s)/", set.user, set.addr), Options{})
	_, err = s.Query(t.Context(), Query{SQL: "SELECT 1"})
	var se *ServerError
	if !errors.As(err, &se) || se.Code != 1045 || Transient(err) {
		t.Errorf("got %v, want server error 1045, not transient", err)
	}
}

// fakeServer stands in for servers whose logins the test servers do not offer. It
// serves one connection with script and reports the script's error to the test.
func fakeServer(t *testing.T, script func(c *fakeConn) error) (addr string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		nc, err := l.Accept()
		if err == nil {
			err = script(&fakeConn{Conn: nc})
			_ = nc.Close()
		}
		done <- err
	}()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-done; err != nil {
			t.Errorf("server's side: %v", err)
		}
	})
	return l.Addr().String()
}

type fakeConn struct {
	net.Conn
	seq byte
}

func (c *fakeConn) send(payload string) error {
	n := len(payload)
	_, err := c.Write(append([]byte{byte(n), byte(n >> 8), byte(n >> 16), c.seq}, payload...))
	c.seq++
	return err
}

func (c *fakeConn) receive() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	c.seq = head[3] + 1
	p := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	_, err := io.ReadFull(c, p)
	return p, err
}

const fakeSalt = "abcdefghijklmnopqrst"

// greet sends the greeting of a MySQL 8, with TLS or without.
func (c *fakeConn) greet(withTLS bool, plugin string) error {
	low, high := byte(capMySQL|capLongFlag|capConnectDB), byte(0x38) // plugin auth, attributes, lenenc auth
	second := byte((capProtocol41 | capTransactions | capSecure) >> 8)
	if withTLS {
		second |= capTLS >> 8
	}
	return c.send("\x0a8.4.0\x00\x01\x00\x00\x00" + fakeSalt[:8] + "\x00" + string([]byte{low, second}) + "\xff\x02\x00" +
		string([]byte{high, 0}) + "\x15" + string(make([]byte, 10)) + fakeSalt[8:] + "\x00" + plugin + "\x00")
}

// identity answers the first query of a session and waits for its end.
func (c *fakeConn) identity() error {
	p, err := c.receive()
	if err != nil {
		return err
	}
	if string(p[1:]) != selectIdentity {
		return fmt.Errorf("got %q, want the question who answers", p)
	}
	values := []string{"7", "h", "3", "1", "1024", "8.4.0", "1", "1024", "SYSTEM", "UTC", "0"}
	def := "\x03def\x00\x00\x00\x01c\x00\x0c\x2d\x00\xff\x00\x00\x00\xfd\x00\x00\x00\x00\x00"
	packets := []string{string([]byte{byte(len(values))})}
	row := ""
	for _, v := range values {
		packets = append(packets, def)
		row += string([]byte{byte(len(v))}) + v
	}
	const eof = "\xfe\x00\x00\x02\x00"
	for _, p := range append(packets, eof, row, eof) {
		if err := c.send(p); err != nil {
			return err
		}
	}
	return nil
}

func TestSource_login_cachingSHA2(t *testing.T) {
	const password = "pässword"
	token := string(cachingSHA2Token([]byte(fakeSalt), password))
	ok := "\x00\x00\x00\x02\x00\x00\x00"
	_, _, pair := certificates(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	pubPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub}))

	expectToken := func(c *fakeConn) error {
		p, err := c.receive()
		if err == nil && !bytes.Contains(p, []byte("u\x00 "+token)) {
			err = fmt.Errorf("login %q holds no token", p)
		}
		return err
	}
	scripts := map[string]struct {
		param string
		steps func(c *fakeConn) error
	}{
		"the fast way": {"", func(c *fakeConn) error {
			return errors.Join(c.greet(false, pluginCachingSHA2), expectToken(c), c.send("\x01\x03"), c.send(ok), c.identity())
		}},
		"by a switch from another plugin": {"", func(c *fakeConn) error {
			err := c.greet(false, pluginNative)
			_, err2 := c.receive()
			err3 := c.send("\xfe" + pluginCachingSHA2 + "\x00" + fakeSalt + "\x00")
			p, err4 := c.receive()
			if string(p) != token {
				return fmt.Errorf("after the switch: %q, want the token", p)
			}
			return errors.Join(err, err2, err3, err4, c.send("\x01\x03"), c.send(ok), c.identity())
		}},
		"in full under the server's key": {"", func(c *fakeConn) error {
			err := errors.Join(c.greet(false, pluginCachingSHA2), expectToken(c), c.send("\x01\x04"))
			ask, err2 := c.receive()
			if string(ask) != "\x02" {
				return fmt.Errorf("got %q, want a request for the key: the password must not pass in the clear", ask)
			}
			err3 := c.send("\x01" + pubPEM)
			p, err4 := c.receive()
			plain, err5 := rsa.DecryptOAEP(sha1.New(), nil, rsaKey, p, nil)
			for i := range plain {
				plain[i] ^= fakeSalt[i%len(fakeSalt)]
			}
			if string(plain) != password+"\x00" {
				return fmt.Errorf("password: got %q", plain)
			}
			return errors.Join(err, err2, err3, err4, err5, c.send(ok), c.identity())
		}},
		"in full inside TLS": {"tls=skip-verify", func(c *fakeConn) error {
			err := c.greet(true, pluginCachingSHA2)
			ask, err2 := c.receive()
			if len(ask) != 32 {
				return fmt.Errorf("request for TLS of %d bytes, want 32: user and token must stay inside", len(ask))
			}
			tc := tls.Server(c.Conn, &tls.Config{Certificates: []tls.Certificate{pair}})
			c.Conn = tc
			err3 := errors.Join(expectToken(c), c.send("\x01\x04"))
			p, err4 := c.receive()
			if string(p) != password+"\x00" {
				return fmt.Errorf("password: got %q", p)
			}
			return errors.Join(err, err2, err3, err4, c.send(ok), c.identity())
		}},
	}
	for name, s := range scripts {
		t.Run(name, func(t *testing.T) {
			addr := fakeServer(t, s.steps)
			c, err := open(t, withParam("u:"+password+"@tcp("+addr+")/", s.param), Options{}).connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c.id != 7 || c.server.mariadb {
				t.Errorf("got connection %d of MariaDB: %t, want 7 of MySQL", c.id, c.server.mariadb)
			}
			if err := c.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSource_login_clearPassword logs in to a server that wants the password itself,
// as LDAP, PAM and the tokens of clouds do: with TLS that checks the certificate,
// and if the DSN allows it.
func TestSource_login_clearPassword(t *testing.T) {
	const password = "a token"
	cert, _, pair := certificates(t)
	addr := fakeServer(t, func(c *fakeConn) error {
		err := c.greet(true, pluginCachingSHA2)
		_, err2 := c.receive()
		c.Conn = tls.Server(c.Conn, &tls.Config{Certificates: []tls.Certificate{pair}})
		_, err3 := c.receive()
		err4 := c.send("\xfe" + pluginClear + "\x00")
		p, err5 := c.receive()
		if string(p) != password+"\x00" {
			return fmt.Errorf("password: got %q", p)
		}
		return errors.Join(err, err2, err3, err4, err5, c.send("\x00\x00\x00\x02\x00\x00\x00"), c.identity())
	})
	c, err := open(t, "u:"+password+"@tcp("+addr+")/?tls=true&allowCleartextPasswords=true", Options{CAFile: cert}).connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

// TestSource_login_plugins logs in to accounts of each authentication plugin of a
// real server, in plain text, with TLS and over the socket: the first time, where
// MySQL asks for the password itself, and again, where it knows its hash.
func TestSource_login_plugins(t *testing.T) {
	cert, key, _ := certificates(t)
	install, args := testkit.Server(t).Install(), []string{"--ssl-cert=" + cert, "--ssl-key=" + key, "--ssl-ca=" + cert}
	accounts := map[string]string{"caching_sha2": "IDENTIFIED WITH caching_sha2_password BY 'päss'", "sha256": "IDENTIFIED WITH sha256_password BY 'päss'"}
	mariadb := os.Getenv(testkit.ServerEnv) != "mysql"
	if mariadb {
		cache, err := servers.CacheDir()
		if err != nil {
			t.Fatal(err)
		}
		if install, err = servers.FindGalera(t.Context(), cache, slog.New(slog.DiscardHandler)); err != nil { // the package with plugins
			t.Fatal(err)
		}
		args = append(args, "--plugin-load-add=auth_ed25519")
		accounts = map[string]string{"ed25519": "IDENTIFIED VIA ed25519 USING PASSWORD('päss')", "native": "IDENTIFIED VIA mysql_native_password USING PASSWORD('päss')"}
	}
	srv, err := servers.StartDB(t.Context(), install, servers.DBOptions{Dir: t.TempDir(), Volatile: true, Args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Stop(); err != nil {
			t.Error(err)
		}
	})
	for name, how := range accounts {
		t.Run(name, func(t *testing.T) {
			if err := srv.Exec(t.Context(), "CREATE USER "+name+" "+how); err != nil {
				t.Fatal(err)
			}
			login := func(password, network, param string, opts Options) error {
				c, err := open(t, fmt.Sprintf("%s:%s@%s/%s", name, password, network, param), opts).connect(t.Context())
				if err != nil {
					return err
				}
				return c.close()
			}
			tcp, socket := "tcp("+srv.Addr()+")", "unix("+srv.Socket()+")"
			for _, way := range []struct {
				name, network, param string
				opts                 Options
			}{{"plain text", tcp, "", Options{}}, {"TLS", tcp, "?tls=true", Options{CAFile: cert}}, {"socket", socket, "", Options{}}} {
				if !mariadb { // forgets the hash, so that the password is asked for in this way
					if err := srv.Exec(t.Context(), "FLUSH PRIVILEGES"); err != nil {
						t.Fatal(err)
					}
				}
				for _, nth := range []string{"first", "second"} {
					if err := login("päss", way.network, way.param, way.opts); err != nil {
						t.Errorf("%s, the %s time: %v", way.name, nth, err)
					}
				}
				var refused *ServerError
				if err := login("wrong", way.network, way.param, way.opts); !errors.As(err, &refused) || refused.Code != 1045 {
					t.Errorf("%s, wrong password: got %v, want server error 1045", way.name, err)
				}
			}
		})
	}
}

func TestConn_startTLS_earlyBytes(t *testing.T) {
	greeting := &packets{}
	recorder := &fakeConn{Conn: &recordingConn{to: greeting}}
	if err := recorder.greet(true, pluginNative); err != nil {
		t.Fatal(err)
	}
	nc := &memConn{data: append(greeting.data, "injected"...), chunk: 1 << 10}
	c := &conn{nc: nc, in: newReader(nc), finished: make(chan struct{})}
	err := c.login(&settings{user: "u", tls: &tls.Config{InsecureSkipVerify: true}})
	if _, ok := errors.AsType[*ProtocolError](err); !ok {
		t.Errorf("got %v, want a *ProtocolError", err)
	}
}

// recordingConn records what is written.
type recordingConn struct {
	net.Conn
	to *packets
}

func (c *recordingConn) Write(p []byte) (int, error) {
	c.to.data = append(c.to.data, p...)
	return len(p), nil
}

func TestConn_authenticate_unexpectedRequests(t *testing.T) {
	for name, c := range map[string]struct {
		param string
		steps func(c *fakeConn) error
	}{
		"no TLS where it is wanted": {"tls=skip-verify", func(c *fakeConn) error { return c.greet(false, pluginNative) }},
		"the password in the clear": {"", func(c *fakeConn) error {
			err := c.greet(false, pluginNative)
			_, err2 := c.receive()
			return errors.Join(err, err2, c.send("\xfemysql_clear_password\x00"))
		}},
		"a hash of before 4.1": {"", func(c *fakeConn) error {
			err := c.greet(false, pluginNative)
			_, err2 := c.receive()
			return errors.Join(err, err2, c.send("\xfe"))
		}},
		"the native plugin where it is forbidden": {"allowNativePasswords=false", func(c *fakeConn) error {
			err := c.greet(false, pluginCachingSHA2)
			_, err2 := c.receive()
			return errors.Join(err, err2, c.send("\xfe"+pluginNative+"\x00"+fakeSalt+"\x00"))
		}},
		"too many connections": {"", func(c *fakeConn) error { return c.send("\xff\x10\x04Too many connections") }},
		"a file of this machine": {"", func(c *fakeConn) error {
			err := c.greet(false, pluginNative)
			_, err2 := c.receive()
			err3 := c.send("\x00\x00\x00\x02\x00\x00\x00")
			_, err4 := c.receive()
			return errors.Join(err, err2, err3, err4, c.send("\xfb/etc/passwd"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			addr := fakeServer(t, c.steps)
			conn, err := open(t, withParam("u:p@tcp("+addr+")/", c.param), Options{}).connect(t.Context())
			if err == nil {
				t.Fatal(errors.Join(errors.New("logged in"), conn.close()))
			}
			if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want a refusal of our own", err)
			}
			if got, want := Transient(err), name == "too many connections"; got != want {
				t.Errorf("%v: transient: got %t, want %t", err, got, want)
			}
		})
	}
}
