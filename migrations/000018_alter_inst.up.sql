ALTER TABLE welife_export_inst
  DROP KEY /*M! IF EXISTS */ ix_operator,
  DROP KEY /*M! IF EXISTS */ ix_tpl
