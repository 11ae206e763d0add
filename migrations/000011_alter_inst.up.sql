ALTER TABLE welife_export_inst
  ADD KEY /*M! IF NOT EXISTS */ ix_sched (eschedId, status)
