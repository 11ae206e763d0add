DROP TABLE IF EXISTS welife_export_audit
