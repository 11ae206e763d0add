ALTER TABLE welife_export_inst
  DROP KEY /*M! IF EXISTS */ ix_ready,
  DROP KEY /*M! IF EXISTS */ ix_state,
  DROP KEY /*M! IF EXISTS */ ix_operator_state,
  DROP KEY /*M! IF EXISTS */ ix_tpl_state,
  DROP KEY /*M! IF EXISTS */ ix_tpl_operator_state
