DROP TABLE IF EXISTS welife_export_sent
