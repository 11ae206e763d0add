ALTER TABLE welife_export_delivery
  DROP KEY /*M! IF EXISTS */ uq_inst
