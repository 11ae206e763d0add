ALTER TABLE welife_export_delivery
  ADD UNIQUE KEY /*M! IF NOT EXISTS */ uq_inst (einstId, seq)
