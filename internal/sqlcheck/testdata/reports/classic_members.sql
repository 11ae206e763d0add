-- members by level
SELECT level, COUNT(*) AS c, GROUP_CONCAT(nickname ORDER BY id) AS names FROM member GROUP BY level ORDER BY level;

-- new members by month of registration
SELECT FROM_UNIXTIME(reg_time, '%Y%m') AS ym, COUNT(*) AS c FROM member GROUP BY FROM_UNIXTIME(reg_time, '%Y%m') ORDER BY ym;

-- age groups
SELECT CASE WHEN birthday IS NULL THEN '未知' WHEN TIMESTAMPDIFF(YEAR, birthday, :day) < 30 THEN '<30' WHEN TIMESTAMPDIFF(YEAR, birthday, :day) < 40 THEN '30-39' ELSE '40+' END AS g, COUNT(*) AS c FROM member GROUP BY g ORDER BY g;

-- age the old way
SELECT id, YEAR(:day) - YEAR(birthday) - (DATE_FORMAT(:day, '%m%d') < DATE_FORMAT(birthday, '%m%d')) AS age FROM member WHERE birthday IS NOT NULL ORDER BY id;

-- birthdays of this month
SELECT nickname, DATE_FORMAT(birthday, '%m-%d') AS d FROM member WHERE MONTH(birthday) = MONTH(:day) ORDER BY DAY(birthday);

-- masked phone numbers
SELECT id, CONCAT(LEFT(phone, 3), '****', RIGHT(phone, 4)) AS phone, INSERT(phone, 4, 4, '****') AS p2 FROM member ORDER BY id;

-- members with a tag of a comma list
SELECT id FROM member WHERE FIND_IN_SET(:level, tags) ORDER BY id;

-- comma list split by a table of digits
SELECT m.id, SUBSTRING_INDEX(SUBSTRING_INDEX(m.tags, ',', d.n + 1), ',', -1) AS tag FROM member m JOIN digit d ON d.n <= LENGTH(m.tags) - LENGTH(REPLACE(m.tags, ',', '')) WHERE m.tags <> '' ORDER BY m.id, tag;

-- who invited how many
SELECT p.nickname, COUNT(c.id) AS invited FROM member p LEFT JOIN member c ON c.parent_id = p.id GROUP BY p.id, p.nickname ORDER BY invited DESC, p.id;

-- three levels of invitations
SELECT a.nickname AS l1, b.nickname AS l2, c.nickname AS l3 FROM member a LEFT JOIN member b ON b.parent_id = a.id LEFT JOIN member c ON c.parent_id = b.id WHERE a.parent_id IS NULL ORDER BY a.id, b.id, c.id;

-- members who never bought
SELECT id, nickname FROM member WHERE id NOT IN (SELECT member_id FROM orders WHERE status > 0) ORDER BY id;

-- members who bought in two shops
SELECT member_id, COUNT(DISTINCT shop_id) AS shops FROM orders GROUP BY member_id HAVING shops >= 2 ORDER BY member_id;

-- recency, frequency, money
SELECT m.id, DATEDIFF(:day, MAX(o.made)) AS r, COUNT(o.id) AS f, IFNULL(SUM(o.total), 0.00) AS m FROM member m LEFT JOIN orders o ON o.member_id = m.id AND o.status IN (:status) GROUP BY m.id ORDER BY m.id;

-- scores of recency, frequency, money
SELECT t.id, IF(t.r <= 7, 3, IF(t.r <= 30, 2, 1)) * 100 + IF(t.f >= 2, 3, 1) * 10 + LEAST(3, FLOOR(t.m / 100) + 1) AS score FROM (SELECT member_id AS id, DATEDIFF('2026-02-01', MAX(made)) AS r, COUNT(*) AS f, SUM(total) AS m FROM orders GROUP BY member_id) t ORDER BY score DESC, t.id;

-- first and last orders of members
SELECT member_id, MIN(made) AS a, MAX(made) AS z, DATEDIFF(MAX(made), MIN(made)) AS days, UNIX_TIMESTAMP(MAX(made)) - UNIX_TIMESTAMP(MIN(made)) AS secs FROM orders GROUP BY member_id ORDER BY member_id;

-- repurchase within 30 days
SELECT COUNT(DISTINCT a.member_id) AS members FROM orders a JOIN orders b ON b.member_id = a.member_id AND b.id <> a.id AND b.made > a.made AND b.made <= DATE_ADD(a.made, INTERVAL 30 DAY);

