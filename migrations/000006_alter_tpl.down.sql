ALTER TABLE welife_export_tpl
  DROP COLUMN /*M! IF EXISTS */ etplDeliverTo,
  DROP COLUMN /*M! IF EXISTS */ etplExtraColumns,
  DROP COLUMN /*M! IF EXISTS */ etplLimits
