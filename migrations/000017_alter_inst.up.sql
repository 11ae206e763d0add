ALTER TABLE welife_export_inst
  ADD KEY /*M! IF NOT EXISTS */ ix_ready (status, operatorId, etplSource, limitedTpl, runAfter, einstId),
  ADD KEY /*M! IF NOT EXISTS */ ix_state (state, einstId),
  ADD KEY /*M! IF NOT EXISTS */ ix_operator_state (operatorId, state, einstId),
  ADD KEY /*M! IF NOT EXISTS */ ix_tpl_state (etplId, state, einstId),
  ADD KEY /*M! IF NOT EXISTS */ ix_tpl_operator_state (etplId, operatorId, state, einstId)
