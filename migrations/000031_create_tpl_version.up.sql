CREATE TABLE IF NOT EXISTS welife_export_tpl_version (
  etplId      INT         NOT NULL,
  etplVersion INT         NOT NULL,
  deleted     TINYINT     NOT NULL COMMENT '1: the deletion of the version',
  at          DATETIME(6) NOT NULL,
  operatorId  INT         NOT NULL COMMENT 'who made the change, 0: unknown',
  changedBy   VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'name of the token, empty: unknown',
  content     MEDIUMTEXT  NOT NULL COMMENT 'JSON: the template',
  PRIMARY KEY (etplId, etplVersion, deleted)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci
