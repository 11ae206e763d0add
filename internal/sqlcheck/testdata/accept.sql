-- the smallest query, no table
SELECT 1;

-- every column
SELECT * FROM orders;

-- a table's columns through its alias
SELECT o.* FROM orders AS o;

-- schema-qualified table and column, the schema being allowed
SELECT shop.orders.id FROM shop.orders;

-- back-quoted names, one with a quote inside and one that looks like a parameter
SELECT `id` AS `a``b`, `amount` AS `:not_a_param` FROM `orders`;

-- names beyond ASCII without quotes
SELECT amount AS 金额, buyer AS acheté FROM orders;

-- an alias as a string
SELECT amount AS 'the amount' FROM orders;

-- a literal that looks like a parameter
SELECT ':x', ":y", 'a:b', '12:30:00';

-- both ways of writing a quote inside a string
SELECT 'it''s', 'it\'s', "say ""x""", "say \"x\"", 'back\\', '\\''';

-- the other quote needs no escape
SELECT "it's", 'say "x"';

-- a comment mark inside a string is text
SELECT '-- no', '/* no */', '# no', '/*! no */';

-- comments of all three kinds, with words in them that would be refused
SELECT 1 -- FOR UPDATE; :x ?
 + 2 # INTO @v
 + /* sleep(1) ' " ` */ 3;

-- a comment at the very end
SELECT 1 /* last */;

-- two minus signs with a blank between them
SELECT 5 - -1;

-- CR LF line ends
SELECT 1, -- one
  2 # two
;

-- introducers and prefixed literals
SELECT _utf8mb4'x', N'x', X'4D', x'4d', B'101', b'101', 0x4D, 0b101, _binary'x';

-- numbers of every shape
SELECT 1, 1.5, .5, 1e5, 1.5E-3, 007;

-- dates as typed literals
SELECT DATE '2026-01-31', TIME '10:00:00', TIMESTAMP '2026-01-31 10:00:00';

-- a half-open span of days
SELECT id FROM orders WHERE created >= :from AND created < :to;

-- the same parameter twice
SELECT id FROM orders WHERE :name = '' OR buyer = :name;

-- a parameter against each kind of operator, without blanks
SELECT id FROM orders WHERE amount>:amount AND amount<>-:amount AND shop_id=:shop_id;

-- a list in IN
SELECT id FROM orders WHERE shop_id IN (:ids);

-- a list in NOT IN
SELECT id FROM orders WHERE shop_id NOT IN ( :ids );

-- an empty list
SELECT id FROM orders WHERE shop_id IN (:none);

-- an empty list in NOT IN
SELECT id FROM orders WHERE shop_id NOT IN (:none);

-- a parameter in LIMIT and OFFSET
SELECT id FROM orders ORDER BY id LIMIT :n OFFSET :n;

-- a parameter as a result column
SELECT :name AS who, :amount + 1 AS more, :active AS flag, :at AS moment;

-- a parameter in an interval
SELECT DATE_ADD(:from, INTERVAL :n DAY);

-- a parameter in LIKE with CONCAT
SELECT id FROM orders WHERE buyer LIKE CONCAT('%', :name, '%') ESCAPE '|';

-- a parameter in HAVING
SELECT shop_id, SUM(amount) AS total FROM orders GROUP BY shop_id HAVING total > :amount;

-- a parameter right after a comment
SELECT id FROM orders WHERE id =/* the id */:n;

-- joins of each kind
SELECT o.id, s.name FROM orders o INNER JOIN shops s ON s.id = o.shop_id LEFT JOIN shops p ON p.id = s.id CROSS JOIN shops q;

-- a join by columns of the same name
SELECT id FROM orders LEFT JOIN shops USING (id);

-- natural and straight joins
SELECT 1 FROM orders NATURAL JOIN shops STRAIGHT_JOIN shops AS t;

-- brackets around a join
SELECT o.id FROM (orders o JOIN shops s ON s.id = o.shop_id);

-- a derived table
SELECT d.n FROM (SELECT COUNT(*) AS n FROM orders) AS d;

-- a scalar subquery and a correlated EXISTS
SELECT (SELECT MAX(id) FROM orders) AS m FROM shops s WHERE EXISTS (SELECT 1 FROM orders o WHERE o.shop_id = s.id);

-- quantified comparison
SELECT id FROM orders WHERE amount > ALL (SELECT 1) AND amount >= ANY (SELECT 1);

-- rows compared as rows
SELECT id FROM orders WHERE (id, shop_id) IN ((1, 1), (2, 2));

-- a common table expression
WITH big AS (SELECT * FROM orders WHERE amount > 10) SELECT COUNT(*) FROM big;

-- two of them, one with a column list
WITH a (x, y) AS (SELECT id, amount FROM orders), b AS (SELECT x FROM a) SELECT * FROM b;

-- recursion, the usual calendar
WITH RECURSIVE days (d) AS (SELECT DATE('2026-01-01') UNION ALL SELECT d + INTERVAL 1 DAY FROM days WHERE d < '2026-01-10') SELECT d FROM days;

-- union in all its forms
SELECT id FROM orders UNION SELECT id FROM shops UNION ALL SELECT 3;

-- brackets, order and limit of a union
(SELECT id FROM orders LIMIT 1) UNION (SELECT id FROM shops) ORDER BY id LIMIT 2;

-- the other set operators
SELECT id FROM orders INTERSECT SELECT id FROM shops EXCEPT SELECT 3;

-- a whole query in brackets
(SELECT id FROM orders);

