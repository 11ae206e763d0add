package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	_ "github.com/go-sql-driver/mysql" // the driver of the sample shop's connection
)

// shopOrders is how many orders the sample shop has.
const shopOrders = 120_000

// The sample shop is one table with values that exports often get wrong: ids of 19
// digits, leading zeros, Chinese text, decimals, NULL, line breaks, quotes,
// and texts that a spreadsheet would compute as formulas. Every value is a
// function of the row's number.
const (
	createOrders = `CREATE TABLE IF NOT EXISTS orders (
		order_id   BIGINT        NOT NULL PRIMARY KEY,
		order_no   VARCHAR(20)   NOT NULL,
		customer   VARCHAR(60)   NOT NULL,
		phone      VARCHAR(20)   NOT NULL,
		amount     DECIMAL(12,2) NOT NULL,
		discount   DECIMAL(6,4)  NULL,
		status     TINYINT       NOT NULL,
		created_at DATETIME      NOT NULL,
		remark     VARCHAR(200)  NULL
	) CHARACTER SET utf8mb4`
	fillOrders = `INSERT INTO orders
		SELECT
			1180000000000000000 + n * 7919,
			LPAD(n * 37, 12, '0'),
			CONCAT(ELT(1 + n % 8, '王', '李', '张', '刘', '陈', '杨', '欧阳', '司马'),
				ELT(1 + n DIV 8 % 7, '伟', '芳', '秀英', '敏', '静', '小明', '丽')),
			CONCAT('0', 10 + n % 89, '-', LPAD(n * 16807 % 100000000, 8, '0')),
			(n * 104729 % 10000000) / 100 - IF(n % 50 = 0, 50000, 0),
			IF(n % 3 = 0, NULL, n % 10000 / 10000),
			n % 5,
			TIMESTAMP('2026-01-01 00:00:00') + INTERVAL n * 61 SECOND,
			CASE
				WHEN n % 4 = 0   THEN NULL
				WHEN n % 41 = 1  THEN CONCAT('第一行 ', n, '\n第二行, 带逗号')
				WHEN n % 43 = 1  THEN CONCAT('客户说: "尽快发货" ', n)
				WHEN n % 401 = 1 THEN '=1+1'
				WHEN n % 5 = 0   THEN ''
				ELSE CONCAT('备注 ', n % 1000)
			END
		FROM (SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d AS n
			FROM {digits} a, {digits} b, {digits} c, {digits} e, {digits} f, {digits} g) numbers
		WHERE n <= ? ORDER BY n`
	digits = `(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
		UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)`
)

// shopSample exports the whole shop in every format.
func shopSample() *sample {
	return &sample{
		name: "orders", source: "shop", sql: shopQuery, from: shopFrom,
		count: "SELECT COUNT(*) FROM orders", compare: true, formats: len(formats()),
	}
}

// shopQuery is the SQL of the sample template.
const shopQuery = "SELECT order_id, order_no, customer, phone, amount, discount, status, created_at, remark FROM orders WHERE created_at >= :from ORDER BY order_id"

// shopFrom is before the first order.
const shopFrom = "2026-01-01 00:00:00"

// fillShop creates the sample shop's table unless it exists, and fills it if it is
// empty. It returns the number of orders.
func fillShop(ctx context.Context, dsn string) (orders int, err error) {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return 0, fmt.Errorf("sample shop: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, createOrders); err != nil {
		return 0, fmt.Errorf("sample shop: %w", err)
	}
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM orders").Scan(&orders); err != nil {
		return 0, fmt.Errorf("sample shop: %w", err)
	}
	if orders > 0 {
		return orders, nil
	}
	if _, err := db.ExecContext(ctx, strings.ReplaceAll(fillOrders, "{digits}", digits), shopOrders); err != nil {
		return 0, fmt.Errorf("sample shop: %w", err)
	}
	return shopOrders, nil
}
