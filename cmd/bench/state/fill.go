package main

import "fmt"

// The size of the large state beside its instances.
const (
	templates = 10_000
	schedules = 2_000
	operators = 100
)

// chunk is the number of rows of one INSERT.
const chunk = 50_000

// size is the size of a state.
type size struct{ rows, tpls, scheds, operators int }

// fill returns the statements that store a state: rows waiting and rows ended
// instances with their events, files and deliveries, and what they belong to.
func fill(db string, s size) []string {
	list := []string{
		"USE " + db,
		fmt.Sprintf(`INSERT INTO welife_export_tpl (etplName, etplTag, etplSource, etplExpr, etplOutputColumns, etplOutputFormat,
			etplParams, etplOptions, etplResultColumns, etplTimeoutSec, etplMaxAttempts, etplRetentionSec, etplVersion,
			etplStatus, operatorId, etplCreated, etplUpdated)
			SELECT CONCAT('report ', seq), CONCAT('tag', MOD(seq, 2)), 'default', 'SELECT 1 AS n', '', 1, '[]', '{}', '[]', 0, 0, 0, 1,
			1, 1 + MOD(seq, %d), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_%d`, s.operators, s.tpls),
	}
	if s.scheds > 0 {
		list = append(list, fmt.Sprintf(`INSERT INTO welife_export_sched (eschedName, etplId, params, etplOutputFormat, cron, zone, missed,
			overlap, jitterSec, deliverTo, status, nextDue, lastProblem, version, operatorId, created, updated)
			SELECT CONCAT('schedule ', seq), 1 + MOD(seq, %d), '[]', 0, '@daily', '', 0, 0, 0, '[]', 0,
			UTC_TIMESTAMP(6) + INTERVAL 1 DAY, '', 1, 1 + MOD(seq, %d), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_%d`,
			s.tpls, s.operators, s.scheds))
	}
	list = append(list, "SET GLOBAL innodb_flush_log_at_trx_commit = 2")
	for from := 1; from <= 2*s.rows; from += chunk {
		to := min(from+chunk-1, 2*s.rows)
		seq := fmt.Sprintf("seq_%d_to_%d", from, to)
		// Waiting and ended instances alternate; of ten ended ones seven
		// SUCCEEDED, and one each is EXPIRED, FAILED and CANCELED.
		list = append(list, fmt.Sprintf(`INSERT INTO welife_export_inst (einstId, etplId, status, state, operatorId, etplName, etplVersion,
			etplSource, etplExpr, etplOutputColumns, etplOutputFormat, etplParams, etplOptions, params, timeoutSec, retentionSec,
			maxAttempts, runAfter, errMsg, warnings, created, updated, finished, leaseUntil, attempt, claims, owner)
			SELECT seq, 1 + MOD(seq DIV 2, %d), IF(seq %% 2, 0, IF(seq DIV 2 %% 10 < 8, 2, 3)),
			IF(seq %% 2, 1, ELT(1 + seq DIV 2 %% 10, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8)), 1 + MOD(seq DIV 2, %d), 'report', 1,
			'default', 'SELECT 1 AS n', '', 1, '[]', '{}', '[]', 60, 3600,
			3, UTC_TIMESTAMP(6) - INTERVAL 1 HOUR, '', '[]', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), IF(seq %% 2, NULL, UTC_TIMESTAMP(6)),
			IF(seq %% 2 = 0 AND seq DIV 2 %% 10 < 7, UTC_TIMESTAMP(6) + INTERVAL 7 DAY, NULL), seq %% 2 = 0, seq %% 2 = 0, IF(seq %% 2, '', 'w')
			FROM %s`, s.tpls, s.operators, seq),
			fmt.Sprintf(`INSERT INTO welife_export_event (einstId, at, state, attempt, worker, operatorId, reason)
			SELECT seq, UTC_TIMESTAMP(6), 5, 1, 'w', 0, 'succeeded' FROM %s WHERE seq %% 2 = 0`, seq),
			fmt.Sprintf(`INSERT INTO welife_export_file (einstId, seq, name, storeKey, contentType, rowsCount, bytes, sha256)
			SELECT seq, 1, 'report.csv', CONCAT(seq, '/1-1/report.csv'), 'text/csv', 1, 10, REPEAT('x', 32) FROM %s
			WHERE seq %% 2 = 0 AND seq DIV 2 %% 10 < 7`, seq),
			fmt.Sprintf(`INSERT INTO welife_export_delivery (einstId, seq, operatorId, destination, eventId, state, attempt, claims, owner,
			errMsg, location, created, updated, finished, nextAt)
			SELECT seq, 1, 1 + MOD(seq DIV 2, %d), 's3', CONCAT('e', seq), IF(seq DIV 2 %% 100, 4, 1), 1, 1, 'w', '', 's3://b/k',
			UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), IF(seq DIV 2 %% 100, NULL, UTC_TIMESTAMP(6) + INTERVAL 1 HOUR) FROM %s
			WHERE seq %% 2 = 0 AND seq DIV 2 %% 10 < 7`, s.operators, seq))
	}
	list = append(list, "SET GLOBAL innodb_flush_log_at_trx_commit = 1",
		"ANALYZE TABLE welife_export_tpl, welife_export_inst, welife_export_delivery, welife_export_sched")
	return list
}
