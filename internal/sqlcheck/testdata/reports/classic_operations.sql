-- a calendar of digits
SELECT DATE_ADD(:from, INTERVAL a.n + b.n * 10 DAY) AS d FROM digit a, digit b WHERE DATE_ADD(:from, INTERVAL a.n + b.n * 10 DAY) < :to ORDER BY d;

-- a calendar of unions, with sales
SELECT cal.d, IFNULL(SUM(o.total), 0) AS t FROM (SELECT DATE('2026-01-01') + INTERVAL (t1.i * 10 + t0.i) DAY AS d FROM (SELECT 0 AS i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) t0, (SELECT 0 AS i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3) t1) cal LEFT JOIN orders o ON DATE(o.made) = cal.d WHERE cal.d < '2026-02-01' GROUP BY cal.d ORDER BY cal.d;

-- days without visits
SELECT c.d FROM (SELECT ADDDATE('2026-01-01', n) AS d FROM digit) c LEFT JOIN daily ON daily.d = c.d AND daily.shop_id = :shop WHERE daily.d IS NULL ORDER BY c.d;

-- the day before, joined
SELECT a.d, a.shop_id, a.uv, b.uv AS prev, a.uv - b.uv AS diff FROM daily a LEFT JOIN daily b ON b.shop_id = a.shop_id AND b.d = DATE_SUB(a.d, INTERVAL 1 DAY) ORDER BY a.shop_id, a.d;

-- mean of three days
SELECT a.d, ROUND(AVG(b.uv), 2) AS ma3 FROM daily a JOIN daily b ON b.shop_id = a.shop_id AND b.d BETWEEN a.d - INTERVAL 2 DAY AND a.d WHERE a.shop_id = 1 GROUP BY a.d ORDER BY a.d;

-- pages for each visitor, without division by zero
SELECT d, shop_id, pv / NULLIF(uv, 0) AS depth, IF(uv, pv / uv, 0) AS d2 FROM daily ORDER BY d, shop_id;

-- stock worth
SELECT SUM(stock * cost) AS worth, SUM(stock) AS pieces, SUM(stock = 0) AS out_of_stock FROM goods WHERE on_sale;

-- goods to order again
SELECT id, title, stock FROM goods WHERE stock < :n AND on_sale = :active ORDER BY stock, id;

-- price bands [mariadb]
SELECT INTERVAL(price, 50, 100, 150) AS band, COUNT(*) AS c FROM goods GROUP BY INTERVAL(price, 50, 100, 150) ORDER BY band;

-- price bands of a width
SELECT FLOOR(price / 50) * 50 AS low, COUNT(*) AS c FROM goods GROUP BY FLOOR(price / 50) * 50 ORDER BY low;

-- margins
SELECT title, price, cost, ROUND((price - cost) / price * 100, 2) AS margin FROM goods ORDER BY margin DESC, id;

-- the tree of categories, two levels
SELECT CONCAT_WS(' > ', p.name, c.name) AS path FROM category c LEFT JOIN category p ON p.id = c.parent_id ORDER BY p.sort, c.sort, c.id;

-- categories with their number of goods
SELECT c.id, c.name, (SELECT COUNT(*) FROM goods g WHERE g.category_id = c.id) AS n FROM category c ORDER BY c.id;

-- sales of categories
SELECT c.name, SUM(i.qty * i.price) AS t FROM item i LEFT JOIN goods g ON g.id = i.goods_id LEFT JOIN category c ON c.id = g.category_id GROUP BY c.id, c.name HAVING t > 100 ORDER BY t DESC;

-- goods bought together
SELECT a.goods_id AS g1, b.goods_id AS g2, COUNT(*) AS n FROM item a JOIN item b ON b.order_id = a.order_id AND b.goods_id > a.goods_id GROUP BY a.goods_id, b.goods_id ORDER BY n DESC, g1, g2;

-- the shop with the best day
SELECT * FROM (SELECT shop_id, DATE(made) AS d, SUM(total) AS t FROM orders GROUP BY shop_id, DATE(made)) x WHERE t = (SELECT MAX(t) FROM (SELECT SUM(total) AS t FROM orders GROUP BY shop_id, DATE(made)) y);

