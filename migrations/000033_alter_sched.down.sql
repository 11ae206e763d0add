ALTER TABLE welife_export_sched
  DROP COLUMN /*M! IF EXISTS */ claims
