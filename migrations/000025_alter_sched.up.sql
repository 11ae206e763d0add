ALTER TABLE welife_export_sched
  ADD COLUMN /*M! IF NOT EXISTS */ notify MEDIUMTEXT NOT NULL DEFAULT ('{}') COMMENT 'JSON: who is notified of failures',
  ADD COLUMN /*M! IF NOT EXISTS */ lateSec INT NOT NULL DEFAULT 0 COMMENT 'that of notify',
  ADD COLUMN /*M! IF NOT EXISTS */ lateNotified DATETIME(6) NULL COMMENT 'last due time of whose lateness somebody was notified before it had an instance',
  ADD COLUMN /*M! IF NOT EXISTS */ pauseAfter INT NOT NULL DEFAULT 0 COMMENT 'failures in a row, 0: never',
  ADD COLUMN /*M! IF NOT EXISTS */ failures INT NOT NULL DEFAULT 0 COMMENT 'in a row'
