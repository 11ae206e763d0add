ALTER TABLE welife_export_inst
  ADD COLUMN /*M! IF NOT EXISTS */ limitedTpl INT NOT NULL DEFAULT 0 COMMENT 'etplId if runLimit is set, else 0'
