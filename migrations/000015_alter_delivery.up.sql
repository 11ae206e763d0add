ALTER TABLE welife_export_delivery
  ADD COLUMN /*M! IF NOT EXISTS */ token BINARY(16) NOT NULL DEFAULT '' COMMENT 'random, of the last claim'
