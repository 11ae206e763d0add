CREATE TABLE IF NOT EXISTS welife_export_sent (
  etplId      INT         NOT NULL,
  eschedId    BIGINT      NOT NULL COMMENT '0: runs without a schedule',
  destination VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seq         INT         NOT NULL COMMENT 'place in deliverTo of the instance',
  sha256      BINARY(32)  NOT NULL COMMENT 'of the content that was delivered last',
  einstId     BIGINT      NOT NULL,
  PRIMARY KEY (etplId, eschedId, destination, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci
