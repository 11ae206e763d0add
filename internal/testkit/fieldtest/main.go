// Fieldtest is `make test-field`: it runs the tests of the trouble that exportd has
// met in other people's databases, mail servers, file hosts and spreadsheets, and
// prints a table with one line for each trouble. A trouble without a test that ran
// counts as failed. Tests of packages that talk to a database run on MariaDB and on
// Oracle MySQL. The exit code is 1 where a line failed.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
)

// trouble is one kind of trouble with the tests that show it mended.
type trouble struct {
	what    string
	pkg     string // below the module's root
	tests   string // names of tests, separated by "|"
	tags    string // build tags
	onMySQL bool   // runs on Oracle MySQL as well
}

var troubles = []trouble{
	{"sessions are in the zone of the source, also for TIMESTAMP and NOW()", "internal/source", "TestSource_Query_timeZone|TestSource_Query_timeZoneWithClockChanges|TestSource_Query_timeZoneOfServer", "", true},
	{"DSN parameters without effect", "internal/source", "TestOpen_DSNParameters", "", false},
	{"parameters give what the literal in their place gives", "internal/sqlcheck", "TestBind_LikeLiteral|TestBind_collation", "", true},
	{"times at the end of the year as XLSX", "internal/format/xlsx", "TestRowWriter_date_precision", "", false},
	{"long names at a destination and in the store", "internal/filename", "TestPattern_Name_two_instances_never_share_a_name|TestSafe_long_texts_keep_different_names", "", false},
	{"private-use characters in GB18030", "internal/format/csv", "TestGB18030_encode_private_use|TestGB18030_encode_other_characters", "", false},
	{"servers without zone tables", "internal/source", "TestSource_Query_timeZoneTables", "", false},
	{"the repeated hour is in exactly one window", "internal/calendar", "TestCalendar_windows|TestCalendar_Next_aroundEveryClockChange", "", false},
	{"text in binary columns", "internal/format", "TestBinaryText_Append", "", false},
	{"telephone numbers and formulas in CSV", "internal/format", "TestIsFormula", "", false},
	{"decimals with too many digits as XLSX", "internal/format/xlsx", "TestRowWriter_longNumber", "", false},
	{"a built-in date as a result column", "internal/task", "TestQuery_columns_of_parameters", "", true},
	{"FLOAT with fewer digits than it has", "internal/source", "TestSource_Notes", "", true},
	{"digits kept as text stay text after an edit", "internal/format", "TestNeedsQuotePrefix", "", false},
	{"data source away for minutes", "internal/export", "TestPool_Run_source_outage", "", false},
	{"errors of servers and proxies", "internal/source", "TestClassify_numbers|TestClassify_server|TestServerErrors_docs", "", true},
	{"own database read-only while an export ends", "internal/model", "TestTransient|TestDB_Ping|TestOpen_several_servers", "", true},
	{"folders whose file system refuses fsync", "internal/files", "TestTemp_Commit_folder_sync|TestTemp_Commit_warns_once", "", false},
	{"the same with a kernel that refuses fsync", "cmd/exportd", "TestRender_folder_without_fsync", "field", false},
	{"destinations of different operators on one folder", "cmd/exportd", "TestLoadDestinations_shared_folder|TestLoadDestinations_operator_folders", "", false},
	{"the read transaction ends with the last row", "internal/source", "TestCursor_Next_transactionEndsAtEOF", "", true},
	{"names of columns with list parameters", "internal/sqlcheck", "TestStatement_ColumnNames", "", true},
	{"instances with megabytes of parameters in lists", "internal/model", "TestDB_ListInst_cut", "", true},
	{"watches through proxies that close silent streams", "internal/server", "TestServer_WatchInst_keepAlive", "", false},
	{"the same through nginx with its defaults, for longer than its 60 s", "clients", "TestNginx|TestNginx_silentWatch", "clients,field", false},
	{"one refused recipient of several", "internal/delivery/email", "TestMailer_Send_refused_recipient|TestMailer_Send_too_many_recipients|TestMailer_Send_limits_of_servers|TestMailer_Send_bcc", "", false},
	{"SFTP servers that forbid or take away", "internal/delivery/sftp", "TestServer_Send_files_taken_away|TestServer_Send_OpenSSH|TestServer_Send_sshd|TestServer_Send_legacy_algorithms", "", false},
	{"character sets, collations, aliases, intervals, full text, TRIM and other plain reads", "internal/sqlcheck", "TestCheck_Charsets|TestCheck_FieldSyntax|TestCheck_Syntax|TestCheck_Keywords|TestCheck_AnsiQuotes|TestReservedWord", "", true},
	{"300 report queries: rows equal the server's", "internal/sqlcheck", "TestCheck_Reports", "", true},
	{"documented refusals and the way round", "internal/sqlcheck", "TestCheck_Documented|TestCheck_Refuse", "", true},
	{"characters that a column's character set lacks", "internal/task", "TestCharsetHint", "", false},
	{"options of a file that do not fit together", "internal/format", "TestCheckOptions", "", false},
	{"number formats", "internal/format", "TestCheckFormat|TestColumn_NumberFormat", "", false},
	{"proxies without capability bits, ed25519 accounts", "internal/source", "TestSource_login_capabilities|TestSource_login_plugins|TestSource_login_clearPassword|TestEd25519Token", "", true},
	{"GROUP_CONCAT that a server cuts", "internal/source", "TestCursor_Next_damage|TestOpen_refused", "", true},
	{"names of attachments in old mail programs", "internal/delivery/email", "TestMailer_Send_attachment_name", "", false},
	{"buckets that want encryption", "internal/delivery/s3", "TestBucket_Send_encryption", "", false},
	{"headers that browsers may read", "internal/gateway", "TestGateway_CORS", "", false},
	{"one input of each trouble through check, preview, instance, schedule, delivery, exportctl and render", "internal/testkit/fieldtest", "TestWays", "", true},
	{"documents are true", "docs", "Test.*", "", false},
	{"XLSX and ZIP files that streaming readers and unzip open", "internal/format/encoder", "TestReaders_archive|TestReaders_workbook|TestReaders_texts", "readers", false},
	{"XLS strings cut between surrogates", "internal/format/xls", "TestSST_write_surrogate_pairs", "", false},
	{"XLS without a header", "internal/format/xls", "TestEncoder_beginSheet_noHeader", "", false},
	{"HTTP: Allow, 405, 416, ranges, HEAD, OpenAPI", "internal/gateway", "TestGateway_Methods|TestGateway_Ranges|TestOpenAPI", "", false},
	{"a client generated from OpenAPI creates, watches and downloads", "clients", "TestOpenAPI", "clients", false},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx))
}

