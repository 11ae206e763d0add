package source

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"exporttask/internal/format/row"
)

// Capability flags (MySQL protocol, Capabilities Flags; MariaDB's extended
// ones lie above bit 32).
const (
	capMySQL         = 1 << 0 // CLIENT_LONG_PASSWORD; MariaDB: the peer is no MariaDB
	capLongFlag      = 1 << 2
	capConnectDB     = 1 << 3
	capProtocol41    = 1 << 9
	capTLS           = 1 << 11
	capTransactions  = 1 << 13
	capSecure        = 1 << 15
	capPluginAuth    = 1 << 19
	capAttributes    = 1 << 20 // CLIENT_CONNECT_ATTRS
	capLenencAuth    = 1 << 21 // CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
	capExtendedTypes = 1 << 35 // MARIADB_CLIENT_EXTENDED_METADATA

	// required are the capabilities without which there is no login.
	required = capProtocol41 | capSecure
	// optional are used if the server has them. Proxies often lack some. Not used
	// are LOCAL_FILES, MULTI_STATEMENTS, MULTI_RESULTS, COMPRESS, and
	// DEPRECATE_EOF, whose end of rows is an OK packet of variable length.
	optional = capLongFlag | capTransactions | capPluginAuth | capLenencAuth | capExtendedTypes | capAttributes
)

// handshakeCharset is utf8mb4_general_ci, which every server knows. SET NAMES sets
// the collation of the session.
const handshakeCharset = 45

// serverInfo is the contents of the greeting and what was agreed on.
type serverInfo struct {
	version  string
	mariadb  bool
	caps     uint64
	agreed   uint64
	salt     []byte // the challenge, 20 bytes
	plugin   string
	threadID uint32 // the low 32 bits of the connection's id
}

var errNoTLS = &ConfigError{What: "the server offers no TLS, which the DSN asks for"}

// login reads the greeting, starts TLS if the DSN asks for it, and authenticates.
func (c *conn) login(set *settings) error {
	p, err := c.readPacket("login")
	if err != nil {
		return err
	}
	if p[0] == headErr {
		return parseServerError(p)
	}
	if c.server, err = parseGreeting(p); err != nil {
		return err
	}
	agreed := (required | optional) & c.server.caps
	if !c.server.mariadb {
		agreed |= capMySQL
	}
	if set.database != "" {
		agreed |= capConnectDB
	}
	if missing := required &^ c.server.caps; missing != 0 {
		return &ConfigError{What: fmt.Sprintf("server %s lacks the capabilities %#x of the protocol of MySQL 4.1", c.server.version, missing)}
	}
	c.server.agreed = agreed
	if set.tls != nil {
		if err := c.startTLS(set); err != nil {
			return err
		}
	}
	plugin := c.server.plugin
	token, err := c.authToken(plugin, c.server.salt, set)
	if err != nil {
		// The account may use another plugin than the server's default: offer the
		// oldest one and let the server switch.
		plugin = pluginNative
		token = nativeToken(c.server.salt, set.password)
	}
	if err := c.writePacket(loginResponse(c.server.agreed, set, plugin, token)); err != nil {
		return err
	}
	return c.authenticate(set, plugin)
}

// parseGreeting parses Protocol::HandshakeV10.
func parseGreeting(p []byte) (serverInfo, error) {
	var s serverInfo
	bad := &ProtocolError{What: "greeting"}
	if p[0] != 10 {
		return s, &ProtocolError{What: fmt.Sprintf("greeting of protocol version %d, want 10", p[0])}
	}
	end := bytes.IndexByte(p, 0)
	if end < 0 || len(p) < end+1+4+8+1+2+1+2+2+1+10+13 {
		return s, bad
	}
	s.version = string(p[1:end])
	p = p[end+1:]
	s.threadID = binary.LittleEndian.Uint32(p)
	s.salt = append(s.salt, p[4:12]...)
	p = p[13:]
	s.caps = uint64(binary.LittleEndian.Uint16(p)) | uint64(binary.LittleEndian.Uint16(p[5:]))<<16
	s.mariadb = s.caps&capMySQL == 0 || strings.Contains(s.version, "MariaDB")
	if s.caps&capMySQL == 0 {
		s.caps |= uint64(binary.LittleEndian.Uint32(p[14:])) << 32
	}
	p = p[18:]
	s.salt = append(s.salt, p[:12]...)
	p = p[13:]
	if end = bytes.IndexByte(p, 0); end >= 0 {
		p = p[:end]
	}
	s.plugin = string(p)
	if s.caps&capPluginAuth == 0 || s.plugin == "" {
		s.plugin = pluginNative // of servers without plugins
	}
	return s, nil
}

// startTLS upgrades the connection to TLS before the login is sent.
func (c *conn) startTLS(set *settings) error {
	if c.server.caps&capTLS == 0 {
		if set.tlsOptional {
			return nil
		}
		return errNoTLS
	}
	c.server.agreed |= capTLS
	if err := c.writePacket(responseHead(c.server.agreed)); err != nil {
		return err
	}
	if c.in.Buffered() > 0 {
		return &ProtocolError{What: "the server sent data before TLS started"}
	}
	tc := tls.Client(c.nc, set.tls)
	if err := tc.Handshake(); err != nil { //nolint:noctx // abort's deadline ends it
		if cause := c.aborted(); cause != nil {
			return cause
		}
		return tlsFailed(err)
	}
	c.setTransport(tc)
	c.in = newReader(tc)
	c.secure = true
	return nil
}

// tlsFailed returns the error of a TLS handshake: a *LostError if the connection
// ended, else a *ConfigError, such as for a certificate that is not accepted.
func tlsFailed(err error) error {
	var network net.Error
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.As(err, &network) && network.Timeout() {
		return lost("TLS handshake", err)
	}
	return &ConfigError{What: "TLS", Err: err}
}

// setTransport replaces the transport under the lock that abort takes.
func (c *conn) setTransport(nc *tls.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nc = nc
}

// responseHead returns the first part of the login, which by itself is the request
// for TLS.
func responseHead(caps uint64) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(caps))
	b = binary.LittleEndian.AppendUint32(b, maxPayload)
	b = append(b, handshakeCharset)
	b = append(b, make([]byte, 19)...)
	return binary.LittleEndian.AppendUint32(b, uint32(caps>>32))
}

// loginResponse returns Protocol::HandshakeResponse41. Without capLenencAuth the
// token's length is one byte, which looks the same for tokens of this package.
func loginResponse(caps uint64, set *settings, plugin string, token []byte) []byte {
	b := responseHead(caps)
	b = append(append(b, set.user...), 0)
	b = appendString(b, token)
	if caps&capConnectDB != 0 {
		b = append(append(b, set.database...), 0)
	}
	if caps&capPluginAuth != 0 {
		b = append(append(b, plugin...), 0)
	}
	if caps&capAttributes != 0 {
		b = appendString(b, attributes(set.attributes))
	}
	return b
}

// attributes returns the connection attributes, which the server shows in
// performance_schema.
func attributes(list string) []byte {
	b := appendString(appendString(nil, []byte("_client_name")), []byte("exportd"))
	for kv := range strings.SplitSeq(list, ",") {
		if k, v, ok := strings.Cut(kv, ":"); ok {
			b = appendString(appendString(b, []byte(k)), []byte(v))
		}
	}
	return b
}

// appendString appends s as a length-encoded string; nil is the empty string.
func appendString(dst, s []byte) []byte {
	if s == nil {
		s = []byte{}
	}
	return row.AppendCell(dst, s)
}
