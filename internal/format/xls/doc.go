// Package xls writes Excel 97-2003 workbooks: the BIFF8 records of [MS-XLS]
// inside a compound file of [MS-CFB]. Package render picks it for FMT_XLS; it
// never reads a database, never buffers a result in memory and needs no
// seekable writer.
//
// # How a file comes to be
//
// A compound file begins with a header that needs the length of everything
// behind it, and a workbook stream begins with the strings of all cells. So
// nothing of the file can be written before the last row is known. The rows
// go to two spills, temporary files that grow only past a block of memory:
//
//	Encode ─ row ─┬─ numbers, dates, string numbers ─▶ cell tables (table.go)
//	              └─ strings ─▶ seen lately? (recent.go) ─▶ SST (sst.go)
//
//	Close ─▶ header ─▶ globals ─▶ SST ─▶ sheet 1 ─▶ … ─▶ directory ─▶ FAT
//	        (cfb.go)  (globals.go)        (sheet.go)       (cfb.go)
//
// Both spills hold records in their final form; Close only adds the parts
// around them and copies. Memory is the two blocks, the window of recent
// strings and a few bytes a sheet, whatever the number of rows.
//
// # Numbers
//
// A number of at most 15 significant digits is a number. Whatever a double
// cannot show as it is written in the database (17-digit keys, zero-filled
// codes, long decimals, zero dates) is a string, letter for letter.
//
// [MS-XLS]: https://learn.microsoft.com/openspecs/office_file_formats/ms-xls
// [MS-CFB]: https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb
package xls
