CREATE TABLE IF NOT EXISTS welife_export_event (
  eventId    BIGINT       NOT NULL AUTO_INCREMENT,
  einstId    BIGINT       NOT NULL,
  at         DATETIME(6)  NOT NULL,
  state      TINYINT      NOT NULL,
  attempt    INT          NOT NULL,
  worker     VARCHAR(128) NOT NULL,
  operatorId INT          NOT NULL COMMENT 'who asked, 0: the service itself',
  reason     TEXT         NOT NULL,
  PRIMARY KEY (eventId),
  KEY ix_inst (einstId, eventId)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci
