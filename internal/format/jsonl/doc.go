// Package jsonl encodes the rows of a result as JSON Lines: one JSON object (RFC
// 8259) on each line, in UTF-8, with the labels of the output columns as keys, in
// their order. docs/formats.md describes the values.
//
// Package encoder calls New once for each file. Most cells are numbers, dates and
// texts that need no escapes; fast.go copies these from the batch to the output
// eight bytes at a time and checks them on the way. All other cells are written by
// value.go, which is also the only place that counts warnings.
package jsonl
