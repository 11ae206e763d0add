ALTER TABLE welife_export_inst
  DROP COLUMN /*M! IF EXISTS */ outageSince
