// Package sqlcheck decides whether a template's SQL may run, and binds values
// to its parameters.
//
// The server calls Check when a template or an instance is created and Freeze
// to fix an instance's parameters; the export worker calls Check and Bind
// again just before it runs the query. The package never talks to a database,
// never puts a value into SQL text, and lets nothing pass that it does not
// know: every list in it names what is allowed.
//
// # How a statement is read
//
//		text ──lex──▶ tokens ──rules──▶ tokens ──rewrite──▶ sent text ──parse──▶ tree ──walk──▶ Statement
//
//	  - lex is a tokenizer of our own. It knows strings, back-quotes, comments and
//	    numbers, and refuses whatever two servers (or two sql_modes) read apart.
//	  - rules look at the tokens: variables, ";", locking words, and every name in
//	    front of a "(".
//	  - rewrite makes the text that is sent: comments become blanks, "\'" becomes
//	    "''", each :name becomes "?". So no comment is ever left for the server to
//	    understand in its own way.
//	  - parse and walk read exactly that text with a full MySQL grammar and accept
//	    a tree only if each node of it is known to be a plain read, and if its
//	    placeholders stand where the tokenizer saw them.
//
// # What it stands on
//
// No sql_mode is presumed. What is sent is cut into the same tokens with and
// without ANSI_QUOTES, NO_BACKSLASH_ESCAPES, IGNORE_SPACE and ORACLE, and is a
// plain read under each; what a string or "||" means is the mode's affair.
//
// Views can hide anything, and a stored function that Options allows can write:
// the account of a data source must hold SELECT on named tables alone. The
// check is the first of three walls, beside that account and the query's time
// limit.
package sqlcheck
