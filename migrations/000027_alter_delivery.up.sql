ALTER TABLE welife_export_delivery
  ADD COLUMN /*M! IF NOT EXISTS */ event TINYINT NOT NULL DEFAULT 0 COMMENT '0 the files, 1 failed, 2 late, 3 recovered',
  ADD COLUMN /*M! IF NOT EXISTS */ eschedId BIGINT NOT NULL DEFAULT 0 COMMENT 'set where einstId is 0',
  ADD COLUMN /*M! IF NOT EXISTS */ due DATETIME(6) NOT NULL DEFAULT '1970-01-01 00:00:00' COMMENT 'set where einstId is 0',
  ADD COLUMN /*M! IF NOT EXISTS */ notice MEDIUMTEXT NOT NULL DEFAULT ('{}') COMMENT 'JSON: the notice and its receiver',
  ADD UNIQUE KEY /*M! IF NOT EXISTS */ uq_event (einstId, eschedId, due, event, seq)
