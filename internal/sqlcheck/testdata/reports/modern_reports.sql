-- the report of a day, one row for each shop
SELECT s.name, COUNT(o.id) AS orders, COUNT(DISTINCT o.member_id) AS buyers, IFNULL(SUM(o.total), 0) AS sales, IFNULL(SUM(o.total) / COUNT(DISTINCT o.member_id), 0) AS per_buyer FROM shop s LEFT JOIN orders o ON o.shop_id = s.id AND o.made >= :day AND o.made < :day + INTERVAL 1 DAY GROUP BY s.id, s.name ORDER BY s.id;

-- a list and a flag
SELECT id, sn FROM orders WHERE shop_id IN (:shops) AND (:active = 0 OR status IN (:status)) ORDER BY id;

-- a list of words
SELECT COUNT(*) AS c FROM orders WHERE pay_type IN (:words) OR pay_type NOT IN (:words) AND pay_type IS NOT NULL;

-- a list in a result column and in HAVING
SELECT member_id, MAX(shop_id IN (:shops)) AS inside FROM orders GROUP BY member_id HAVING MAX(shop_id NOT IN (:shops)) = 0 ORDER BY member_id;

-- sort by a parameter
SELECT id, total, made FROM orders ORDER BY CASE :word WHEN 'total' THEN total ELSE id END, id;

-- group by an expression of a parameter
SELECT FLOOR(total / :n) AS band, COUNT(*) AS c FROM orders GROUP BY FLOOR(total / :n) ORDER BY band;

-- group by a date of a parameter
SELECT DATEDIFF(made, :from) DIV 7 AS wk, SUM(total) AS t FROM orders WHERE made >= :from GROUP BY DATEDIFF(made, :from) DIV 7 ORDER BY wk;

-- group by IF of a parameter
SELECT IF(total >= :rate * 1000, 'big', 'small') AS size, COUNT(*) AS c FROM orders GROUP BY IF(total >= :rate * 1000, 'big', 'small') ORDER BY size;

-- several columns of parameters, unnamed
SELECT :n, :word, :rate, :day, :at, :active, :n + 1, CONCAT(:word, '!') FROM shop WHERE id = 1;

-- a parameter in a derived table, unnamed
SELECT * FROM (SELECT shop_id, SUM(status IN (:status)) FROM orders GROUP BY shop_id) t ORDER BY shop_id;

-- a parameter in a common table expression
WITH p AS (SELECT :from AS a, :to AS z) SELECT COUNT(*) AS c FROM orders, p WHERE made >= p.a AND made < p.z;

-- dates that are parameters in functions
SELECT DATE_FORMAT(:day, :fmt) AS a, DATE_ADD(:day, INTERVAL :n MONTH) AS b, TIMESTAMPDIFF(DAY, :from, :to) AS c, LAST_DAY(:from) AS d, CONCAT(:day, ' 23:59:59') AS e, REPLACE(:day, '-', '') AS f, UNIX_TIMESTAMP(:at) - UNIX_TIMESTAMP(:from) AS g;

-- dates that are parameters against columns of many types
SELECT SUM(made >= :from) AS a, SUM(day_text >= :from) AS b, SUM(paid_at >= :at) AS c, SUM(DATE(made) = :day) AS d, SUM(:day BETWEEN DATE(made) AND '2026-12-31') AS e, SUM(made BETWEEN :from AND :at) AS f FROM orders;

-- decimals that are parameters
SELECT :rate + 0 AS a, :rate * 2 AS b, 1 / :rate AS c, ROUND(100 * :rate, 3) AS d, :rate > 0.05 AS e, GREATEST(:rate, 0.01) AS f;

-- booleans
SELECT :active AS a, NOT :active AS b, :active + 1 AS c, IF(:active, 'y', 'n') AS d, on_sale = :active AS e FROM goods ORDER BY id;

-- intervals of parameters
SELECT made + INTERVAL :n DAY AS a, made - INTERVAL :n HOUR AS b, DATE_SUB(made, INTERVAL :n * 2 MINUTE) AS c, made + INTERVAL (:n + 1) MONTH AS d FROM orders ORDER BY id;

-- limits of parameters
SELECT id FROM orders ORDER BY id LIMIT :n OFFSET :n;

-- texts of parameters with wildcards
SELECT COUNT(*) AS c FROM goods WHERE title LIKE CONCAT('%', :word, '%') OR title LIKE :word OR INSTR(title, :word) > 0;

