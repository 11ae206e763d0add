package source

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // mysql_native_password is built on it
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// The authentication plugins that are supported.
const (
	pluginNative      = "mysql_native_password"
	pluginCachingSHA2 = "caching_sha2_password"
	pluginSHA256      = "sha256_password"      // MySQL before 9
	pluginClear       = "mysql_clear_password" // LDAP, PAM, tokens of clouds
	pluginEd25519     = "client_ed25519"       // MariaDB
)

// Packet heads of the login (MySQL protocol, Authentication Phase).
const (
	headOK         = 0x00
	headMore       = 0x01 // Protocol::AuthMoreData
	headAuthSwitch = 0xfe
	headErr        = 0xff

	sha2AskKey   = 0x02 // request for the server's public key
	sha256AskKey = 0x01 // the same in sha256_password
	sha2FastOK   = 0x03
	sha2Full     = 0x04
)

// authToken returns the response to a plugin's challenge. The error names a plugin
// that is not supported or that the DSN forbids.
func (c *conn) authToken(plugin string, salt []byte, set *settings) ([]byte, error) {
	switch {
	case plugin == pluginCachingSHA2:
		return cachingSHA2Token(salt, set.password), nil
	case plugin == pluginSHA256 && !c.encrypted() && set.password != "":
		return []byte{sha256AskKey}, nil
	case plugin == pluginSHA256, plugin == pluginClear && c.secure && set.clearPassword:
		return append([]byte(set.password), 0), nil
	case plugin == pluginClear:
		return nil, &ConfigError{What: "the account asks for the password in the clear (" + pluginClear + "); the DSN allows that with allowCleartextPasswords=true and tls=true"}
	case plugin == pluginNative && set.noNativePlugin:
		return nil, &ConfigError{What: "the account uses mysql_native_password, which the DSN forbids"}
	case plugin == pluginNative:
		return nativeToken(salt, set.password), nil
	case plugin == pluginEd25519:
		return ed25519Token(salt, set.password)
	}
	return nil, &ConfigError{What: fmt.Sprintf("authentication plugin %q is not supported; use an account with %s, %s, %s or MariaDB's ed25519", plugin, pluginCachingSHA2, pluginSHA256, pluginNative)}
}

// encrypted reports whether the connection uses TLS. To sha256_password a unix socket
// is not secure.
func (c *conn) encrypted() bool {
	_, ok := c.nc.(*tls.Conn)
	return ok
}

// nativeToken returns SHA1(p) XOR SHA1(salt, SHA1(SHA1(p))), where p is the
// password, or nil if there is no password.
func nativeToken(salt []byte, password string) []byte {
	if password == "" {
		return nil
	}
	h1 := sha1.Sum([]byte(password)) //nolint:gosec // the plugin's definition
	h2 := sha1.Sum(h1[:])            //nolint:gosec // the same
	t := sha1.Sum(append(bytes.Clone(salt), h2[:]...))
	for i := range t {
		t[i] ^= h1[i]
	}
	return t[:]
}

// cachingSHA2Token returns SHA256(p) XOR SHA256(SHA256(SHA256(p)), salt), where p
// is the password, or nil if there is no password.
func cachingSHA2Token(salt []byte, password string) []byte {
	if password == "" {
		return nil
	}
	h1 := sha256.Sum256([]byte(password))
	h2 := sha256.Sum256(h1[:])
	t := sha256.Sum256(append(h2[:], salt...))
	for i := range t {
		t[i] ^= h1[i]
	}
	return t[:]
}

// authenticate exchanges authentication packets with the server until the server
// accepts the login with an OK packet.
func (c *conn) authenticate(set *settings, plugin string) error {
	salt := c.server.salt
	switched := false
	for {
		p, err := c.readPacket("login")
		if err != nil {
			return err
		}
		switch p[0] {
		case headOK:
			return nil
		case headErr:
			return parseServerError(p)
		case headAuthSwitch:
			if switched {
				return &ProtocolError{What: "a second switch of the authentication plugin"}
			}
			switched = true
			var token []byte
			if plugin, salt, err = parseAuthSwitch(p); err != nil {
				return err
			}
			if token, err = c.authToken(plugin, salt, set); err != nil {
				return err
			}
			if err := c.writePacket(token); err != nil {
				return err
			}
		case headMore:
			switch {
			case plugin == pluginSHA256 && !c.encrypted() && len(p) > 1 && p[1] == '-':
				token, err := encryptPassword(p[1:], salt, set.password)
				if err != nil {
					return err
				}
				if err := c.writePacket(token); err != nil {
					return err
				}
				continue
			case plugin != pluginCachingSHA2 || len(p) < 2:
				return &ProtocolError{What: "login: authentication data that the plugin does not expect"}
			}
			if err := c.cachingSHA2(p[1:], salt, set.password); err != nil {
				return err
			}
		default:
			return &ProtocolError{What: fmt.Sprintf("login: unexpected packet with head %#x", p[0])}
		}
	}
}

// parseAuthSwitch parses Protocol::AuthSwitchRequest.
func parseAuthSwitch(p []byte) (plugin string, salt []byte, err error) {
	name, data, ok := bytes.Cut(p[1:], []byte{0})
	if !ok {
		return "", nil, &ProtocolError{What: "login: switch to the password hash of MySQL before 4.1"}
	}
	data = bytes.TrimSuffix(data, []byte{0})
	return string(name), bytes.Clone(data), nil
}

// cachingSHA2 answers the server's second packet in caching_sha2_password: fast
// authentication succeeded, or the server requests the password itself. The
// password is sent in the clear only inside TLS or over a unix socket; otherwise
// it is encrypted with the server's public key.
func (c *conn) cachingSHA2(data, salt []byte, password string) error {
	switch data[0] {
	case sha2FastOK:
		return nil
	case sha2Full:
		if c.secure {
			return c.writePacket(append([]byte(password), 0))
		}
		return c.writePacket([]byte{sha2AskKey})
	case '-':
		token, err := encryptPassword(data, salt, password)
		if err != nil {
			return err
		}
		return c.writePacket(token)
	}
	return &ProtocolError{What: fmt.Sprintf("login: caching_sha2_password: unknown request %#x", data[0])}
}

// encryptPassword XORs the password with the repeated salt and encrypts it with
// the server's public key, a PEM block (RSA OAEP with SHA-1).
func encryptPassword(key, salt []byte, password string) ([]byte, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, &ProtocolError{What: "login: the public key is not PEM"}
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("login: server's public key: %w", err)
	}
	rsaKey, ok := pub.(*rsa.PublicKey)
	if !ok || len(salt) == 0 {
		return nil, &ProtocolError{What: "login: the public key is not RSA"}
	}
	plain := append([]byte(password), 0)
	for i := range plain {
		plain[i] ^= salt[i%len(salt)]
	}
	token, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, rsaKey, plain, nil) //nolint:gosec // the plugin's definition
	if err != nil {
		return nil, fmt.Errorf("login: encrypt password: %w", err)
	}
	return token, nil
}
