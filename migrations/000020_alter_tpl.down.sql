ALTER TABLE welife_export_tpl
  DROP KEY /*M! IF EXISTS */ ix_operator
