ALTER TABLE welife_export_inst
  ADD KEY /*M! IF NOT EXISTS */ ix_operator (operatorId, einstId),
  ADD KEY /*M! IF NOT EXISTS */ ix_tpl (etplId, einstId)
