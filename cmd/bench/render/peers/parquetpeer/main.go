// Parquetpeer is the usual pairing for Parquet: database/sql and parquet-go. It
// reads bench_orders into structs and writes them with Zstandard.
package main

import (
	"database/sql"
	"flag"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/parquet-go/parquet-go"
)

type order struct {
	ID        int64     `parquet:"id,optional"`
	MemberID  int32     `parquet:"member_id,optional"`
	OrderNo   string    `parquet:"order_no,optional"`
	Name      string    `parquet:"name,optional,dict"`
	Phone     string    `parquet:"phone,optional"`
	Amount    int64     `parquet:"amount,optional,decimal(2:12)"`
	Rate      float64   `parquet:"rate,optional"`
	Status    int32     `parquet:"status,optional,dict"`
	CreatedAt time.Time `parquet:"created_at,optional,timestamp(microsecond:local)"`
	Remark    *string   `parquet:"remark,optional"`
}

func main() {
	addr := flag.String("addr", "", "address of the database")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName, cfg.Net, cfg.Addr = "bench", "bench", "bench", "tcp", *addr
	cfg.ParseTime = true
	connector, err := mysql.NewConnector(cfg)
	must(err)
	rows, err := sql.OpenDB(connector).Query("SELECT * FROM bench_orders")
	must(err)
	file, err := os.Create(*out)
	must(err)
	w := parquet.NewGenericWriter[order](file, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(1<<18))
	batch := make([]order, 0, 1000)
	for rows.Next() {
		var o order
		var amount string
		var remark sql.NullString
		must(rows.Scan(&o.ID, &o.MemberID, &o.OrderNo, &o.Name, &o.Phone, &amount, &o.Rate, &o.Status, &o.CreatedAt, &remark))
		o.Amount, err = strconv.ParseInt(strings.Replace(amount, ".", "", 1), 10, 64)
		must(err)
		if remark.Valid {
			o.Remark = &remark.String
		}
		if batch = append(batch, o); len(batch) == cap(batch) {
			_, err := w.Write(batch)
			must(err)
			batch = batch[:0]
		}
	}
	must(rows.Err())
	_, err = w.Write(batch)
	must(err)
	must(w.Close())
	must(file.Close())
}

func must(err error) {
	if err != nil {
		log.Fatal("parquetpeer: ", err)
	}
}
