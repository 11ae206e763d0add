// Package source reads the rows of a query from a MySQL or MariaDB server: a
// streaming cursor of raw cells with the types of their columns.
//
// A worker (package export) opens one cursor an export and hands its batches
// to an encoder; the server (package server) prepares a template's statement
// to learn its columns and reads the first rows of a preview. The package
// never writes to the data source, never renders a value and never changes
// one: a cell is the text that the server itself wrote.
//
// # Why a protocol reader of its own
//
// A driver for database/sql parses numbers into Go values, which costs more
// than reading them and loses text (the zeros of ZEROFILL, YEAR 0000, the
// scale of DOUBLE(12,2)). The text protocol's row is already what an encoder
// wants, so rows are cut where they lie in the read buffer and nothing is
// copied: see docs/adr/0003-rows-read-off-the-wire.md.
//
// # The walk of a cursor
//
//	Query      one connection: login, session settings, READ ONLY transaction,
//	           the statement (or PREPARE and EXECUTE … USING for bound values)
//	Next       read(2) straight into a batch, cut it into rows, give it away;
//	           io.EOF only after the server's own end of the result and a look
//	           at its warnings
//	Close      kills what still runs on the server, closes the connection
//
// There is no goroutine that reads ahead: what the server sends while the rows
// before are written waits in the socket. What is in a row is for whoever walks
// its cells to check (row.Batch).
//
// A cancelled context kills the statement on the server from a second
// connection, whatever the first one is doing. A connection is never used
// for a second query.
package source
