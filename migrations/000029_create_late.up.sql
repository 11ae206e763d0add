CREATE TABLE IF NOT EXISTS welife_export_late (
  einstId BIGINT      NOT NULL,
  lateAt  DATETIME(6) NOT NULL COMMENT 'when it is late unless it has ended',
  PRIMARY KEY (einstId),
  KEY ix_late (lateAt)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci
