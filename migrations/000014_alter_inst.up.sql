ALTER TABLE welife_export_inst
  ADD COLUMN /*M! IF NOT EXISTS */ identity BINARY(16) NOT NULL DEFAULT '' COMMENT 'random, zero: not claimed since a release without it made the row',
  ADD COLUMN /*M! IF NOT EXISTS */ token BINARY(16) NOT NULL DEFAULT '' COMMENT 'random, of the last claim'