-- shops by age
SELECT name, TIMESTAMPDIFF(MONTH, opened, :day) AS months, PERIOD_DIFF(EXTRACT(YEAR_MONTH FROM :day), EXTRACT(YEAR_MONTH FROM opened)) AS m2 FROM shop ORDER BY id;

-- shops and whether they sold
SELECT s.name, IF(EXISTS (SELECT 1 FROM orders o WHERE o.shop_id = s.id AND o.made >= :from), '有', '无') AS sold FROM shop s ORDER BY s.id;

-- daily report of several sources
SELECT '订单' AS what, COUNT(*) AS n FROM orders WHERE DATE(made) = :day UNION ALL SELECT '退款', COUNT(*) FROM refund WHERE DATE(made) = :day UNION ALL SELECT '领券', COUNT(*) FROM coupon_use WHERE DATE(got_at) = :day;

-- conditions over text, number and NULL
SELECT COUNT(*) AS a, COUNT(remark) AS b, SUM(remark = '') AS c, SUM(remark IS NULL) AS d, SUM(!ISNULL(remark) && remark != '') AS e, COUNT(NULLIF(remark, '')) AS f FROM orders;

-- logic in the C style
SELECT id FROM orders WHERE (status = 3 && total > 100) || !(status = 3 || status = 2) ORDER BY id;

-- exclusive or, bits
SELECT id, status & 1 AS b0, status >> 1 AS s, status | 8 AS o, status ^ 3 AS x, ~status & 7 AS n, BIT_COUNT(status) AS c, (status = 3) XOR (total > 100) AS e FROM orders ORDER BY id;

-- integer division and remainders
SELECT id, id DIV 3 AS d, id MOD 3 AS m, id % 3 AS p, MOD(id, 3) AS f FROM orders ORDER BY id;

-- rounding of many kinds
SELECT id, ROUND(total), ROUND(total, -1), TRUNCATE(total, 1), CEIL(total / 7), CEILING(total / 7), FLOOR(total / 7), FORMAT(total * 1000, 0) FROM orders ORDER BY id;

-- numbers as texts and back
SELECT CAST(total AS CHAR) AS a, CONCAT(total, '元') AS b, CONVERT('12.5', DECIMAL(10, 2)) AS c, CONVERT('12', SIGNED) + 1 AS d, '3' + '4' AS e, HEX(255) AS f, CONV('ff', 16, 10) AS g FROM orders WHERE id = 1;

-- dates as texts and back
SELECT STR_TO_DATE('2026,01,31', '%Y,%m,%d') AS a, DATE_FORMAT(:at, '%Y年%m月%d日 %H:%i:%s') AS b, MAKEDATE(2026, 32) AS c, MAKETIME(12, 15, 30) AS d, UNIX_TIMESTAMP('2026-01-01') AS e, TIME(:at) AS f, DAYNAME(:day) AS g;

-- date arithmetic
SELECT :day + INTERVAL 1 DAY AS a, :day - INTERVAL 1 WEEK AS b, INTERVAL 1 MONTH + :day AS c, DATE_ADD(:at, INTERVAL '1:30' HOUR_MINUTE) AS d, DATE_SUB(:at, INTERVAL 90 SECOND) AS e, ADDTIME(:at, '02:00:00') AS f, SUBDATE(:day, 31) AS g, DATEDIFF(:day, :from) AS h;

-- end of month, days of a month
SELECT LAST_DAY(:day) AS a, DAY(LAST_DAY(:day)) AS b, DATE_ADD(LAST_DAY(:day), INTERVAL 1 DAY) AS c, DAYOFWEEK(:day) AS d, DAYOFYEAR(:day) AS e;

-- a parameter as a date and as a moment
SELECT :day AS d, :at AS t, YEAR(:day) AS y, HOUR(:at) AS h, DATE(:at) AS dd, :day = DATE(:at) AS same;

-- shops near a point, by hand
SELECT name, ROUND(6371 * 2 * ASIN(SQRT(POW(SIN(RADIANS(39.9 - ST_Y(pos)) / 2), 2) + COS(RADIANS(39.9)) * COS(RADIANS(ST_Y(pos))) * POW(SIN(RADIANS(116.4 - ST_X(pos)) / 2), 2))), 1) AS km FROM shop ORDER BY km;

