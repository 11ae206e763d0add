-- sales of each shop in a month
SELECT s.`id`, s.`name`, COUNT(o.`id`) AS `cnt`, IFNULL(SUM(o.`total`), 0) AS `amt` FROM `shop` s LEFT JOIN `orders` o ON o.`shop_id` = s.`id` AND o.`made` >= :from AND o.`made` < :to GROUP BY s.`id`, s.`name` ORDER BY `amt` DESC, s.`id`;

-- orders of unix times
SELECT id, sn, FROM_UNIXTIME(add_time) AS t, FROM_UNIXTIME(add_time, '%Y-%m-%d %H:%i') AS t2 FROM orders WHERE add_time >= UNIX_TIMESTAMP(:from) AND add_time < UNIX_TIMESTAMP(:to) ORDER BY id;

-- comma join with conditions in WHERE
SELECT o.sn, m.nickname, s.name FROM orders o, member m, shop s WHERE o.member_id = m.id AND o.shop_id = s.id AND o.status IN (2, 3) ORDER BY o.id;

-- daily sales with a formatted day
SELECT DATE_FORMAT(made, '%Y-%m-%d') AS `day`, COUNT(*) AS orders, SUM(total - discount + freight) AS income FROM orders WHERE status > 1 GROUP BY DATE_FORMAT(made, '%Y-%m-%d') ORDER BY `day`;

-- daily sales, the format a parameter
SELECT DATE_FORMAT(made, :fmt) m, COUNT(*), SUM(total) FROM orders GROUP BY DATE_FORMAT(made, :fmt) ORDER BY m;

-- monthly pivot by IF
SELECT shop_id, SUM(IF(MONTH(made) = 1, total, 0)) AS 1月, SUM(IF(MONTH(made) = 2, total, 0)) AS 2月, SUM(IF(MONTH(made) = 12, total, 0)) AS 12月, SUM(total) 合计 FROM orders GROUP BY shop_id ORDER BY shop_id;

-- the same with CASE and back-quotes
SELECT `shop_id`, SUM(CASE WHEN `pay_type` = 'wechat' THEN `total` ELSE 0 END) AS `wechat`, SUM(CASE `pay_type` WHEN 'alipay' THEN `total` ELSE 0 END) AS `alipay` FROM `orders` GROUP BY `shop_id` ORDER BY NULL, `shop_id`;

-- yesterday by CURDATE arithmetic
SELECT COUNT(*) FROM orders WHERE made >= CURDATE() - INTERVAL 1 DAY AND made < CURDATE();

-- Monday of this week
SELECT COUNT(*) AS c FROM orders WHERE made >= CURDATE() - INTERVAL (WEEKDAY(CURDATE())) DAY;

-- the first of last month
SELECT DATE_SUB(DATE_FORMAT(:day, '%Y-%m-01'), INTERVAL 1 MONTH) AS a, LAST_DAY(DATE_SUB(:day, INTERVAL 1 MONTH)) AS b;

-- the last three days, by TO_DAYS
SELECT sn FROM orders WHERE TO_DAYS(:day) - TO_DAYS(made) BETWEEN 0 AND 5 ORDER BY sn;

-- by week, ISO and not
SELECT YEARWEEK(made, 1) AS yw, WEEK(made) AS w, COUNT(*) AS c FROM orders GROUP BY YEARWEEK(made, 1), WEEK(made) ORDER BY yw, w;

-- by quarter
SELECT CONCAT(YEAR(made), 'Q', QUARTER(made)) AS q, SUM(total) AS t FROM orders GROUP BY CONCAT(YEAR(made), 'Q', QUARTER(made)) ORDER BY q;

-- by hour, with the hours as text
SELECT LPAD(HOUR(made), 2, '0') AS h, COUNT(*) AS c FROM orders GROUP BY LPAD(HOUR(made), 2, '0') ORDER BY h;

