-- top two of each shop
SELECT shop_id, sn, total FROM (SELECT o.*, ROW_NUMBER() OVER (PARTITION BY shop_id ORDER BY total DESC, id) AS rn FROM orders o) t WHERE rn <= 2 ORDER BY shop_id, rn;

-- rank, dense rank, percent rank
SELECT id, total, RANK() OVER w AS r, DENSE_RANK() OVER w AS d, ROUND(PERCENT_RANK() OVER w, 4) AS p, ROUND(CUME_DIST() OVER w, 4) AS c, NTILE(4) OVER w AS q FROM orders WINDOW w AS (ORDER BY total DESC) ORDER BY r, id;

-- running total
SELECT id, total, SUM(total) OVER (ORDER BY id) AS run, SUM(total) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run2 FROM orders ORDER BY id;

-- running total of each shop
SELECT shop_id, made, SUM(total) OVER (PARTITION BY shop_id ORDER BY made, id) AS run FROM orders ORDER BY shop_id, made, id;

-- moving average of three rows
SELECT d, shop_id, uv, ROUND(AVG(uv) OVER (PARTITION BY shop_id ORDER BY d ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), 2) AS ma3 FROM daily ORDER BY shop_id, d;

-- centred average
SELECT d, AVG(uv) OVER (PARTITION BY shop_id ORDER BY d ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS c FROM daily ORDER BY shop_id, d;

-- difference with the day before
SELECT d, shop_id, uv - LAG(uv) OVER (PARTITION BY shop_id ORDER BY d) AS diff, LEAD(d) OVER (PARTITION BY shop_id ORDER BY d) AS next_day FROM daily ORDER BY shop_id, d;

-- lag by a parameter
SELECT d, LAG(uv, :n) OVER (PARTITION BY shop_id ORDER BY d) AS lag_n FROM daily ORDER BY shop_id, d;

-- share of the whole and of the shop
SELECT id, ROUND(total / SUM(total) OVER () * 100, 2) AS all_pct, ROUND(total / SUM(total) OVER (PARTITION BY shop_id) * 100, 2) AS shop_pct FROM orders ORDER BY id;

-- first and last values
SELECT id, FIRST_VALUE(sn) OVER (PARTITION BY member_id ORDER BY made) AS first_sn, LAST_VALUE(sn) OVER (PARTITION BY member_id ORDER BY made ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_sn, NTH_VALUE(sn, 2) OVER (PARTITION BY member_id ORDER BY made ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS second_sn FROM orders ORDER BY id;

-- windows over groups
SELECT shop_id, DATE(made) AS d, SUM(total) AS t, SUM(SUM(total)) OVER (PARTITION BY shop_id ORDER BY DATE(made)) AS run FROM orders GROUP BY shop_id, DATE(made) ORDER BY shop_id, d;

-- rank of groups
SELECT pay_type, COUNT(*) AS c, RANK() OVER (ORDER BY COUNT(*) DESC) AS place FROM orders GROUP BY pay_type ORDER BY place, pay_type;

-- pareto
SELECT goods_id, t, ROUND(SUM(t) OVER (ORDER BY t DESC, goods_id) / SUM(t) OVER () * 100, 1) AS cum FROM (SELECT goods_id, SUM(qty * price) AS t FROM item GROUP BY goods_id) x ORDER BY t DESC, goods_id;

-- sessions of visits
SELECT member_id, MIN(at) AS begun, MAX(at) AS ended, COUNT(*) AS steps FROM (SELECT member_id, at, SUM(fresh) OVER (PARTITION BY member_id ORDER BY at) AS s FROM (SELECT member_id, at, IF(TIMESTAMPDIFF(MINUTE, LAG(at) OVER (PARTITION BY member_id ORDER BY at), at) <= 30, 0, 1) AS fresh FROM visit WHERE member_id IS NOT NULL) a) b GROUP BY member_id, s ORDER BY member_id, begun;

-- islands of days
SELECT shop_id, MIN(d) AS a, MAX(d) AS z, COUNT(*) AS n FROM (SELECT shop_id, d, DATE_SUB(d, INTERVAL ROW_NUMBER() OVER (PARTITION BY shop_id ORDER BY d) DAY) AS g FROM daily) t GROUP BY shop_id, g ORDER BY shop_id, a;

-- gaps of days
SELECT shop_id, d, n FROM (SELECT shop_id, d, DATEDIFF(LEAD(d) OVER (PARTITION BY shop_id ORDER BY d), d) - 1 AS n FROM daily) t WHERE n > 0 ORDER BY shop_id, d;

-- a range of dates as a frame [mysql]
SELECT d, SUM(uv) OVER (PARTITION BY shop_id ORDER BY d RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) AS s FROM daily ORDER BY shop_id, d;

-- a range of numbers as a frame
SELECT id, COUNT(*) OVER (ORDER BY total RANGE BETWEEN 50 PRECEDING AND 50 FOLLOWING) AS near FROM orders ORDER BY id;

-- two windows, one built on the other
SELECT id, SUM(total) OVER w AS a, AVG(total) OVER (w ORDER BY id) AS b FROM orders WINDOW w AS (PARTITION BY shop_id) ORDER BY id;

-- median [mariadb]
SELECT DISTINCT shop_id, MEDIAN(total) OVER (PARTITION BY shop_id) AS med FROM orders ORDER BY shop_id;

-- percentiles [mariadb]
SELECT DISTINCT shop_id, PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY total) OVER (PARTITION BY shop_id) AS p90, PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY total DESC) OVER (PARTITION BY shop_id) AS p50 FROM orders ORDER BY shop_id;

-- median by row numbers
WITH n AS (SELECT ms, ROW_NUMBER() OVER (ORDER BY ms) AS rn, COUNT(*) OVER () AS c FROM visit) SELECT AVG(ms) AS median FROM n WHERE rn IN (FLOOR((c + 1) / 2), CEIL((c + 1) / 2));

-- first orders by a window
WITH f AS (SELECT o.*, ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY made) AS k FROM orders o) SELECT SUM(k = 1) AS first_orders, SUM(k > 1) AS again FROM f WHERE made >= :from AND made < :to;

