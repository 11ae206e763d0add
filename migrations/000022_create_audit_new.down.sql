DROP TABLE IF EXISTS welife_export_audit_new
