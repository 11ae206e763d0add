CREATE DATABASE shop CHARACTER SET utf8mb4;
USE shop;
CREATE TABLE shops (
  id INT PRIMARY KEY,
  name VARCHAR(40) NOT NULL,
  FULLTEXT KEY (name)
) ENGINE = InnoDB;
CREATE TABLE orders (
  id INT PRIMARY KEY,
  shop_id INT NOT NULL,
  buyer VARCHAR(40) NOT NULL,
  amount DECIMAL(10, 2) NOT NULL,
  status TINYINT NOT NULL,
  note VARCHAR(40),
  doc TEXT,
  created DATETIME NOT NULL,
  `order` INT,
  `a``b` INT,
  KEY by_shop (shop_id)
) ENGINE = InnoDB;
INSERT INTO shops VALUES (1, 'north'), (2, 'south');
INSERT INTO orders VALUES
  (1, 1, 'ada', 9.99, 1, NULL, '{"a": 1, "b": "x"}', '2026-01-02 10:00:00', 1, 1),
  (2, 1, 'bob', 20.00, 0, 'later', NULL, '2026-01-31 23:59:59', 2, 2),
  (3, 2, 'eve', 0.50, 1, '', '[]', '2026-02-01 00:00:00', 3, 3);
CREATE VIEW paid AS SELECT id, amount FROM orders WHERE status = 1;
CREATE FUNCTION `curdate`() RETURNS VARCHAR(10) DETERMINISTIC RETURN 'stored';
CREATE FUNCTION wipe_all() RETURNS INT DETERMINISTIC MODIFIES SQL DATA
BEGIN
  DELETE FROM orders WHERE id = -1;
  RETURN 1;
END;
