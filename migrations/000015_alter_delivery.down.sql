ALTER TABLE welife_export_delivery
  DROP COLUMN /*M! IF EXISTS */ token
