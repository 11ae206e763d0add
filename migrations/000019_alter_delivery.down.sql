ALTER TABLE welife_export_delivery
  DROP KEY /*M! IF EXISTS */ ix_state,
  DROP KEY /*M! IF EXISTS */ ix_operator_state
