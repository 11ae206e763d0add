ALTER TABLE welife_export_delivery
  ADD KEY /*M! IF NOT EXISTS */ ix_state (state, edeliveryId),
  ADD KEY /*M! IF NOT EXISTS */ ix_operator_state (operatorId, state, edeliveryId)
