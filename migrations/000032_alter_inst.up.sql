ALTER TABLE welife_export_inst
  ADD COLUMN /*M! IF NOT EXISTS */ outageSince DATETIME(6) NULL COMMENT 'since when it has waited for its data source, or NULL'
