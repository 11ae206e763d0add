CREATE TABLE IF NOT EXISTS welife_export_due (
  eschedId BIGINT      NOT NULL,
  due      DATETIME(6) NOT NULL COMMENT 'UTC',
  einstId  BIGINT      NOT NULL,
  PRIMARY KEY (eschedId, due)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci
