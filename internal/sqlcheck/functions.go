package sqlcheck

import "strings"

// Dialect is the database server that a statement is written for. It decides
// which names are built-in functions: the server looks up any other name among
// its stored functions.
type Dialect uint8

// The dialects.
const (
	AnyServer Dialect = iota // functions that both servers have
	MariaDB                  // MariaDB 10.6 and later
	MySQL                    // MySQL 8.0 and later
)

// builtin reports whether name, in lower case, is a built-in function of the
// server that computes a value and has no side effect. TestBuiltin asks a real
// server about each name.
func builtin(name string, on Dialect) bool {
	switch name {
	// Numbers.
	case "abs", "acos", "asin", "atan", "atan2", "ceil", "ceiling", "conv", "cos", "cot", "crc32", "degrees",
		"exp", "floor", "ln", "log", "log10", "log2", "mod", "pi", "pow", "power", "radians", "rand", "round",
		"sign", "sin", "sqrt", "tan", "truncate", "bit_count":
		return true
	// Strings.
	case "ascii", "bin", "bit_length", "char", "char_length", "character_length", "concat", "concat_ws", "elt",
		"export_set", "field", "find_in_set", "format", "from_base64", "hex", "insert", "instr", "lcase", "left",
		"length", "locate", "lower", "lpad", "ltrim", "make_set", "mid", "oct", "octet_length", "ord", "position",
		"quote", "repeat", "replace", "reverse", "right", "rpad", "rtrim", "soundex", "space", "strcmp", "substr",
		"substring", "substring_index", "to_base64", "trim", "ucase", "unhex", "upper", "weight_string",
		"regexp_instr", "regexp_replace", "regexp_substr":
		return true
	// Dates and times.
	case "adddate", "addtime", "convert_tz", "curdate", "current_date", "current_time", "current_timestamp",
		"curtime", "date", "date_add", "date_format", "date_sub", "datediff", "day", "dayname", "dayofmonth",
		"dayofweek", "dayofyear", "extract", "from_days", "from_unixtime", "get_format", "hour", "last_day",
		"localtime", "localtimestamp", "makedate", "maketime", "microsecond", "minute", "month", "monthname",
		"now", "period_add", "period_diff", "quarter", "sec_to_time", "second", "str_to_date", "subdate",
		"subtime", "sysdate", "time", "time_format", "time_to_sec", "timediff", "timestamp", "timestampadd",
		"timestampdiff", "to_days", "to_seconds", "unix_timestamp", "utc_date", "utc_time", "utc_timestamp",
		"week", "weekday", "weekofyear", "year", "yearweek":
		return true
	// Control flow, conversion, session information.
	case "coalesce", "greatest", "if", "ifnull", "interval", "isnull", "least", "nullif", "cast", "convert",
		"charset", "coercibility", "collation", "connection_id", "current_role", "current_user", "database", "schema",
		"session_user", "system_user", "user", "version":
		return true
	// Aggregates and windows.
	case "avg", "bit_and", "bit_or", "bit_xor", "count", "group_concat", "json_arrayagg", "json_objectagg", "max",
		"min", "std", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance",
		"cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile",
		"percent_rank", "rank", "row_number":
		return true
	// JSON.
	case "json_array", "json_array_append", "json_array_insert", "json_contains", "json_contains_path",
		"json_depth", "json_extract", "json_insert", "json_keys", "json_length", "json_merge_patch",
		"json_merge_preserve", "json_object", "json_pretty", "json_overlaps", "json_quote", "json_remove", "json_replace",
		"json_search", "json_set", "json_type", "json_unquote", "json_valid", "json_value":
		return true
	// Hashes, compression, network addresses, identifiers.
	case "aes_decrypt", "aes_encrypt", "compress", "sha2", "uncompress",
		"uncompressed_length", "inet6_aton", "inet6_ntoa", "inet_aton", "inet_ntoa", "is_ipv4",
		"is_ipv4_compat", "is_ipv4_mapped", "is_ipv6", "uuid", "random_bytes":
		return true
	// Geometry.
	case "st_area", "st_asbinary", "st_asgeojson", "st_astext", "st_aswkb", "st_aswkt", "st_buffer",
		"st_centroid", "st_contains", "st_crosses", "st_dimension", "st_disjoint", "st_distance",
		"st_distance_sphere", "st_endpoint", "st_envelope", "st_equals", "st_exteriorring",
		"st_geometryn", "st_geometrytype", "st_geomfromgeojson", "st_geomfromtext", "st_geomfromwkb",
		"st_intersection", "st_intersects", "st_isclosed", "st_isempty", "st_issimple", "st_length",
		"st_numgeometries", "st_numpoints", "st_overlaps", "st_pointfromtext", "st_pointn", "st_srid",
		"st_startpoint", "st_touches", "st_union", "st_within", "st_x", "st_y", "mbrcontains",
		"mbrintersects", "mbrwithin", "mbrdisjoint", "mbrequals", "mbroverlaps", "mbrtouches",
		"point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection",
		"st_convexhull", "st_difference", "st_geomcollfromtext", "st_geomcollfromwkb", "st_geometryfromtext",
		"st_interiorringn", "st_linefromtext", "st_linefromwkb", "st_mlinefromtext", "st_mpointfromtext",
		"st_mpolyfromtext", "st_numinteriorrings", "st_pointfromwkb", "st_polyfromtext", "st_polyfromwkb",
		"st_symdifference":
		return true
	// XML.
	case "extractvalue", "updatexml":
		return true
	// Removed from MySQL 9.7: md5, sha, sha1.
	case "md5", "sha", "sha1",
		"add_months", "chr", "crc32c", "json_compact", "json_detailed", "json_equals", "json_exists",
		"column_add", "column_create", "column_delete", "column_get", "decode", "decode_oracle", "encode",
		"rownum", "json_loose", "json_normalize", "json_query", "lengthb", "natural_sort_key", "nvl", "nvl2",
		"sformat", "to_char", "median", "percentile_cont", "percentile_disc", "sys_guid", "json_merge",
		"column_check", "column_exists", "column_json", "column_list",
		"st_boundary", "st_isring", "st_pointonsurface", "st_relate",
		"area", "asbinary", "astext", "aswkb", "aswkt", "buffer", "centroid", "convexhull", "crosses",
		"dimension", "disjoint", "endpoint", "envelope", "exteriorring", "geometryn", "geometrytype",
		"geomfromtext", "geomfromwkb", "geometryfromtext", "glength", "interiorringn", "intersects", "isclosed",
		"isempty", "issimple", "linefromtext", "numgeometries", "numinteriorrings", "numpoints", "overlaps",
		"pointfromtext", "pointn", "polyfromtext", "srid", "startpoint", "touches", "within", "x", "y":
		return on == MariaDB
	case "any_value", "bin_to_uuid", "grouping", "is_uuid", "json_schema_valid",
		"json_storage_size", "regexp_like", "st_latitude", "st_longitude", "uuid_to_bin",
		"format_bytes", "format_pico_time", "statement_digest", "statement_digest_text", "icu_version", "json_schema_validation_report", "json_storage_free",
		"st_collect", "st_frechetdistance", "st_hausdorffdistance", "st_lineinterpolatepoint",
		"mbrcoveredby", "mbrcovers", "st_geohash", "st_isvalid", "st_latfromgeohash", "st_longfromgeohash",
		"st_pointfromgeohash", "st_simplify", "st_makeenvelope", "st_pointatdistance", "st_swapxy", "st_transform", "st_validate",
		"from_vector", "string_to_vector", "to_vector", "vector_dim", "vector_to_string":
		return on == MySQL
	}
	return false
}