-- concatenation of a parameter and a column
SELECT CONCAT(:city, '-', name) AS a, CONCAT_WS(:word, id, name) AS b, REPLACE(name, '店', :word) AS c, IF(city = :city, :word, name) AS d FROM shop ORDER BY id;

-- parameters in CASE
SELECT id, CASE WHEN total > :n * 10 THEN :word WHEN total > :n THEN 'mid' ELSE 'low' END AS size, CASE shop_id WHEN :shop THEN 1 ELSE 0 END AS mine FROM orders ORDER BY id;

-- a long pivot
SELECT shop_id, SUM(IF(DAY(made) = 1, total, 0)) AS d1, SUM(IF(DAY(made) = 2, total, 0)) AS d2, SUM(IF(DAY(made) = 3, total, 0)) AS d3, SUM(IF(DAY(made) = 4, total, 0)) AS d4, SUM(IF(DAY(made) = 5, total, 0)) AS d5, SUM(IF(DAY(made) = 10, total, 0)) AS d10, SUM(IF(DAY(made) = 15, total, 0)) AS d15, SUM(IF(DAY(made) = 20, total, 0)) AS d20, SUM(IF(DAY(made) = 21, total, 0)) AS d21, SUM(IF(DAY(made) = 24, total, 0)) AS d24, SUM(IF(DAY(made) = 31, total, 0)) AS d31, COUNT(*) AS n FROM orders GROUP BY shop_id ORDER BY shop_id;

-- a pivot of a pivot
SELECT p.wechat - p.alipay AS diff, p.wechat + p.alipay + p.card AS total, GREATEST(p.wechat, p.alipay, p.card) AS best FROM (SELECT SUM(IF(pay_type = 'wechat', t, 0)) AS wechat, SUM(IF(pay_type = 'alipay', t, 0)) AS alipay, SUM(IF(pay_type = 'card', t, 0)) AS card FROM (SELECT pay_type, SUM(total) AS t FROM orders GROUP BY pay_type) x) p;

-- week on week
WITH w AS (SELECT YEARWEEK(made, 3) AS yw, SUM(total) AS t FROM orders GROUP BY YEARWEEK(made, 3)) SELECT yw, t, LAG(t) OVER (ORDER BY yw) AS prev, ROUND((t - LAG(t) OVER (ORDER BY yw)) / NULLIF(LAG(t) OVER (ORDER BY yw), 0) * 100, 1) AS pct FROM w ORDER BY yw;

-- abandoned carts
SELECT v.member_id, MAX(v.at) AS at FROM visit v WHERE v.step = 'cart' AND NOT EXISTS (SELECT 1 FROM visit p WHERE p.member_id = v.member_id AND p.step = 'pay' AND p.at > v.at) GROUP BY v.member_id ORDER BY v.member_id;

-- milliseconds between steps
SELECT a.member_id, TIMESTAMPDIFF(MICROSECOND, a.at, b.at) / 1000 AS ms FROM visit a JOIN visit b ON b.member_id = a.member_id AND a.step = 'view' AND b.step = 'cart' ORDER BY a.member_id;

-- conversion of coupons with a window
SELECT c.name, u.member_id, ROW_NUMBER() OVER (PARTITION BY c.id ORDER BY u.got_at) AS k, u.used_at IS NOT NULL AS used FROM coupon c JOIN coupon_use u ON u.coupon_id = c.id ORDER BY c.id, k;

-- discounts in bands with totals
SELECT CASE WHEN discount = 0 THEN '0' WHEN discount < 10 THEN '<10' ELSE '10+' END AS band, COUNT(*) AS n, SUM(total) AS t FROM orders GROUP BY 1 ORDER BY 1;

-- lifetime value
SELECT m.level, COUNT(DISTINCT m.id) AS members, ROUND(SUM(o.total) / COUNT(DISTINCT m.id), 2) AS ltv FROM member m JOIN orders o ON o.member_id = m.id AND o.status = 3 GROUP BY m.level ORDER BY m.level;

-- days since the last order, in bands
SELECT CASE WHEN d <= 7 THEN 'a' WHEN d <= 30 THEN 'b' ELSE 'c' END AS band, COUNT(*) AS n FROM (SELECT member_id, DATEDIFF(:to, MAX(made)) AS d FROM orders GROUP BY member_id) t GROUP BY band ORDER BY band;

-- turnover of stock
SELECT g.id, g.stock, SUM(i.qty) AS sold, ROUND(SUM(i.qty) / (g.stock + SUM(i.qty)), 3) AS rate FROM goods g JOIN item i ON i.goods_id = g.id GROUP BY g.id, g.stock ORDER BY rate DESC, g.id;

