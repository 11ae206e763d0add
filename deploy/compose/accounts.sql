-- What the accounts of secrets/users.sql may do, and a shop to export from.
-- The database's image runs this once, when its volume is new.

-- The service's own database. exportd only works in it: one account reads and
-- writes rows, another changes tables, and nobody but `exportd migrate` has that.
CREATE DATABASE exportd CHARACTER SET utf8mb4;
GRANT SELECT, INSERT, UPDATE, DELETE ON exportd.* TO exportd@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON exportd.* TO exportd_migrate@'%';

-- A data source. Its account may read what may be exported, and nothing else.
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE TABLE shop.orders (
  order_no BIGINT UNSIGNED PRIMARY KEY,
  customer VARCHAR(100) NOT NULL,
  amount DECIMAL(12,2) NOT NULL,
  ordered_at DATETIME NOT NULL
);
INSERT INTO shop.orders VALUES
  (9007199254740993, 'Ada', 19.90, '2026-01-02 03:04:05'),
  (9007199254740995, 'Grace', 120.00, '2026-01-03 10:00:00');
GRANT SELECT ON shop.orders TO exportd_reader@'%';