-- retention after n days
SELECT DATE(v.at) AS d, COUNT(DISTINCT v.member_id) AS u, COUNT(DISTINCT IF(DATEDIFF(w.at, v.at) = 1, w.member_id, NULL)) AS d1, COUNT(DISTINCT IF(DATEDIFF(w.at, v.at) BETWEEN 1 AND :n, w.member_id, NULL)) AS dn FROM visit v LEFT JOIN visit w ON w.member_id = v.member_id AND w.at > v.at WHERE v.member_id IS NOT NULL GROUP BY DATE(v.at) ORDER BY d;

-- funnel by sums of comparisons
SELECT SUM(step = 'view') AS views, SUM(step = 'cart') AS carts, SUM(step = 'pay') AS pays, SUM(step IN ('cart', 'pay')) / COUNT(*) AS r FROM visit;

-- funnel of members
SELECT COUNT(*) AS members, SUM(cart) AS cart, SUM(pay) AS pay FROM (SELECT member_id, MAX(step = 'cart') AS cart, MAX(step = 'pay') AS pay FROM visit WHERE member_id IS NOT NULL GROUP BY member_id) f;

-- funnel with a list as a parameter, unnamed
SELECT shop_id, SUM(status IN (:status)) FROM orders GROUP BY shop_id ORDER BY shop_id;

-- cohorts by month of the first order
SELECT DATE_FORMAT(f.first, '%Y-%m') AS cohort, PERIOD_DIFF(DATE_FORMAT(o.made, '%Y%m'), DATE_FORMAT(f.first, '%Y%m')) AS k, COUNT(DISTINCT o.member_id) AS u FROM orders o INNER JOIN (SELECT member_id, MIN(made) AS first FROM orders GROUP BY member_id) f ON f.member_id = o.member_id GROUP BY cohort, k ORDER BY cohort, k;

-- coupons: given, used, rate
SELECT c.name, COUNT(u.id) AS given, COUNT(u.used_at) AS used, CONCAT(ROUND(COUNT(u.used_at) * 100 / COUNT(u.id), 1), '%') AS rate FROM coupon c LEFT JOIN coupon_use u ON u.coupon_id = c.id GROUP BY c.id, c.name ORDER BY c.id;

-- coupons that end soon
SELECT name, ends, DATEDIFF(ends, :day) AS left_days FROM coupon WHERE :day BETWEEN begins AND ends ORDER BY ends, id;

-- coupons not used in time
SELECT u.id FROM coupon_use u JOIN coupon c ON c.id = u.coupon_id WHERE u.used_at IS NULL AND c.ends < ADDDATE(:day, 30);

-- what coupons brought
SELECT IFNULL(c.name, '无') AS coupon, SUM(o.total) AS t, SUM(o.discount) AS d, ROUND(SUM(o.discount) / SUM(o.total), 4) AS r FROM orders o LEFT JOIN coupon c ON c.id = o.coupon_id GROUP BY c.name ORDER BY t DESC;

-- hours between getting and using
SELECT AVG(TIMESTAMPDIFF(HOUR, got_at, used_at)) AS h, SEC_TO_TIME(AVG(TIME_TO_SEC(TIMEDIFF(used_at, got_at)))) AS t FROM coupon_use WHERE used_at IS NOT NULL;

-- refunds by reason
SELECT COALESCE(reason, '未填') AS reason, COUNT(*) AS c, SUM(amount) AS a FROM refund WHERE state <> 2 GROUP BY COALESCE(reason, '未填') ORDER BY c DESC, reason;

-- net sales
SELECT o.shop_id, SUM(o.total) - IFNULL(SUM(r.amount), 0) AS net FROM orders o LEFT JOIN (SELECT order_id, SUM(amount) AS amount FROM refund WHERE state = 1 GROUP BY order_id) r ON r.order_id = o.id WHERE o.status IN (2, 3, 4) GROUP BY o.shop_id ORDER BY o.shop_id;

-- refunds within seven days
SELECT r.id, DATEDIFF(r.made, o.paid_at) AS days FROM refund r, orders o WHERE o.id = r.order_id AND r.made < o.paid_at + INTERVAL 7 DAY ORDER BY r.id;

-- rate of refunds by month
SELECT DATE_FORMAT(o.made, '%x-%v') AS w, COUNT(DISTINCT r.order_id) / COUNT(DISTINCT o.id) AS rate FROM orders o LEFT JOIN refund r ON r.order_id = o.id GROUP BY w ORDER BY w;

