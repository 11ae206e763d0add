ALTER TABLE welife_export_inst
  DROP COLUMN /*M! IF EXISTS */ windowEnd,
  DROP COLUMN /*M! IF EXISTS */ windowStart,
  DROP COLUMN /*M! IF EXISTS */ due,
  DROP COLUMN /*M! IF EXISTS */ eschedId,
  DROP COLUMN /*M! IF EXISTS */ deliverTo,
  DROP COLUMN /*M! IF EXISTS */ extraColumns,
  DROP COLUMN /*M! IF EXISTS */ runLimit,
  DROP COLUMN /*M! IF EXISTS */ limits,
  DROP COLUMN /*M! IF EXISTS */ resultColumns
