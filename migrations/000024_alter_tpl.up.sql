ALTER TABLE welife_export_tpl
  ADD COLUMN /*M! IF NOT EXISTS */ etplNotify MEDIUMTEXT NOT NULL DEFAULT ('{}') COMMENT 'JSON: who is notified of failures',
  ADD COLUMN /*M! IF NOT EXISTS */ etplFailures INT NOT NULL DEFAULT 0 COMMENT 'runs without a schedule that failed in a row, counted where somebody is notified'
