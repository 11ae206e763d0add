// Readers prints the cells of the XLSX file that is its argument, as excelize reads
// them: a JSON list of sheets, rows and texts without number formats. `make
// test-readers` runs it; its dependencies are no part of exportd.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/xuri/excelize/v2"
)

func main() {
	book, err := excelize.OpenFile(os.Args[1], excelize.Options{RawCellValue: true})
	if err != nil {
		log.Fatal(err)
	}
	var sheets [][][]string
	for _, name := range book.GetSheetList() {
		rows, err := book.GetRows(name)
		if err != nil {
			log.Fatal(err)
		}
		sheets = append(sheets, rows)
	}
	if err := json.NewEncoder(os.Stdout).Encode(sheets); err != nil {
		log.Fatal(err)
	}
}