-- concatenation of NULL
SELECT CONCAT('a', remark) AS a, CONCAT_WS('-', 'a', remark, 'b') AS b FROM orders ORDER BY id;

-- text functions of old
SELECT LOCATE('礼', '送礼'), INSTR('abc', 'c'), POSITION('b' IN 'abc'), MID('abcdef', 2, 3), SUBSTR('abcdef', -2), SUBSTRING('abcdef' FROM 2 FOR 2), REVERSE('abc'), REPEAT('ab', 3), SPACE(2), UCASE('a'), LCASE('B'), STRCMP('a', 'b'), QUOTE('it''s'), ASCII('a'), ORD('中'), CHAR(77, 121 USING utf8mb4);

-- digests
SELECT SHA2('a', 256) AS s, CRC32('a') AS c, TO_BASE64('abc') AS b, UNHEX('4D') AS u, HEX(COMPRESS('')) AS z;

-- greatest, least, elt, field
SELECT GREATEST(total, 100, freight) AS g, LEAST(total, 100) AS l, ELT(2, 'a', 'b') AS e, FIELD(pay_type, 'wechat', 'card') AS f, MAKE_SET(5, 'a', 'b', 'c') AS m FROM orders ORDER BY id;

-- subquery in FROM inside a subquery in FROM
SELECT t.c, COUNT(*) AS n FROM (SELECT x.member_id, COUNT(*) AS c FROM (SELECT member_id FROM orders WHERE status IN (2, 3)) x GROUP BY x.member_id) t GROUP BY t.c ORDER BY t.c;

-- IN with rows
SELECT id FROM orders WHERE (shop_id, status) IN ((1, 3), (2, 2)) ORDER BY id;

-- a row compared with a subquery
SELECT id FROM orders WHERE (shop_id, total) = (SELECT shop_id, MAX(total) FROM orders WHERE shop_id = 2 GROUP BY shop_id);

-- ANY, ALL, SOME
SELECT id FROM orders WHERE total >= ALL (SELECT total FROM orders) OR total < ANY (SELECT freight FROM orders WHERE freight > 0) OR id = SOME (SELECT 3) ORDER BY id;

-- natural joins and USING
SELECT i.order_id, r.amount FROM item i JOIN refund r USING (order_id) ORDER BY i.id, r.id;

-- joins in brackets
SELECT s.name, o.sn, r.amount FROM shop s LEFT JOIN (orders o INNER JOIN refund r ON r.order_id = o.id) ON o.shop_id = s.id ORDER BY s.id, r.id;

-- right join
SELECT o.sn, s.name FROM orders o RIGHT JOIN shop s ON s.id = o.shop_id AND o.total > 300 ORDER BY s.id, o.id;

-- full outer join by UNION
SELECT c.id AS cid, u.id AS uid FROM coupon c LEFT JOIN coupon_use u ON u.coupon_id = c.id UNION SELECT c.id, u.id FROM coupon c RIGHT JOIN coupon_use u ON u.coupon_id = c.id ORDER BY cid, uid;

-- difference by NOT EXISTS
SELECT id FROM member m WHERE NOT EXISTS (SELECT NULL FROM visit v WHERE v.member_id = m.id) ORDER BY id;

-- duplicates
SELECT day_text, COUNT(*) AS n FROM orders GROUP BY day_text HAVING COUNT(*) > 1;

-- a column named like a keyword
SELECT d AS `date`, uv AS `rank`, pv AS `groups` FROM daily ORDER BY `date`, `rank`;

-- a string as the name of a column
SELECT id AS '编号', sn 'order no' FROM orders ORDER BY id LIMIT 1;

-- comments of a code base
SELECT /* report: daily */ id, -- the key
  total # in CNY
FROM orders
WHERE /* shop */ shop_id = :shop -- the end
ORDER BY id;

-- everything on one line with odd blanks
SELECT`id`,`total`FROM`orders`WHERE`shop_id`=:shop AND`total`>:rate ORDER BY`id`;

-- two strings are one
SELECT 'a' 'b' AS ab, CONCAT('x' "y", 'z') AS xyz;

-- hexadecimal, bits, national strings
SELECT 0x41 AS a, X'42' AS b, b'1000011' + 0 AS c, N'中' AS d, _utf8mb4'文' AS e, 1e3 AS f, .5 AS g, 1.5E-2 AS h;