-- weekday names through ELT
SELECT ELT(WEEKDAY(made) + 1, '周一', '周二', '周三', '周四', '周五', '周六', '周日') AS wd, COUNT(*) AS c FROM orders GROUP BY WEEKDAY(made) + 1, ELT(WEEKDAY(made) + 1, '周一', '周二', '周三', '周四', '周五', '周六', '周日') ORDER BY c DESC, wd;

-- status as text by CASE
SELECT sn AS 订单号, CASE status WHEN 0 THEN '待付款' WHEN 2 THEN '已付款' WHEN 3 THEN '已完成' WHEN 4 THEN '退款' ELSE '其他' END AS 状态, total AS 金额 FROM orders ORDER BY id;

-- share of each payment
SELECT pay_type, SUM(total) AS t, ROUND(SUM(total) / (SELECT SUM(total) FROM orders) * 100, 2) AS pct FROM orders GROUP BY pay_type ORDER BY t DESC;

-- percent as text
SELECT shop_id, CONCAT(ROUND(SUM(IF(status = 3, 1, 0)) / COUNT(*) * 100, 1), '%') AS rate FROM orders GROUP BY shop_id ORDER BY shop_id;

-- average order value
SELECT ROUND(AVG(total), 2) AS aov, MAX(total), MIN(total), STD(total) FROM orders WHERE status IN (:status);

-- tax with a decimal parameter
SELECT id, total, total * :rate AS tax, total * (1 + :rate) AS gross, ROUND(total * :rate, 2) AS r FROM orders ORDER BY id;

-- cost and profit
SELECT g.title, SUM(i.qty) AS qty, SUM(i.qty * i.price) AS sales, SUM(i.qty * (i.price - g.cost)) AS profit, FORMAT(SUM(i.qty * i.price), 2) AS shown FROM item i INNER JOIN goods g ON g.id = i.goods_id GROUP BY g.id, g.title ORDER BY profit DESC;

-- best sellers
SELECT goods_id, SUM(qty) AS n FROM item GROUP BY goods_id ORDER BY n DESC, goods_id LIMIT 3;

-- goods that never sold
SELECT g.id, g.title FROM goods g LEFT JOIN item i ON i.goods_id = g.id WHERE i.id IS NULL;

-- goods that never sold in a shop
SELECT g.id FROM goods g WHERE g.id NOT IN (SELECT i.goods_id FROM item i, orders o WHERE o.id = i.order_id AND o.shop_id = :shop) ORDER BY g.id;

-- orders with their goods in one cell
SELECT o.sn, GROUP_CONCAT(CONCAT(g.title, 'x', i.qty) ORDER BY i.id SEPARATOR '; ') AS goods FROM orders o JOIN item i ON i.order_id = o.id JOIN goods g ON g.id = i.goods_id GROUP BY o.sn ORDER BY o.sn;

-- the dearest item of an order through GROUP_CONCAT
SELECT order_id, SUBSTRING_INDEX(GROUP_CONCAT(goods_id ORDER BY price * qty DESC), ',', 1) AS top FROM item GROUP BY order_id ORDER BY order_id;

-- totals with ROLLUP
SELECT IFNULL(shop_id, '合计') AS shop, COUNT(*) AS c, SUM(total) AS t FROM orders GROUP BY shop_id WITH ROLLUP;

-- two levels of ROLLUP
SELECT shop_id, pay_type, SUM(total) AS t FROM orders WHERE pay_type IS NOT NULL GROUP BY shop_id, pay_type WITH ROLLUP;

-- a total line by UNION
SELECT CAST(shop_id AS CHAR) AS shop, SUM(total) AS t FROM orders GROUP BY shop_id UNION ALL SELECT '合计', SUM(total) FROM orders ORDER BY shop;

-- last order of each member, by a join with the maximum
SELECT o.member_id, o.sn FROM orders o INNER JOIN (SELECT member_id, MAX(made) AS last FROM orders GROUP BY member_id) t ON t.member_id = o.member_id AND t.last = o.made ORDER BY o.member_id;

