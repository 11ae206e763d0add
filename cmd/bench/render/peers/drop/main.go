// Command drop runs a query, reads the rows' packets and drops them: the floor
// for any client.
package main

import (
	"errors"
	"flag"
	"io"
	"log"

	"peers/wire"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "127.0.0.1:3306", "HOST:PORT, or the path of a unix socket")
	query := flag.String("q", "select * from bench_orders", "query")
	flag.Parse()
	c, err := wire.Dial(*addr, "bench", "bench", "bench", 256<<10)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Query(*query); err != nil {
		log.Fatal(err)
	}
	for {
		_, err := c.Row()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}
