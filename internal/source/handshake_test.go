package source

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

// capabilityProxy forwards connections to target and clears capabilities in the
// server's greeting, as proxies that do not implement them.
func capabilityProxy(t *testing.T, target string, cleared uint32, version string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", target)
				if err != nil {
					return
				}
				defer server.Close()
				if err := forwardGreeting(client, server, cleared, version); err != nil {
					return
				}
				go func() { _, _ = io.Copy(server, client) }()
				_, _ = io.Copy(client, server)
			}()
		}
	}()
	return l.Addr().String()
}

// forwardGreeting sends the server's greeting to the client without the cleared
// capabilities and, unless it is empty, with another version.
func forwardGreeting(client io.Writer, server io.Reader, cleared uint32, version string) error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(server, head); err != nil {
		return err
	}
	p := make([]byte, int(head[0])|int(head[1])<<8)
	if _, err := io.ReadFull(server, p); err != nil {
		return err
	}
	old, rest, _ := strings.Cut(string(p[1:]), "\x00")
	if version == "" {
		version = old
	}
	tail := []byte(rest)
	low, high := tail[13:15], tail[18:20]
	binary.LittleEndian.PutUint16(low, binary.LittleEndian.Uint16(low)&^uint16(cleared))
	binary.LittleEndian.PutUint16(high, binary.LittleEndian.Uint16(high)&^uint16(cleared>>16))
	p = append([]byte{p[0]}, version+"\x00"+string(tail)...)
	_, err := client.Write(append([]byte{byte(len(p)), byte(len(p) >> 8), 0, 0}, p...))
	return err
}

func TestSource_login_capabilities(t *testing.T) {
	dsn := setup(t, "CREATE TABLE c (i INT, s VARCHAR(20))", "INSERT INTO c VALUES (1, '小明')")
	account := testkit.Account(t, dsn, "SELECT")
	set, err := parseDSN(account, Options{})
	if err != nil {
		t.Fatal(err)
	}
	through := func(cleared uint32, version string) *Source {
		return open(t, strings.Replace(account, set.addr, capabilityProxy(t, testkit.Server(t).Addr(), cleared, version), 1), Options{TimeZone: "+08:00"})
	}
	for name, cleared := range map[string]uint32{
		"lenenc_auth": capLenencAuth, "plugin_auth": capPluginAuth, "transactions": capTransactions,
		"long_flag": capLongFlag, "attributes": capAttributes,
		"several": capLenencAuth | capTransactions | capLongFlag | capAttributes,
		"none":    0,
	} {
		t.Run(name, func(t *testing.T) {
			if cleared&capPluginAuth != 0 && isMySQL() {
				t.Skip("the server has no account without a plugin")
			}
			got := queryAll(t, through(cleared, ""), Query{SQL: "SELECT i, s FROM c WHERE s = '小明'"})
			if diff := cmp.Diff([][]string{{"1", "小明"}}, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("protocol_41", func(t *testing.T) {
		_, err := through(capProtocol41, "").Query(t.Context(), Query{SQL: "SELECT 1"})
		if !errors.As(err, new(*ConfigError)) || !Misconfigured(err) || Transient(err) {
			t.Errorf("got %v, want a *ConfigError", err)
		}
	})
	// A proxy's greeting may name another server than the one behind it.
	t.Run("other_version", func(t *testing.T) {
		s := through(0, "8.0.30")
		queryAll(t, s, Query{SQL: "SELECT 1", Limits: Limits{StatementTime: 60e9}})
		f, ok := s.Facts()
		if !ok || f.MariaDB == isMySQL() {
			t.Errorf("facts %+v, want those of the server behind the proxy", f)
		}
	})
}
