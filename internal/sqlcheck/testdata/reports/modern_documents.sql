-- a field of a document
SELECT id, JSON_EXTRACT(profile, '$.city') AS raw, JSON_UNQUOTE(JSON_EXTRACT(profile, '$.city')) AS city FROM member ORDER BY id;

-- fields by arrows [mysql]
SELECT id, profile->'$.score' AS s, profile->>'$.city' AS c FROM member WHERE profile->>'$.city' IS NOT NULL ORDER BY id;

-- values of documents
SELECT id, JSON_VALUE(profile, '$.score') AS s, JSON_VALUE(profile, '$.likes[0]') AS l FROM member ORDER BY id;

-- values with a type [mysql]
SELECT id, JSON_VALUE(profile, '$.score' RETURNING DECIMAL(6, 2) DEFAULT '0' ON EMPTY NULL ON ERROR) AS s FROM member ORDER BY id;

-- members of a city in a document
SELECT COUNT(*) AS c FROM member WHERE JSON_UNQUOTE(JSON_EXTRACT(profile, '$.city')) = :city;

-- documents that contain
SELECT id FROM member WHERE JSON_CONTAINS(profile, '"tea"', '$.likes') ORDER BY id;

-- documents with a path
SELECT id, JSON_CONTAINS_PATH(profile, 'one', '$.vip') AS vip, JSON_TYPE(JSON_EXTRACT(profile, '$.score')) AS t, JSON_LENGTH(profile) AS n FROM member WHERE profile IS NOT NULL ORDER BY id;

-- search in documents
SELECT id, JSON_SEARCH(profile, 'one', 'rice') AS path FROM member WHERE JSON_SEARCH(profile, 'one', 'rice') IS NOT NULL;

-- keys of documents
SELECT id, JSON_KEYS(profile) IS NOT NULL AS k, JSON_DEPTH(profile) AS d, JSON_VALID(profile) AS v FROM member ORDER BY id;

-- documents made of rows
SELECT JSON_OBJECT('id', id, 'name', name, 'city', city) AS doc FROM shop ORDER BY id;

-- arrays made of rows
SELECT shop_id, JSON_ARRAYAGG(id) AS ids FROM orders WHERE shop_id = 1 GROUP BY shop_id;

-- an object made of groups
SELECT JSON_OBJECTAGG(id, name) AS shops FROM shop WHERE id = 1;

-- changed documents
SELECT JSON_SET('{"a": 1}', '$.b', 2) AS a, JSON_REMOVE('{"a": 1, "b": 2}', '$.a') AS b, JSON_ARRAY(1, 'x', NULL) AS c, JSON_MERGE_PATCH('{"a": 1}', '{"b": 2}') AS d, JSON_ARRAY_APPEND('[1]', '$', 2) AS e, JSON_QUOTE('a"b') AS f;

-- a table of an array
SELECT m.id, t.n, t.liked FROM member m, JSON_TABLE(m.profile, '$.likes[*]' COLUMNS (n FOR ORDINALITY, liked VARCHAR(20) PATH '$')) AS t ORDER BY m.id, t.n;

-- a table of a parameterless document
SELECT * FROM JSON_TABLE('[{"sku": 1, "q": 2}, {"sku": 2}]', '$[*]' COLUMNS (sku INT PATH '$.sku', q INT PATH '$.q' DEFAULT '0' ON EMPTY)) AS t;

-- a table of a document that is a parameter
SELECT t.id, s.name FROM JSON_TABLE(:doc, '$[*]' COLUMNS (id INT PATH '$.id' NULL ON EMPTY NULL ON ERROR)) AS t LEFT JOIN shop s ON s.id = t.id ORDER BY t.id;

-- nested paths
SELECT o, t FROM JSON_TABLE('[{"o": 1, "tags": ["a", "b"]}, {"o": 2, "tags": []}]', '$[*]' COLUMNS (o INT PATH '$.o', NESTED PATH '$.tags[*]' COLUMNS (t VARCHAR(5) PATH '$'))) AS x;

-- whether a path exists
SELECT g.id, t.has_origin FROM goods g JOIN JSON_TABLE(g.attrs, '$' COLUMNS (has_origin INT EXISTS PATH '$.origin')) AS t ON TRUE WHERE g.attrs IS NOT NULL ORDER BY g.id;

-- goods by a nested field
SELECT JSON_UNQUOTE(JSON_EXTRACT(attrs, '$.origin.province')) AS p, COUNT(*) AS c FROM goods GROUP BY JSON_UNQUOTE(JSON_EXTRACT(attrs, '$.origin.province')) ORDER BY p;

-- weights as numbers
SELECT id, CAST(JSON_EXTRACT(attrs, '$.weight') AS UNSIGNED) AS w, JSON_EXTRACT(attrs, '$.weight') + 0 AS n FROM goods WHERE JSON_EXTRACT(attrs, '$.weight') > 100 ORDER BY id;

-- member of an array [mysql]
SELECT id FROM goods WHERE 'new' MEMBER OF (attrs->'$.tags') ORDER BY id;

-- overlapping arrays
SELECT id FROM goods WHERE JSON_OVERLAPS(JSON_EXTRACT(attrs, '$.tags'), '["spring", "old"]') ORDER BY id;

-- arrays in an order [mariadb]
SELECT JSON_ARRAYAGG(sn ORDER BY total DESC LIMIT 2) AS top FROM orders;

-- distance on the sphere
SELECT name, ROUND(ST_Distance_Sphere(pos, POINT(116.4, 39.9)) / 1000) AS km FROM shop ORDER BY km;

-- shops within a distance of a point of parameters
SELECT id FROM shop WHERE ST_Distance_Sphere(pos, POINT(:lng, :lat)) < 2000000 ORDER BY id;