-- cohorts as a pivot
WITH f AS (SELECT member_id, MIN(DATE_FORMAT(made, '%Y-%m-01')) AS m0 FROM orders GROUP BY member_id), a AS (SELECT f.m0, TIMESTAMPDIFF(MONTH, f.m0, o.made) AS k, o.member_id FROM orders o JOIN f USING (member_id)) SELECT m0, COUNT(DISTINCT IF(k = 0, member_id, NULL)) AS k0, COUNT(DISTINCT IF(k = 1, member_id, NULL)) AS k1, COUNT(DISTINCT IF(k = 2, member_id, NULL)) AS k2 FROM a GROUP BY m0 ORDER BY m0;

-- funnel with common table expressions
WITH v AS (SELECT DISTINCT member_id FROM visit WHERE step = 'view'), c AS (SELECT DISTINCT member_id FROM visit WHERE step = 'cart'), p AS (SELECT DISTINCT member_id FROM visit WHERE step = 'pay') SELECT (SELECT COUNT(*) FROM v) AS viewed, (SELECT COUNT(*) FROM v JOIN c USING (member_id)) AS carted, (SELECT COUNT(*) FROM v JOIN c USING (member_id) JOIN p USING (member_id)) AS paid;

-- a calendar by recursion
WITH RECURSIVE cal AS (SELECT CAST(:from AS DATE) AS d UNION ALL SELECT d + INTERVAL 1 DAY FROM cal WHERE d + INTERVAL 1 DAY < :to) SELECT cal.d, COUNT(o.id) AS n FROM cal LEFT JOIN orders o ON o.made >= cal.d AND o.made < cal.d + INTERVAL 1 DAY GROUP BY cal.d ORDER BY cal.d;

-- the tree of categories by recursion
WITH RECURSIVE tree (id, path, depth) AS (SELECT id, CAST(name AS CHAR(200)), 1 FROM category WHERE parent_id IS NULL UNION ALL SELECT c.id, CONCAT(t.path, '/', c.name), t.depth + 1 FROM category c JOIN tree t ON t.id = c.parent_id) SELECT * FROM tree ORDER BY path, id;

-- sales of categories with all below
WITH RECURSIVE sub AS (SELECT id AS root, id FROM category UNION ALL SELECT s.root, c.id FROM sub s JOIN category c ON c.parent_id = s.id) SELECT r.name, IFNULL(SUM(i.qty * i.price), 0) AS t FROM sub s JOIN category r ON r.id = s.root LEFT JOIN goods g ON g.category_id = s.id LEFT JOIN item i ON i.goods_id = g.id GROUP BY r.id, r.name ORDER BY r.id;

-- invitations by recursion, with a limit of depth
WITH RECURSIVE inv AS (SELECT id, id AS root, 0 AS lvl FROM member WHERE parent_id IS NULL UNION ALL SELECT m.id, i.root, i.lvl + 1 FROM member m JOIN inv i ON m.parent_id = i.id WHERE i.lvl < :n) SELECT root, lvl, COUNT(*) AS c FROM inv GROUP BY root, lvl ORDER BY root, lvl;

-- numbers by recursion
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24) SELECT n.i - 1 AS h, COUNT(o.id) AS c FROM n LEFT JOIN orders o ON HOUR(o.made) = n.i - 1 GROUP BY n.i ORDER BY n.i;

-- common table expression used three times
WITH t AS (SELECT shop_id, SUM(total) AS t FROM orders GROUP BY shop_id) SELECT a.shop_id, a.t, (SELECT MAX(t) FROM t) AS best, (SELECT AVG(t) FROM t) AS mean FROM t a ORDER BY a.shop_id;

