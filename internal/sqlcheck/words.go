package sqlcheck

import "strings"

// reserved reports whether w is a reserved word of the dialect: a word that is
// no name without back-quotes. For AnyServer it reports the words that both
// servers reserve. TestReservedWord asks a real server about each word.
func (p *parser) reserved(w string) bool {
	return reservedWord(strings.ToLower(w), p.opt.Dialect)
}

func reservedWord(w string, on Dialect) bool {
	switch w {
	case "accessible", "add", "all", "alter", "analyze", "and", "as", "asc", "asensitive", "before", "between",
		"bigint", "binary", "blob", "both", "by", "call", "cascade", "case", "change", "char", "character",
		"check", "collate", "column", "condition", "constraint", "continue", "convert", "create", "cross",
		"current_date", "current_time", "current_timestamp", "current_user", "cursor", "databases",
		"day_hour", "day_microsecond", "day_minute", "day_second", "dec", "decimal", "declare", "default",
		"delayed", "delete", "desc", "describe", "deterministic", "distinct", "distinctrow", "div", "double",
		"drop", "dual", "each", "else", "elseif", "enclosed", "escaped", "except", "exists", "exit",
		"explain", "false", "fetch", "float", "float4", "float8", "for", "force", "foreign", "from",
		"fulltext", "grant", "group", "having", "high_priority", "hour_microsecond", "hour_minute",
		"hour_second", "if", "ignore", "in", "index", "infile", "inner", "inout", "insensitive", "insert",
		"int", "int1", "int2", "int3", "int4", "int8", "integer", "intersect", "interval", "into", "is",
		"iterate", "join", "key", "keys", "kill", "leading", "leave", "left", "like", "limit", "linear",
		"lines", "load", "localtime", "localtimestamp", "lock", "long", "longblob", "longtext", "loop",
		"low_priority", "match", "maxvalue", "mediumblob", "mediumint", "mediumtext", "middleint",
		"minute_microsecond", "minute_second", "mod", "modifies", "natural", "no_write_to_binlog", "not",
		"null", "numeric", "on", "optimize", "optionally", "or", "order", "out", "outer", "outfile", "over",
		"partition", "precision", "primary", "procedure", "purge", "range", "read", "read_write", "reads",
		"real", "recursive", "references", "regexp", "release", "rename", "repeat", "replace", "require",
		"resignal", "restrict", "return", "revoke", "right", "rlike", "row_number", "rows", "schemas",
		"second_microsecond", "select", "sensitive", "separator", "set", "show", "signal", "smallint",
		"spatial", "specific", "sql", "sql_big_result", "sql_calc_found_rows", "sql_small_result",
		"sqlexception", "sqlstate", "sqlwarning", "ssl", "starting", "straight_join", "table", "terminated",
		"then", "tinyblob", "tinyint", "tinytext", "to", "trailing", "trigger", "true", "undo", "union",
		"unique", "unlock", "unsigned", "update", "usage", "use", "using", "utc_date", "utc_time",
		"utc_timestamp", "values", "varbinary", "varchar", "varcharacter", "varying", "when", "where",
		"while", "with", "write", "xor", "year_month", "zerofill":
		return true
	case "current_role", "delete_domain_id", "do_domain_ids", "ignore_domain_ids", "master_ssl_verify_server_cert", "offset":
		return on == MariaDB
	case "cube", "cume_dist", "database", "dense_rank", "empty", "external", "first_value", "function",
		"generated", "get", "grouping", "groups", "io_after_gtids", "io_before_gtids", "json_table", "lag",
		"last_value", "lateral", "lead", "library", "nth_value", "ntile", "of", "optimizer_costs", "option",
		"percent_rank", "qualify", "rank", "row", "schema", "stored", "system", "tablesample", "virtual",
		"window":
		return on == MySQL
	}
	return false
}

// NameHint returns what to do about a server's syntax error near word, or "" where
// word is not one that a server may reserve while others take it as a name.
func NameHint(word string) string {
	w := strings.ToLower(word)
	if clauseWord(w) || !reservedWord(w, MariaDB) && !reservedWord(w, MySQL) {
		return ""
	}
	return "; back-quotes around a reserved word that is a name: `" + word + "`"
}

// keyword reports whether the grammar may take the word w, in lower case, for
// something else than a name.
func keyword(w string) bool {
	switch w {
	case "sql_buffer_result", "sql_cache", "sql_no_cache":
		return true
	}
	return reservedWord(w, MariaDB) || reservedWord(w, MySQL)
}

// clauseWord reports whether w begins or joins parts of a query, so that it is
// hardly meant as a name.
func clauseWord(w string) bool {
	switch strings.ToLower(w) {
	case "and", "as", "between", "by", "case", "distinct", "else", "except", "from", "having", "in", "inner",
		"intersect", "into", "is", "join", "like", "limit", "not", "on", "or", "select", "then", "union",
		"using", "when", "where", "with":
		return true
	}
	return false
}

// implicitAlias reports whether the next token may be an alias without AS: a name
// that is not reserved and does not begin a clause.
func (p *parser) implicitAlias() bool {
	t, after := p.peek(0), p.peek(1)
	switch {
	case t.kind == quoted, t.isAnsiName():
		return true
	case t.kind != word || p.reserved(t.text):
		return false
	}
	switch strings.ToLower(t.text) {
	case "offset": // begins a clause: OFFSET 5 ROWS
		return after.kind != number && after.kind != param
	case "window": // WINDOW w AS (…)
		return !after.isName() && !after.isAnsiName() || !p.peek(2).is("AS")
	}
	return true
}

// introducer reports whether w, in capitals, is a character set of MariaDB or MySQL
// in front of a literal: _utf8mb4'…'. To a server that does not know the character
// set it is a column, with the string as its alias.
func introducer(w string) bool {
	name, found := strings.CutPrefix(w, "_")
	if !found {
		return false
	}
	switch strings.ToLower(name) {
	case "armscii8", "ascii", "big5", "binary", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852",
		"cp866", "cp932", "dec8", "eucjpms", "euckr", "gb18030", "gb2312", "gbk", "geostd8", "greek", "hebrew",
		"hp8", "keybcs2", "koi8r", "koi8u", "latin1", "latin2", "latin5", "latin7", "macce", "macroman", "sjis",
		"swe7", "tis620", "ucs2", "ujis", "utf16", "utf16le", "utf32", "utf8", "utf8mb3", "utf8mb4":
		return true
	}
	return false
}

// bareValue reports whether the keyword w, in capitals, is a value without
// brackets.
func bareValue(w string) bool {
	switch w {
	case "NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "CURRENT_ROLE",
		"LOCALTIME", "LOCALTIMESTAMP", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP":
		return true
	}
	return false
}

// intervalUnit reports whether w, in lower case, is a unit of INTERVAL and
// EXTRACT.
func intervalUnit(w string) bool {
	switch strings.TrimPrefix(w, "sql_tsi_") {
	case "microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year",
		"second_microsecond", "minute_microsecond", "minute_second", "hour_microsecond", "hour_second",
		"hour_minute", "day_microsecond", "day_second", "day_minute", "day_hour", "year_month":
		return true
	}
	return false
}