-- first order of each member, by NOT EXISTS
SELECT a.member_id, a.sn FROM orders a WHERE NOT EXISTS (SELECT * FROM orders b WHERE b.member_id = a.member_id AND b.made < a.made) ORDER BY a.member_id;

-- top two of each shop, by counting the better ones
SELECT a.shop_id, a.sn, a.total FROM orders a WHERE (SELECT COUNT(*) FROM orders b WHERE b.shop_id = a.shop_id AND b.total > a.total) < 2 ORDER BY a.shop_id, a.total DESC;

-- rank by a self join
SELECT a.id, a.total, COUNT(b.id) + 1 AS place FROM orders a LEFT JOIN orders b ON b.total > a.total GROUP BY a.id, a.total ORDER BY place, a.id;

-- running total by a correlated subquery
SELECT a.id, a.total, (SELECT SUM(b.total) FROM orders b WHERE b.id <= a.id) AS run FROM orders a ORDER BY a.id;

-- running total by a self join
SELECT a.id, SUM(b.total) AS run FROM orders a JOIN orders b ON b.id <= a.id GROUP BY a.id ORDER BY a.id;

-- this month against last month
SELECT SUM(IF(made >= :from AND made < :to, total, 0)) AS cur, SUM(IF(made >= DATE_SUB(:from, INTERVAL 1 MONTH) AND made < :from, total, 0)) AS prev FROM orders;

-- growth of shops
SELECT t.shop_id, t.cur, t.prev, IF(t.prev = 0, NULL, ROUND((t.cur - t.prev) / t.prev * 100, 2)) AS growth FROM (SELECT shop_id, SUM(IF(made >= :from, total, 0)) AS cur, SUM(IF(made < :from, total, 0)) AS prev FROM orders GROUP BY shop_id) t ORDER BY t.shop_id;

-- reconciliation of order totals with items
SELECT o.id, o.total, SUM(i.qty * i.price) AS items FROM orders o JOIN item i ON i.order_id = o.id GROUP BY o.id, o.total HAVING o.total <> SUM(i.qty * i.price) ORDER BY o.id;

-- orders without payment for a day
SELECT sn, TIMESTAMPDIFF(HOUR, made, :at) AS h FROM orders WHERE paid_at IS NULL AND made < :at - INTERVAL 1 DAY;

-- seconds until payment
SELECT sn, TIMEDIFF(paid_at, made) AS d, TIME_TO_SEC(TIMEDIFF(paid_at, made)) AS s FROM orders WHERE paid_at IS NOT NULL ORDER BY id;

-- search in remarks
SELECT sn, remark FROM orders WHERE remark LIKE CONCAT('%', :word, '%') ORDER BY id;

-- search with an escaped character
SELECT title FROM goods WHERE title LIKE '%\_%' OR title LIKE '%|%%' ESCAPE '|';

-- a flag for "no filter"
SELECT sn FROM orders WHERE (:city = '' OR shop_id IN (SELECT id FROM shop WHERE city = :city)) ORDER BY sn;

-- shops by a list, in the order of the list
SELECT id, name FROM shop WHERE id IN (:shops) ORDER BY FIELD(id, 3, 1, 2);

-- paging
SELECT sn FROM orders ORDER BY id DESC LIMIT 2, 5;

-- a LIMIT that is a parameter
SELECT sn FROM orders ORDER BY total DESC, id LIMIT :n;

-- no cache, straight join, big result
SELECT SQL_NO_CACHE STRAIGHT_JOIN SQL_BIG_RESULT o.shop_id, COUNT(*) FROM shop s, orders o WHERE o.shop_id = s.id GROUP BY o.shop_id ORDER BY o.shop_id;

-- an index hint
SELECT COUNT(*) FROM orders FORCE INDEX (shop_id) WHERE shop_id = :shop AND made >= :from;

-- days as text in a column with an index
SELECT sn FROM orders WHERE day_text >= :from AND day_text < :to ORDER BY sn;

-- days as text in a list
SELECT COUNT(*) AS c FROM orders WHERE day_text = :day OR day_text BETWEEN :from AND :day;