-- common table expressions that use one another
WITH a AS (SELECT * FROM orders WHERE status IN (2, 3)), b AS (SELECT member_id, COUNT(*) AS n, SUM(total) AS t FROM a GROUP BY member_id), c AS (SELECT *, NTILE(3) OVER (ORDER BY t DESC, member_id) AS tier FROM b) SELECT tier, COUNT(*) AS members, SUM(t) AS t FROM c GROUP BY tier ORDER BY tier;

-- WITH inside a derived table
SELECT x.n FROM (WITH q AS (SELECT COUNT(*) AS n FROM orders) SELECT n FROM q) AS x;

-- INTERSECT and EXCEPT
SELECT member_id FROM orders INTERSECT SELECT member_id FROM visit ORDER BY member_id;

-- members who bought and never looked
SELECT member_id FROM orders EXCEPT SELECT member_id FROM visit WHERE member_id IS NOT NULL ORDER BY 1;

-- set operators with brackets
(SELECT id FROM shop WHERE id < 3 UNION SELECT id FROM member WHERE id > 5) EXCEPT (SELECT 2) ORDER BY id DESC LIMIT 3;

-- UNION inside IN
SELECT nickname FROM member WHERE id IN ((SELECT member_id FROM orders WHERE total > 300) UNION (SELECT member_id FROM visit WHERE step = 'pay')) ORDER BY id;

-- a derived table of unions in brackets
SELECT kind, COUNT(*) AS c FROM ((SELECT 'order' AS kind, made FROM orders) UNION ALL (SELECT 'refund', made FROM refund)) e WHERE made >= :from GROUP BY kind ORDER BY kind;

-- limit in each branch
(SELECT sn, total FROM orders WHERE shop_id = 1 ORDER BY total DESC LIMIT 1) UNION ALL (SELECT sn, total FROM orders WHERE shop_id = 2 ORDER BY total DESC LIMIT 1) ORDER BY total;

-- values as a table [mariadb]
WITH band (lo, hi, name) AS (VALUES (0, 100, 'small'), (100, 300, 'middle'), (300, 99999, 'large')) SELECT b.name, COUNT(o.id) AS n FROM band b LEFT JOIN orders o ON o.total >= b.lo AND o.total < b.hi GROUP BY b.name, b.lo ORDER BY b.lo;

-- values as a table with a column list [mysql]
SELECT b.name, COUNT(o.id) AS n FROM (VALUES ROW(0, 100, 'small'), ROW(100, 99999, 'large')) AS b (lo, hi, name) LEFT JOIN orders o ON o.total >= b.lo AND o.total < b.hi GROUP BY b.name, b.lo ORDER BY b.lo;

-- a derived table with a column list [mysql]
SELECT t.shop, t.cnt FROM (SELECT shop_id, COUNT(*) FROM orders GROUP BY shop_id) AS t (shop, cnt) ORDER BY t.shop;

-- a lateral join: the two last orders of each shop [mysql]
SELECT s.id, l.sn FROM shop s LEFT JOIN LATERAL (SELECT o.sn FROM orders o WHERE o.shop_id = s.id ORDER BY o.made DESC LIMIT 2) AS l ON TRUE ORDER BY s.id, l.sn;

-- offset and fetch [mariadb]
SELECT sn FROM orders ORDER BY id OFFSET 2 ROWS FETCH NEXT 3 ROWS ONLY;

-- fetch with ties [mariadb]
SELECT shop_id FROM orders ORDER BY shop_id FETCH FIRST 1 ROW WITH TIES;

-- aggregates with grouping marks [mysql]
SELECT IF(GROUPING(shop_id), 'all', CAST(shop_id AS CHAR)) AS s, SUM(total) AS t FROM orders GROUP BY shop_id WITH ROLLUP ORDER BY GROUPING(shop_id), shop_id;

-- any value of a group [mysql]
SELECT shop_id, ANY_VALUE(pay_type) IS NOT NULL AS known FROM orders GROUP BY shop_id ORDER BY shop_id;

-- group concat with a limit [mariadb]
SELECT shop_id, GROUP_CONCAT(sn ORDER BY total DESC LIMIT 2) AS top FROM orders GROUP BY shop_id ORDER BY shop_id;

-- RFM with windows
SELECT member_id, NTILE(3) OVER (ORDER BY MAX(made) DESC, member_id) AS r, NTILE(3) OVER (ORDER BY COUNT(*) DESC, member_id) AS f, NTILE(3) OVER (ORDER BY SUM(total) DESC, member_id) AS m FROM orders GROUP BY member_id ORDER BY member_id;

-- hints that choose a plan
SELECT /*+ NO_MERGE(t) JOIN_ORDER(s, t) */ s.name, t.c FROM shop s JOIN (SELECT shop_id, COUNT(*) AS c FROM orders GROUP BY shop_id) t ON t.shop_id = s.id ORDER BY s.id;

-- a hint that limits the time
SELECT /*+ MAX_EXECUTION_TIME(5000) */ COUNT(*) AS c FROM orders;
