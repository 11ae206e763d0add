ALTER TABLE welife_export_sched
  ADD COLUMN /*M! IF NOT EXISTS */ claims MEDIUMTEXT NOT NULL DEFAULT ('[]') COMMENT 'JSON: claims of the token that created or last changed it, as parameters'
