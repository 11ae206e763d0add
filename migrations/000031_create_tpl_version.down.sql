DROP TABLE IF EXISTS welife_export_tpl_version
