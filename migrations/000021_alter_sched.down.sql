ALTER TABLE welife_export_sched
  DROP KEY /*M! IF EXISTS */ ix_operator
