ALTER TABLE welife_export_sched
  DROP COLUMN /*M! IF EXISTS */ notify,
  DROP COLUMN /*M! IF EXISTS */ lateSec,
  DROP COLUMN /*M! IF EXISTS */ lateNotified,
  DROP COLUMN /*M! IF EXISTS */ pauseAfter,
  DROP COLUMN /*M! IF EXISTS */ failures
