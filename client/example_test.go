package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"exporttask/api"
	"exporttask/client"
)

// A whole export: the template is saved once, and run as often as wanted.
func Example() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{Target: exampleAddr()})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	tpl, err := c.API().CreateTpl(ctx, &api.WshExportTaskCreateTplReq{
		EtplName:    "orders of a day",
		EtplExpr:    "SELECT id, no, paid FROM orders WHERE paid = :day ORDER BY id LIMIT 3",
		EtplOptions: &api.WshExportOptions{CsvLf: true}, // lines end as they do here
	})
	if err := client.Check(tpl, err); err != nil {
		log.Fatal(err)
	}
	inst, err := c.Export(ctx, tpl.GetData().GetEtplId(), client.Params{"day": "2026-01-02"}, os.Stdout)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.StateName(inst.GetState()), inst.GetFiles()[0].GetRows(), "rows")
	// Output:
	// id,no,paid
	// 100,00000100,2026-01-02
	// 101,00000101,2026-01-02
	// 102,00000102,2026-01-02
	// SUCCEEDED 3 rows
}

// Replicas are found in etcd, and calls are spread over them.
func ExampleDial() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{Etcd: exampleEtcd()})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	replicas, err := c.Replicas(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(replicas), "replica")
	// Output: 1 replica
}

// What the caller got wrong is an *Error that names the field.
func ExampleError() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{Target: exampleAddr()})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	_, err = c.Run(ctx, 4711, nil)
	if wrong, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(wrong.Code)
	}
	// Output: NotFound
}

// A long export can be left to itself and its file fetched later.
func ExampleClient_Download() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{Target: exampleAddr()})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	tpl, err := c.API().CreateTpl(ctx, &api.WshExportTaskCreateTplReq{
		EtplName: "one", EtplExpr: "SELECT 1 AS one", EtplOptions: &api.WshExportOptions{CsvLf: true},
	})
	if err := client.Check(tpl, err); err != nil {
		log.Fatal(err)
	}
	made, err := c.API().CreateInst(ctx, &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId()})
	if err := client.Check(made, err); err != nil {
		log.Fatal(err)
	}

	id := made.GetData().GetEinstId()
	if _, err := c.Watch(ctx, id, nil); err != nil {
		log.Fatal(err)
	}
	if _, err := c.Download(ctx, id, os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// one
	// 1
}
