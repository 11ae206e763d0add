// Package xls writes Excel 97-2003 workbooks: the BIFF8 records of [MS-XLS]
// inside a compound file of [MS-CFB]. Package encoder creates its encoders. The
// memory does not grow with the number of rows and the writer need not seek.
//
// # Layout of a file
//
// A compound file begins with a header that contains the length of everything
// behind it, and a workbook stream begins with the strings of all cells. The
// first byte can therefore not be written before the last row is known. The
// rows are stored in two spills, temporary files that are used beyond a block
// of memory:
//
//	Encode ─ row ─┬─ numbers, dates, string indexes ─▶ cell tables (table.go)
//	              └─ strings ─▶ cached? (recent.go) ─▶ SST (sst.go)
//
//	Close ─▶ header ─▶ globals ─▶ SST ─▶ sheet 1 ─▶ … ─▶ directory ─▶ FAT
//	        (cfb.go)  (globals.go)        (sheet.go)       (cfb.go)
//
// Both spills have records in their final form; Close adds the records around
// them and copies. The memory is the two blocks, the cache of strings and a few
// bytes a sheet.
//
// # Numbers
//
// A number of at most 15 significant digits is stored as a number. Values that
// a double cannot show as they are in the database (17-digit keys, codes with
// leading zeros, long decimals, zero dates) are stored as strings.
//
// [MS-XLS]: https://learn.microsoft.com/openspecs/office_file_formats/ms-xls
// [MS-CFB]: https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb
package xls