-- shops in regions
SELECT r.name, COUNT(s.id) AS n FROM region r LEFT JOIN shop s ON ST_Contains(r.shape, s.pos) GROUP BY r.id, r.name ORDER BY r.id;

-- shops in a box
SELECT id FROM shop WHERE MBRContains(ST_GeomFromText('POLYGON((110 20, 125 20, 125 35, 110 35, 110 20))'), pos) ORDER BY id;

-- coordinates
SELECT id, ST_X(pos) AS lng, ST_Y(pos) AS lat, ST_AsText(pos) AS wkt, ST_GeometryType(pos) AS t FROM shop ORDER BY id;

-- geometry made of points
SELECT ST_AsText(LineString(POINT(1, 1), POINT(2, 2))) AS l, ST_AsText(POLYGON(LINESTRING(POINT(0, 0), POINT(0, 1), POINT(1, 1), POINT(0, 0)))) AS p, ST_NumPoints(LINESTRING(POINT(1, 1), POINT(2, 2))) AS n, ST_AsText(MULTIPOINT(POINT(1, 2), POINT(3, 4))) AS m;

-- areas and centres
SELECT name, ST_Area(shape) AS area, ST_AsText(ST_Centroid(shape)) AS centre, ST_AsText(ST_Envelope(shape)) AS box FROM region ORDER BY id;

-- relations of shapes
SELECT a.id AS a, b.id AS b, ST_Touches(a.shape, b.shape) AS touches, ST_Intersects(a.shape, b.shape) AS meets, ST_Disjoint(a.shape, b.shape) AS apart FROM region a JOIN region b ON a.id < b.id;

-- distance in the plane
SELECT a.id AS a, b.id AS b, ROUND(ST_Distance(a.pos, b.pos), 3) AS d FROM shop a JOIN shop b ON b.id > a.id ORDER BY d LIMIT 3;

-- a shape as GeoJSON
SELECT ST_AsGeoJSON(POINT(1, 2)) AS j, ST_AsText(ST_GeomFromGeoJSON('{"type": "Point", "coordinates": [3, 4]}')) AS t, HEX(ST_AsWKB(POINT(1, 1))) AS w;

-- geohash [mysql]
SELECT id, ST_GeoHash(ST_X(pos), ST_Y(pos), 5) AS h FROM shop ORDER BY id;

-- full text, natural language
SELECT id, title FROM article WHERE MATCH (title, body) AGAINST ('green tea') ORDER BY id;

-- full text, boolean mode
SELECT id FROM article WHERE MATCH (title, body) AGAINST ('+green -rice' IN BOOLEAN MODE) ORDER BY id;

-- full text with a threshold
SELECT id FROM article WHERE MATCH (title, body) AGAINST ('green') > 0.0 ORDER BY id;

-- full text with a score
SELECT id, MATCH (title, body) AGAINST ('rice') > 0 AS hit FROM article ORDER BY MATCH (title, body) AGAINST ('rice') DESC, id;

-- full text, natural language mode named
SELECT id FROM article WHERE MATCH (title) AGAINST ('Lamps' IN NATURAL LANGUAGE MODE);

-- full text with a parameter
SELECT id FROM article WHERE MATCH (title, body) AGAINST (:word IN BOOLEAN MODE) ORDER BY id;

-- full text with expansion
SELECT COUNT(*) AS c FROM article WHERE MATCH (title, body) AGAINST ('lamps' WITH QUERY EXPANSION);

-- regular expressions
SELECT REGEXP_REPLACE('a1b22', '[0-9]+', '#') AS r, REGEXP_SUBSTR('a1b22', '[0-9]{2}') AS s, REGEXP_INSTR('a1b22', '2') AS i;

-- words of a text counted
SELECT id, LENGTH(body) - LENGTH(REPLACE(body, ' ', '')) + 1 AS words FROM article ORDER BY id;

-- collations of a server [mariadb]
SELECT nickname FROM member ORDER BY nickname COLLATE utf8mb4_uca1400_ai_ci, id;

-- collations of the other server [mysql]
SELECT nickname FROM member ORDER BY nickname COLLATE utf8mb4_zh_0900_as_cs, id;

-- a collation in quotes
SELECT COUNT(*) AS c FROM member WHERE nickname COLLATE 'utf8mb4_bin' > 'a';

-- character sets
SELECT CONVERT(name USING gb2312) AS a, CONVERT(name USING big5) AS b, CONVERT(name USING latin1) AS c, CAST(name AS CHAR(2) CHARACTER SET utf8mb4) AS d, CONVERT(name, CHAR(3)) AS e, CHARSET(CONVERT(name USING gbk)) AS f FROM shop ORDER BY id;

-- XML
SELECT EXTRACTVALUE('<a><b>1</b></a>', '/a/b') AS x, UPDATEXML('<a><b>1</b></a>', '/a/b', '<b>2</b>') AS u;

-- casts to many types
SELECT CAST('12' AS SIGNED) AS a, CAST('12' AS UNSIGNED INTEGER) AS b, CAST('12.345' AS DECIMAL(6, 2)) AS c, CAST('2026-01-31' AS DATE) AS d, CAST('2026-01-31 10:00:00.5' AS DATETIME(3)) AS e, CAST('10:00' AS TIME) AS f, CAST(1.5 AS DOUBLE) AS g, CAST('abc' AS BINARY(2)) AS h, CAST(5 AS NCHAR(3)) AS i;

-- casts to integers of MariaDB [mariadb]
SELECT CAST('12' AS INT) AS a, CAST('12' AS INTEGER) AS b, CAST(member_id AS INTEGER) AS c FROM orders ORDER BY id;
