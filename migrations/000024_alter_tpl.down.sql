ALTER TABLE welife_export_tpl
  DROP COLUMN /*M! IF EXISTS */ etplNotify,
  DROP COLUMN /*M! IF EXISTS */ etplFailures
