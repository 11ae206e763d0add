package xlsx

import (
	"strconv"
	"strings"
	"time"

	"exporttask/internal/format"
)

// The namespaces of the transitional schemas (ECMA-376 part 4) and of packages
// (part 2).
const (
	xmlHead     = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	nsMain      = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	nsOffice    = "http://schemas.openxmlformats.org/officeDocument/2006/"
	nsPackage   = "http://schemas.openxmlformats.org/package/2006/"
	typeOffice  = "application/vnd.openxmlformats-officedocument."
	typeSheetML = typeOffice + "spreadsheetml."
)

// rootRels and docApp do not depend on the table. With the other properties they
// are the first entries because programs that detect file types by the first entries of an
// archive look for them.
const (
	rootRels = xmlHead + `<Relationships xmlns="` + nsPackage + `relationships">` +
		`<Relationship Id="rId1" Type="` + nsOffice + `relationships/officeDocument" Target="xl/workbook.xml"/>` +
		`<Relationship Id="rId2" Type="` + nsPackage + `relationships/metadata/core-properties" Target="docProps/core.xml"/>` +
		`<Relationship Id="rId3" Type="` + nsOffice + `relationships/extended-properties" Target="docProps/app.xml"/>` +
		`</Relationships>`
	docApp = xmlHead + `<Properties xmlns="` + nsOffice + `extended-properties"><Application>exportd</Application></Properties>`
)

// coreProperties returns the part docProps/core.xml (ECMA-376 part 2, section 11).
func coreProperties(opt *format.Options) string {
	xml := xmlHead + `<cp:coreProperties xmlns:cp="` + nsPackage + `metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"` +
		` xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`
	if opt.Title != "" {
		xml += `<dc:title>` + escape(opt.Title) + `</dc:title>`
	}
	xml += `<dc:creator>exportd</dc:creator>`
	if !opt.Created.IsZero() {
		xml += `<dcterms:created xsi:type="dcterms:W3CDTF">` + opt.Created.UTC().Format(time.RFC3339) + `</dcterms:created>`
	}
	return xml + `</cp:coreProperties>`
}

// writeParts writes all parts behind the sheets, whose number is known at the
// end only. The order of parts has no meaning (ECMA-376 part 2).
func (e *Encoder) writeParts() error {
	for _, part := range []struct{ name, xml string }{
		{"xl/styles.xml", e.styles.xml()},
		{"xl/workbook.xml", e.workbook()},
		{"xl/_rels/workbook.xml.rels", e.workbookRels()},
		{"[Content_Types].xml", e.contentTypes()},
	} {
		if err := e.zip.store(part.name, []byte(part.xml)); err != nil {
			return err
		}
	}
	return e.zip.close()
}

// writeFirstParts writes the parts before the sheets.
func (a *archive) writeFirstParts(core string) error {
	for _, part := range []struct{ name, xml string }{
		{"_rels/.rels", rootRels},
		{"docProps/app.xml", docApp},
		{"docProps/core.xml", core},
	} {
		if err := a.store(part.name, []byte(part.xml)); err != nil {
			return err
		}
	}
	return nil
}

// workbook returns the workbook part, which lists the sheets. An auto filter
// needs a hidden defined name as well (ECMA-376 part 1, section 18.2.5).
func (e *Encoder) workbook() string {
	var sheets, names strings.Builder
	for i, s := range e.sheets {
		n := strconv.Itoa(i + 1)
		quoted := quoteSheet(s.name)
		sheets.WriteString(`<sheet name="` + escape(s.name) + `" sheetId="` + n + `" r:id="rId` + n + `"/>`)
		if e.filtered() {
			names.WriteString(`<definedName name="_xlnm._FilterDatabase" localSheetId="` + strconv.Itoa(i) + `" hidden="1">`)
			names.WriteString(escape(quoted + "!$A$" + strconv.Itoa(e.headerRows()) + ":$" + columnName(len(e.cols)-1) + "$" + strconv.Itoa(s.last)))
			names.WriteString(`</definedName>`)
		}
		if !e.opt.NoHeader { // repeat the header on each printed page
			names.WriteString(`<definedName name="_xlnm.Print_Titles" localSheetId="` + strconv.Itoa(i) + `">` + escape(quoted+"!$1:$"+strconv.Itoa(e.headerRows())) + `</definedName>`)
		}
	}
	xml := xmlHead + `<workbook xmlns="` + nsMain + `" xmlns:r="` + nsOffice + `relationships">` +
		`<bookViews><workbookView/></bookViews><sheets>` + sheets.String() + `</sheets>`
	if names.Len() > 0 {
		xml += `<definedNames>` + names.String() + `</definedNames>`
	}
	return xml + `</workbook>`
}

func (e *Encoder) workbookRels() string {
	var b strings.Builder
	b.WriteString(xmlHead + `<Relationships xmlns="` + nsPackage + `relationships">`)
	for i := range e.sheets {
		n := strconv.Itoa(i + 1)
		b.WriteString(`<Relationship Id="rId` + n + `" Type="` + nsOffice + `relationships/worksheet" Target="worksheets/sheet` + n + `.xml"/>`)
	}
	b.WriteString(`<Relationship Id="rIdStyles" Type="` + nsOffice + `relationships/styles" Target="styles.xml"/></Relationships>`)
	return b.String()
}

func (e *Encoder) contentTypes() string {
	var b strings.Builder
	b.WriteString(xmlHead + `<Types xmlns="` + nsPackage + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + typeSheetML + `sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + typeSheetML + `styles+xml"/>` +
		`<Override PartName="/docProps/app.xml" ContentType="` + typeOffice + `extended-properties+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>`)
	for i := range e.sheets {
		b.WriteString(`<Override PartName="/` + sheetPath(i+1) + `" ContentType="` + typeSheetML + `worksheet+xml"/>`)
	}
	b.WriteString(`</Types>`)
	return b.String()
}

// escape returns s for an attribute or an element that is not a cell.
func escape(s string) string {
	legal, _ := format.AppendLegalXML(nil, []byte(s))
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;", "\n", "&#10;", "\t", "&#9;").
		Replace(string(legal))
}
