ALTER TABLE welife_export_delivery
  DROP KEY /*M! IF EXISTS */ uq_event,
  DROP COLUMN /*M! IF EXISTS */ event,
  DROP COLUMN /*M! IF EXISTS */ eschedId,
  DROP COLUMN /*M! IF EXISTS */ due,
  DROP COLUMN /*M! IF EXISTS */ notice
