CREATE TABLE IF NOT EXISTS welife_export_file (
  einstId     BIGINT        NOT NULL,
  seq         INT           NOT NULL COMMENT 'from 1',
  name        VARCHAR(255)  NOT NULL,
  storeKey    VARCHAR(512)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  contentType VARCHAR(128)  NOT NULL,
  rowsCount   BIGINT        NOT NULL,
  bytes       BIGINT        NOT NULL,
  sha256      BINARY(32)    NOT NULL,
  PRIMARY KEY (einstId, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci
