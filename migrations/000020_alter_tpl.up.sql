ALTER TABLE welife_export_tpl
  ADD KEY /*M! IF NOT EXISTS */ ix_operator (operatorId, etplId)
