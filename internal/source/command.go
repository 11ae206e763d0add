package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"exporttask/internal/format/row"
)

// Commands (MySQL protocol, Command Phase).
const (
	comQuit    = 0x01
	comQuery   = 0x03
	comPrepare = 0x16
)

const (
	headInfile = 0xfb // LOCAL INFILE request: the server asks for a file of this machine
	headEOF    = 0xfe
)

// maxControlRows bounds the rows of SHOW WARNINGS and of other small results.
const maxControlRows = maxWarnings + 1

var errNoResult = errors.New("the statement returns no result")

// command sends one command. From here on the server may be executing it.
func (c *conn) command(com byte, text string) error {
	c.begun()
	payload := make([]byte, 0, 1+len(text))
	return c.writePacket(append(append(payload, com), text...))
}

// begun resets the packet sequence and marks the connection as running. It is
// called before each command.
func (c *conn) begun() {
	c.seq = 0
	if c.id != 0 {
		c.running.Store(true)
	}
}

// response reads a packet of the server's response. An error packet ends the
// command and is returned as an error.
func (c *conn) response(during string) ([]byte, error) {
	p, err := c.readPacket(during)
	if err != nil {
		return nil, err
	}
	if p[0] == headErr {
		c.running.Store(false)
		return nil, c.serverError(p)
	}
	return p, nil
}

// exec runs a statement that returns no rows.
func (c *conn) exec(stmt string) error {
	if err := c.command(comQuery, stmt); err != nil {
		return err
	}
	return c.done()
}

// done reads the response to a statement that returns no rows.
func (c *conn) done() error {
	p, err := c.response("run a statement of the session")
	if err != nil {
		return err
	}
	if p[0] != headOK {
		return &ProtocolError{What: fmt.Sprintf("an unexpected result (%#x)", p[0])}
	}
	c.running.Store(false)
	return nil
}

// query runs a statement and reads the columns of its result; the rows follow.
func (c *conn) query(stmt string) ([]row.Column, error) {
	if err := c.command(comQuery, stmt); err != nil {
		return nil, err
	}
	p, err := c.response("wait for the result")
	if err != nil {
		return nil, err
	}
	switch p[0] {
	case headOK:
		c.running.Store(false)
		return nil, errNoResult
	case headInfile:
		return nil, &ProtocolError{What: "the server asks for a file of this machine"}
	}
	n, rest, ok := lenenc(p)
	if !ok || len(rest) != 0 || n == 0 || n > maxColumns {
		return nil, &ProtocolError{What: "number of columns"}
	}
	return c.readColumns(int(n))
}

// maxColumns is above the number of columns that a result can have (4,096).
const maxColumns = 1 << 16

// readColumns reads n column definitions and the EOF packet after them.
func (c *conn) readColumns(n int) ([]row.Column, error) {
	cols := make([]row.Column, 0, min(n, 4096))
	for range n {
		p, err := c.response("read columns")
		if err != nil {
			return nil, err
		}
		col, err := parseColumn(p, c.server.agreed&capExtendedTypes != 0)
		if err != nil {
			return nil, err
		}
		if col.Type == typeNameTimestamp {
			col.Location = c.src.timestampLocation()
		}
		cols = append(cols, col)
	}
	p, err := c.response("read columns")
	if err != nil {
		return nil, err
	}
	if !isEOF(p) {
		return nil, &ProtocolError{What: "no end of the columns"}
	}
	return cols, nil
}

// isEOF reports whether p is an EOF packet and not a row that begins with a very
// long cell.
func isEOF(p []byte) bool { return p[0] == headEOF && len(p) < 9 }

// selectAll runs one of the package's own statements and returns its rows.
func (c *conn) selectAll(stmt string) ([][]string, error) {
	cols, err := c.query(stmt)
	if err != nil {
		return nil, err
	}
	return c.readAll(cols)
}

// readAll returns the rows of a small result, with NULL as "".
func (c *conn) readAll(cols []row.Column) ([][]string, error) {
	var rows [][]string
	for {
		p, err := c.response("read rows")
		if err != nil {
			return nil, err
		}
		if isEOF(p) {
			c.running.Store(false)
			return rows, nil
		}
		if !row.Whole(p, len(cols)) || len(rows) == maxControlRows {
			return nil, &ProtocolError{What: "a row of a small result"}
		}
		cells := make([]string, len(cols))
		for i := range cells {
			var cell []byte
			cell, p = row.Cell(p)
			cells[i] = string(cell)
		}
		rows = append(rows, cells)
	}
}

// prepareStatement prepares sql on the server and returns the columns of its
// result.
func (c *conn) prepareStatement(sql string, args int) ([]row.Column, error) {
	if err := c.command(comPrepare, sql); err != nil {
		return nil, err
	}
	p, err := c.response("prepare")
	if err != nil {
		return nil, err
	}
	if p[0] != headOK || len(p) < 9 {
		return nil, &ProtocolError{What: "response to COM_STMT_PREPARE"}
	}
	columns := int(binary.LittleEndian.Uint16(p[5:]))
	params := int(binary.LittleEndian.Uint16(p[7:]))
	if params > 0 {
		if _, err := c.readColumns(params); err != nil {
			return nil, err
		}
	}
	var cols []row.Column
	if columns > 0 {
		if cols, err = c.readColumns(columns); err != nil {
			return nil, err
		}
	}
	c.running.Store(false)
	switch {
	case params != args:
		return nil, fmt.Errorf("the statement has %d placeholders, want %d", params, args)
	case columns == 0:
		return nil, errNoResult
	}
	return cols, nil
}

// serverError parses an error packet. After an abort it returns the abort's
// cause, and for a statement that exceeded its time limit a *LimitError.
func (c *conn) serverError(p []byte) error {
	if cause := c.aborted(); cause != nil {
		return cause
	}
	err := parseServerError(p)
	var se *ServerError
	if !errors.As(err, &se) {
		return err
	}
	switch se.Code {
	case mysqlErrStatementTimeout, mysqlErrQueryTimeout:
		return &LimitError{Limit: LimitStatementTime, Max: int64(c.limit), Err: se}
	case mysqlErrQueryInterrupted:
		if c.limit > 0 && time.Since(c.began) >= c.limit {
			return &LimitError{Limit: LimitStatementTime, Max: int64(c.limit), Err: se}
		}
	case mysqlErrConnectionMemory:
		return &LimitError{Limit: LimitMemory, Max: c.src.opts.SessionMemory, Err: se}
	case mysqlErrOptionPrevents:
		if strings.Contains(se.Message, "max-session-mem-used") {
			return &LimitError{Limit: LimitMemory, Max: c.src.opts.SessionMemory, Err: se}
		}
	}
	return se
}

// parseServerError parses an ERR packet. Before login it has no SQLSTATE.
func parseServerError(p []byte) error {
	if len(p) < 3 {
		return &ProtocolError{What: "error packet"}
	}
	e := &ServerError{Code: binary.LittleEndian.Uint16(p[1:])}
	p = p[3:]
	if len(p) >= 6 && p[0] == '#' {
		e.State = string(p[1:6])
		p = p[6:]
	}
	e.Message = string(bytes.ToValidUTF8(p, []byte("?")))
	return e
}
