ALTER TABLE welife_export_inst
  ADD COLUMN /*M! IF NOT EXISTS */ notify MEDIUMTEXT NOT NULL DEFAULT ('{}') COMMENT 'JSON: who is notified of its failure'