-- gender shown with IF and NULL
SELECT IF(gender = 'm', '男', IF(gender = 'f', '女', '-')) AS g, COUNT(*) AS c FROM member GROUP BY IF(gender = 'm', '男', IF(gender = 'f', '女', '-')) ORDER BY c DESC, g;

-- names sorted by pronunciation
SELECT nickname FROM member ORDER BY CONVERT(nickname USING gbk), id;

-- names sorted in another collation
SELECT nickname FROM member ORDER BY nickname COLLATE utf8mb4_unicode_ci, id;

-- names compared letter by letter
SELECT id FROM member WHERE BINARY nickname = 'ADA' OR nickname COLLATE utf8mb4_bin = 'ada';

-- names by sound
SELECT nickname FROM member WHERE nickname SOUNDS LIKE 'eda' OR SOUNDEX(nickname) = SOUNDEX('aide');

-- names by regular expression
SELECT nickname FROM member WHERE nickname REGEXP '^[a-z]+$' OR nickname RLIKE 'Neil' ORDER BY id;

-- lengths in bytes and characters
SELECT id, LENGTH(nickname) AS b, CHAR_LENGTH(nickname) AS c, HEX(nickname) AS h FROM member ORDER BY id;

-- trimmed and padded names
SELECT TRIM(BOTH '花' FROM nickname) AS a, TRIM(LEADING ('小') FROM nickname) AS b, TRIM(TRAILING FROM CONCAT(nickname, '  ')) AS c, RPAD(nickname, 6, '.') AS d FROM member ORDER BY id;

-- phone as a number, empty as zero
SELECT id, phone + 0 AS n, CAST(phone AS UNSIGNED) AS u, phone IS NULL AS missing FROM member ORDER BY id;

-- ip addresses
SELECT DISTINCT ip, INET_ATON(ip) AS n, IS_IPV6(ip) AS six FROM visit WHERE ip IS NOT NULL ORDER BY ip;

-- visitors with and without a member
SELECT COUNT(*) AS pv, COUNT(DISTINCT member_id) AS uv, COUNT(*) - COUNT(member_id) AS guests FROM visit WHERE at >= :from AND at < :to;

-- slow visits
SELECT step, MAX(ms) AS worst, ROUND(AVG(ms)) AS mean, SUM(ms > 100) AS slow FROM visit GROUP BY step HAVING MAX(ms) > :n ORDER BY step;

-- median by counting
SELECT AVG(ms) AS median FROM (SELECT a.ms FROM visit a, visit b GROUP BY a.id, a.ms HAVING ABS(SUM(SIGN(a.ms - b.ms))) <= SUM(a.ms = b.ms)) t;

-- visits by minute, cut
SELECT FROM_UNIXTIME(UNIX_TIMESTAMP(at) DIV 3600 * 3600) AS h, COUNT(*) AS c FROM visit GROUP BY UNIX_TIMESTAMP(at) DIV 3600, FROM_UNIXTIME(UNIX_TIMESTAMP(at) DIV 3600 * 3600) ORDER BY h;

-- a parameter as a fallback
SELECT id, IFNULL(paid_at, :at) AS p, COALESCE(coupon_id, :n) AS c, IFNULL(remark, :word) AS r FROM orders ORDER BY id;

-- a negative parameter
SELECT id, -:n AS a, id - -:n AS b, id * -:n AS c, ABS(-:n) AS d FROM shop ORDER BY id;

-- NULL-safe comparison
SELECT id FROM orders WHERE remark <=> NULL OR pay_type <=> :word ORDER BY id;

-- members and the day of their registration, exported twice
(SELECT 'new' AS kind, id FROM member WHERE reg_time >= UNIX_TIMESTAMP('2026-01-01')) UNION ALL (SELECT 'old', id FROM member WHERE reg_time < UNIX_TIMESTAMP('2026-01-01')) ORDER BY kind, id;

-- levels missing between
SELECT d.n AS level FROM digit d LEFT JOIN member m ON m.level = d.n WHERE m.id IS NULL AND d.n BETWEEN 1 AND 5 ORDER BY d.n;

-- alias used in GROUP BY, HAVING and ORDER BY
SELECT LEFT(sn, 7) AS `month`, COUNT(*) AS `count` FROM orders GROUP BY `month` HAVING `count` > 1 ORDER BY `month` DESC;
