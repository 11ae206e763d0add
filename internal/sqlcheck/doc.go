// Package sqlcheck decides whether a template's SQL may run, and writes values
// into it.
//
// Package task calls Check when a template is created and whenever a statement is
// run, Freeze to fix the parameters of a new instance, and Bind for the SQL that
// runs. The package never talks to a database. Every list in it names what is
// allowed; whatever is not named is refused.
//
// # How a statement is read
//
//		text ──lex──▶ tokens ──applyRules──▶ tokens ──parse──▶ positions ──rewrite──▶ Statement ──Bind──▶ SQL to run
//
//	  - lex is a tokenizer. It knows strings, back-quotes, comments and numbers, and
//	    refuses text that two servers, or two sql_modes, split in different ways.
//	  - applyRules checks single tokens: variables, ";", and the words that make a
//	    query more than a read, such as INTO and FOR UPDATE.
//	  - parse reads the tokens with a grammar of what MariaDB and MySQL know as a
//	    query. It checks each function that is called and each schema, counts what a
//	    server would multiply (bounds.go), and finds what each parameter is used for.
//	  - rewrite makes the text that is sent: comments become blanks, "\'" becomes
//	    "''", and an unnamed result column with a parameter gets an alias.
//	  - Bind writes a literal in the place of each parameter.
//
// The grammar need not be as strict as a server's: a statement that is not valid
// there fails when it is prepared. See docs/adr/0006-sql-parser.md for the reasons.
//
// # Assumptions
//
// No sql_mode is assumed. The text that is sent has the same tokens with and
// without ANSI_QUOTES, NO_BACKSLASH_ESCAPES, IGNORE_SPACE and ORACLE, and is a
// plain read under each; what a string or "||" means depends on the mode.
//
// A view can hide anything, and a stored function that Options allows can write:
// the account of a data source must hold SELECT on named tables alone. The check
// is the first of three layers, beside that account and the limits of the query.
package sqlcheck
