ALTER TABLE welife_export_sched
  ADD KEY /*M! IF NOT EXISTS */ ix_operator (operatorId, eschedId)