// run prints the table and returns the exit code.
func run(ctx context.Context) (code int) {
	fmt.Printf("%-86s %-8s %s\n", "trouble", "mariadb", "mysql")
	for _, t := range troubles {
		onMariaDB, onMySQL := t.result(ctx, "mariadb"), "-"
		if t.onMySQL {
			onMySQL = t.result(ctx, "mysql")
		}
		fmt.Printf("%-86s %-8s %s\n", t.what, onMariaDB, onMySQL)
		if onMariaDB == failed || onMySQL == failed {
			code = 1
		}
	}
	return code
}

const failed = "FAILED"

// result runs the tests on a database server and returns "ok" or "FAILED". Output of
// a failure is printed.
func (t *trouble) result(ctx context.Context, server string) string {
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-v", "-timeout", "9m", "-tags", t.tags, "-run", "^("+t.tests+")$", "./"+t.pkg)
	cmd.Env = append(os.Environ(), "EXPORTD_TEST_SERVER="+server)
	out, err := cmd.CombinedOutput()
	text := string(out)
	if t.tests != "Test.*" {
		for name := range strings.SplitSeq(t.tests, "|") {
			if !strings.Contains(text, "--- PASS: "+name+" ") && err == nil {
				fmt.Printf("%s: %s did not run on %s\n", t.pkg, name, server)
				return failed
			}
		}
	}
	if err != nil {
		fmt.Println(text[max(0, len(text)-4000):])
		return failed
	}
	return "ok"
}
