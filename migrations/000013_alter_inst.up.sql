ALTER TABLE welife_export_inst
  ADD COLUMN /*M! IF NOT EXISTS */ traceparent VARCHAR(55) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'W3C trace context of what made it, empty: none'
