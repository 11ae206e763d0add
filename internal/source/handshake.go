package source

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

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
	capAttributes    = 1 << 20
	capLenencAuth    = 1 << 21
	capExtendedTypes = 1 << 35 // MARIADB_CLIENT_EXTENDED_METADATA

	// wanted leaves out on purpose: LOCAL_FILES, MULTI_STATEMENTS,
	// MULTI_RESULTS, COMPRESS, and DEPRECATE_EOF, whose end of rows is an OK
	// packet of no fixed length.
	wanted = capLongFlag | capProtocol41 | capTransactions | capSecure | capPluginAuth | capLenencAuth
)

// handshakeCharset is utf8mb4_general_ci, known to every server; the
// session's SET NAMES says what is used.
const handshakeCharset = 45

// serverInfo is what the greeting tells.
type serverInfo struct {
	version  string
	mariadb  bool
	caps     uint64
	agreed   uint64
	salt     []byte // 20 bytes
	plugin   string
	threadID uint32 // the low half of the connection's number
}

var errNoTLS = errors.New("the server offers no TLS")

// login reads the greeting, starts TLS where it is wanted and proves who we
// are.
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
	agreed := (wanted | capExtendedTypes | capAttributes) & c.server.caps
	if !c.server.mariadb {
		agreed |= capMySQL
	}
	if set.database != "" {
		agreed |= capConnectDB
	}
	if missing := wanted &^ c.server.caps; missing != 0 {
		return &ProtocolError{What: fmt.Sprintf("server %s lacks capabilities %#x", c.server.version, missing)}
	}
	c.server.agreed = agreed
	if set.tls != nil {
		if err := c.startTLS(set); err != nil {
			return err
		}
	}
	plugin := c.server.plugin
	token, err := authToken(plugin, c.server.salt, set)
	if err != nil {
		// The account may use another plugin than the server's default:
		// offer the common one and let the server switch.
		plugin = pluginNative
		token = nativeToken(c.server.salt, set.password)
	}
	if err := c.writePacket(loginResponse(c.server.agreed, set, plugin, token)); err != nil {
		return err
	}
	return c.authenticate(set, plugin)
}

// parseGreeting reads Protocol::HandshakeV10.
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
	return s, nil
}

// startTLS turns the connection into TLS before the login is sent.
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
		return &ProtocolError{What: "the server spoke before TLS began"}
	}
	tc := tls.Client(c.nc, set.tls)
	if err := tc.Handshake(); err != nil { //nolint:noctx // abort's deadline ends it
		if cause := c.aborted(); cause != nil {
			return cause
		}
		return fmt.Errorf("TLS: %w", err)
	}
	c.setTransport(tc)
	c.in = newReader(tc)
	c.secure = true
	return nil
}

// setTransport swaps the transport under the lock that abort takes.
func (c *conn) setTransport(nc *tls.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nc = nc
}

// responseHead is the part of the login that is also the request for TLS.
func responseHead(caps uint64) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(caps)) //nolint:gosec // the low half; the high one follows below
	b = binary.LittleEndian.AppendUint32(b, maxPayload)
	b = append(b, handshakeCharset)
	b = append(b, make([]byte, 19)...)
	return binary.LittleEndian.AppendUint32(b, uint32(caps>>32))
}

// loginResponse is Protocol::HandshakeResponse41.
func loginResponse(caps uint64, set *settings, plugin string, token []byte) []byte {
	b := responseHead(caps)
	b = append(append(b, set.user...), 0)
	b = appendString(b, token)
	if caps&capConnectDB != 0 {
		b = append(append(b, set.database...), 0)
	}
	b = append(append(b, plugin...), 0)
	if caps&capAttributes != 0 {
		b = appendString(b, attributes(set.attributes))
	}
	return b
}

// attributes are what the server's performance_schema shows of a client.
func attributes(list string) []byte {
	b := appendString(appendString(nil, []byte("_client_name")), []byte("exportd"))
	for kv := range strings.SplitSeq(list, ",") {
		if k, v, ok := strings.Cut(kv, ":"); ok {
			b = appendString(appendString(b, []byte(k)), []byte(v))
		}
	}
	return b
}

// appendString appends a length-encoded string, an empty one for nil.
func appendString(dst, s []byte) []byte {
	if s == nil {
		s = []byte{}
	}
	return row.AppendCell(dst, s)
}