// tight reports whether name is a built-in function only where "(" follows it
// directly: "curdate ()" calls a stored function named curdate. The names are
// those of the MySQL Reference Manual (Function Name Parsing and Resolution) and
// those that were found on MariaDB.
func tight(name string) bool {
	switch name {
	case "adddate", "bit_and", "bit_or", "bit_xor", "cast", "count", "cume_dist", "curdate", "curtime",
		"date_add", "date_sub", "dense_rank", "extract", "first_value", "group_concat", "json_arrayagg",
		"json_objectagg", "lag", "last_value", "lead", "max", "median", "mid", "min", "now", "nth_value", "ntile",
		"percent_rank", "percentile_cont", "percentile_disc", "position", "rank", "row_number", "session_user", "st_collect", "std", "stddev", "stddev_pop",
		"stddev_samp", "subdate", "substr", "substring", "sum", "sysdate", "system_user", "trim", "var_pop",
		"var_samp", "variance":
		return true
	}
	return false
}

// whyNot returns the reason why a well-known function is refused, or an empty
// string for a name that is only unknown.
func whyNot(name string) string {
	switch name {
	case "sleep", "benchmark", "master_pos_wait", "source_pos_wait", "master_gtid_wait",
		"wait_for_executed_gtid_set", "wait_until_sql_thread_after_gtids":
		return "waits or burns time"
	case "get_lock", "release_lock", "release_all_locks", "is_free_lock", "is_used_lock":
		return "works with the server's locks"
	case "load_file":
		return "reads the server's files"
	case "nextval", "setval", "lastval", "last_insert_id", "uuid_short", "found_rows", "row_count":
		return "reads or changes the state of a sequence, the session or the server"
	case "default":
		return "can run a column's default expression, which can advance a sequence"
	case "values":
		return "belongs to INSERT"
	case "rollup", "cube":
		return "is a stored function on many servers; write GROUP BY … WITH ROLLUP"
	}
	return ""
}

// callable reports whether the function name may be called: a built-in function
// of the dialect without a schema, or a stored function that o.Functions lists.
func (o Options) callable(schema, name string) bool {
	full := name
	if schema != "" {
		full = schema + "." + name
	}
	for _, f := range o.Functions {
		if strings.EqualFold(f, full) {
			return true
		}
	}
	return schema == "" && builtin(strings.ToLower(name), o.Dialect)
}