-- ABC classes
WITH t AS (SELECT goods_id, SUM(qty * price) AS v FROM item GROUP BY goods_id), c AS (SELECT goods_id, v, SUM(v) OVER (ORDER BY v DESC, goods_id) / SUM(v) OVER () AS cum FROM t) SELECT goods_id, v, CASE WHEN cum <= 0.7 THEN 'A' WHEN cum <= 0.9 THEN 'B' ELSE 'C' END AS class FROM c ORDER BY v DESC, goods_id;

-- correlation by hand
SELECT ROUND((AVG(uv * pv) - AVG(uv) * AVG(pv)) / (STDDEV_POP(uv) * STDDEV_POP(pv)), 4) AS r FROM daily WHERE uv > 0;

-- variance and bits of groups
SELECT shop_id, VAR_POP(total) > 0 AS v, STDDEV_SAMP(total) IS NULL AS one, BIT_OR(status) AS bo, BIT_AND(status) AS ba, BIT_XOR(status) AS bx FROM orders GROUP BY shop_id ORDER BY shop_id;

-- histogram with bars
SELECT status, RPAD('', COUNT(*), '*') AS bar FROM orders GROUP BY status ORDER BY status;

-- a matrix of members and shops
SELECT m.nickname, MAX(IF(o.shop_id = 1, '✓', '')) AS s1, MAX(IF(o.shop_id = 2, '✓', '')) AS s2, MAX(IF(o.shop_id = 3, '✓', '')) AS s3 FROM member m LEFT JOIN orders o ON o.member_id = m.id GROUP BY m.id, m.nickname ORDER BY m.id;

-- address of words beyond the basic plane
SELECT nickname, CHAR_LENGTH(nickname) AS n, '😀' AS smile FROM member WHERE nickname LIKE '%😀%';

-- literals of dates
SELECT DATE '2026-01-31' AS d, TIME '10:30:00' AS t, TIMESTAMP '2026-01-31 10:30:00.5' AS ts, DATE'2026-01-31' + INTERVAL 1 MONTH AS m;

-- a schema in front of everything
SELECT mall.orders.id, mall.orders.total FROM mall.orders WHERE mall.orders.shop_id = :shop ORDER BY mall.orders.id;

-- wildcards of tables
SELECT o.*, s.name FROM orders o JOIN shop s ON s.id = o.shop_id WHERE o.id = 1;

-- wildcards with a schema
SELECT mall.shop.id, c.* FROM mall.shop, mall.coupon AS c WHERE shop.id = c.id ORDER BY shop.id;

-- names of digits and words
SELECT uv AS 7d_uv, pv 30d_pv, d AS 日期 FROM daily ORDER BY 7d_uv, 日期, shop_id;

-- words that one server reserves, as columns of MariaDB [mariadb]
SELECT COUNT(*) AS rank, MAX(uv) AS groups, MIN(pv) AS system, 1 AS row, 2 AS of_day, 3 AS function FROM daily;

-- named columns that are keywords elsewhere
SELECT d AS day, shop_id AS status, uv AS count, pv AS value, 1 AS type, 2 AS `level`, 3 AS comment, 4 AS `order` FROM daily ORDER BY day, status;

-- an implicit alias after a call, a bracket and a literal
SELECT COUNT(*) n, (1 + 2) three, 'x' letter, NULL nothing, SUM(total) s FROM orders;

-- distinct in brackets
SELECT DISTINCT (shop_id), (status) FROM orders ORDER BY shop_id, status;

-- scalar subqueries in an expression
SELECT (SELECT COUNT(*) FROM orders) - (SELECT COUNT(*) FROM refund) AS a, ((SELECT MAX(total) FROM orders) + 1) * 2 AS b, IFNULL((SELECT id FROM shop WHERE city = 'nowhere'), 0) AS c;

-- a condition with many brackets
SELECT id FROM orders WHERE (((shop_id = 1) OR ((shop_id = 2) AND (status = 3))) AND NOT ((total < 20) OR (total > 1000))) ORDER BY id;

-- the same statement in brackets
(SELECT id FROM shop ORDER BY id LIMIT 2);

-- hierarchy of conditions in joins
SELECT o.id, r.id AS rid FROM orders o LEFT JOIN refund r ON r.order_id = o.id AND (r.state = 1 OR r.state = 0 AND r.amount > :n) ORDER BY o.id, r.id;

-- what a session is
SELECT DATABASE() AS d, CHARSET('a') AS c, COERCIBILITY('a') AS k, VERSION() > '5' AS v, CONNECTION_ID() > 0 AS i;
