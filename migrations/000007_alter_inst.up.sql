ALTER TABLE welife_export_inst
  ADD COLUMN /*M! IF NOT EXISTS */ resultColumns MEDIUMTEXT NOT NULL DEFAULT ('[]') COMMENT 'JSON: those the template was checked with',
  ADD COLUMN /*M! IF NOT EXISTS */ limits TEXT NOT NULL DEFAULT ('{}') COMMENT 'JSON',
  ADD COLUMN /*M! IF NOT EXISTS */ runLimit INT NOT NULL DEFAULT 0 COMMENT 'instances of the template that run at once, 0: any number',
  ADD COLUMN /*M! IF NOT EXISTS */ extraColumns TINYINT NOT NULL DEFAULT 0,
  ADD COLUMN /*M! IF NOT EXISTS */ deliverTo MEDIUMTEXT NOT NULL DEFAULT ('[]') COMMENT 'JSON: destinations',
  ADD COLUMN /*M! IF NOT EXISTS */ eschedId BIGINT NOT NULL DEFAULT 0 COMMENT '0: no schedule made it',
  ADD COLUMN /*M! IF NOT EXISTS */ due DATETIME(6) NULL,
  ADD COLUMN /*M! IF NOT EXISTS */ windowStart DATETIME(6) NULL,
  ADD COLUMN /*M! IF NOT EXISTS */ windowEnd DATETIME(6) NULL
