ALTER TABLE welife_export_sched
  ADD COLUMN /*M! IF NOT EXISTS */ heldUntil DATETIME(6) NULL COMMENT 'due, but left until then: a replica has looked'