-- window functions with a frame
SELECT id, SUM(amount) OVER (PARTITION BY shop_id ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM orders;

-- a named window
SELECT ROW_NUMBER() OVER w, LAG(amount, 1) OVER w FROM orders WINDOW w AS (ORDER BY id);

-- aggregates with DISTINCT, order and separator
SELECT COUNT(DISTINCT shop_id), GROUP_CONCAT(DISTINCT buyer ORDER BY buyer DESC SEPARATOR '; ') FROM orders;

-- roll-up
SELECT shop_id, SUM(amount) FROM orders GROUP BY shop_id WITH ROLLUP;

-- CASE, IF, COALESCE
SELECT CASE status WHEN 1 THEN 'paid' ELSE 'open' END, IF(amount > 5, 'big', 'small'), COALESCE(note, '-') FROM orders;

-- casts and character sets
SELECT CAST(amount AS CHAR(20)), CONVERT(buyer USING utf8mb4), CAST('1' AS DECIMAL(10, 2)), BINARY buyer FROM orders;

-- collation
SELECT buyer COLLATE utf8mb4_bin FROM orders ORDER BY buyer COLLATE utf8mb4_general_ci;

-- JSON
SELECT JSON_EXTRACT(doc, '$.a'), JSON_UNQUOTE(JSON_EXTRACT(doc, '$.b')), JSON_OBJECT('id', id) FROM orders WHERE JSON_VALID(doc);

-- JSON aggregates
SELECT JSON_ARRAYAGG(id), JSON_OBJECTAGG(id, buyer) FROM orders;

-- dates, with the forms that have a grammar of their own
SELECT DATE_FORMAT(created, '%Y-%m'), EXTRACT(YEAR FROM created), TIMESTAMPDIFF(DAY, created, NOW()), created + INTERVAL 1 MONTH FROM orders;

-- strings, with the forms that have a grammar of their own
SELECT TRIM(BOTH ' ' FROM buyer), SUBSTRING(buyer FROM 1 FOR 2), POSITION('a' IN buyer), CHAR(65, 66 USING utf8mb4) FROM orders;

-- a blank in front of the bracket, where it means nothing
SELECT CONCAT (buyer, '!'), IF (amount > 1, 1, 0) FROM orders;

-- functions without brackets
SELECT CURRENT_DATE, CURRENT_TIMESTAMP, CURRENT_USER, UTC_TIMESTAMP;

-- regular expressions
SELECT id FROM orders WHERE buyer REGEXP '^a' OR buyer RLIKE 'b' OR buyer NOT LIKE '\_%';

-- tests for NULL and truth
SELECT id FROM orders WHERE note IS NOT NULL AND (amount > 0) IS TRUE AND note <=> NULL;

-- bits, division, exclusive or
SELECT 6 & 3 | 1 ^ 2, ~0, 7 DIV 2, 7 MOD 2, 7 % 2, 1 << 3 >> 1, 1 XOR 0, NOT 1, !0;

-- index hints
SELECT id FROM orders USE INDEX (by_shop) WHERE shop_id = 1;

-- an optimizer hint that chooses a plan
SELECT /*+ NO_MERGE(d) */ d.id FROM (SELECT id FROM orders) d;

-- options of SELECT
SELECT DISTINCT STRAIGHT_JOIN SQL_BIG_RESULT shop_id FROM orders;

-- full-text search
SELECT id FROM shops WHERE MATCH (name) AGAINST ('north' IN BOOLEAN MODE);

-- ordering by position and by expression
SELECT id, amount FROM orders ORDER BY 2 DESC, -id;

-- keywords that are names after a dot
SELECT o.status, o.`order` FROM orders o;

-- a column named like a function of ours that is refused
SELECT q.sleep FROM (SELECT 1 AS sleep) AS q;

-- FROM DUAL
SELECT 1 FROM DUAL WHERE 1 = 1;

-- a view
SELECT * FROM paid;

-- characters beyond the basic plane, in a string and in a comment
SELECT '😀' /* 😀 */;

-- MariaDB 10.5's LIMIT with two numbers
SELECT id FROM orders LIMIT 1, 2;

-- deep but bounded nesting
SELECT ((((((((((((((((((((1))))))))))))))))))));

-- ODBC escapes
SELECT {d '2026-01-31'}, {t '10:00:00'}, {ts '2026-01-31 10:00:00'} + INTERVAL 1 DAY, {fn CONCAT({fn UCASE(buyer)}, :name)} FROM {oj orders o LEFT OUTER JOIN shops s ON s.id = o.shop_id};

-- the other NULL
SELECT \N, IFNULL(\N, 1);

-- strings in other character sets
SELECT _gbk'x', _ucs2 0x0073, _utf16 X'0041', _swe7'x';

-- a column whose name begins with an underscore, with a string as its alias
SELECT _id 'the id' FROM (SELECT id AS _id FROM orders) o;

-- blanks around the dots of names
SELECT o . id, o. amount, o .note, COUNT(o . id) FROM shop . orders AS o GROUP BY o
  .  id, o.amount, o. note;

-- words and numbers as names before and behind dots
SELECT order.id, t.1, t.2e5, t.3月 FROM orders AS `order`, (SELECT 1 AS `1`, 2 AS `2e5`, 3 AS 3月) AS t;

-- hints that no server knows are comments, and so are hints in other places
SELECT /*+ PARALLEL(4) */ id /*+ BKA(orders) */ FROM orders;

-- a separator in hexadecimal
SELECT GROUP_CONCAT(buyer SEPARATOR 0x0A), GROUP_CONCAT(buyer SEPARATOR X'0A') FROM orders;

-- words that begin a clause, as aliases without AS
SELECT id columns, id escape FROM orders;

-- quantified comparison with a query in more brackets
SELECT id FROM orders WHERE id = ALL ((SELECT 1));
