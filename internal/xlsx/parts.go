package xlsx

import (
	"fmt"
	"strconv"
	"strings"
)

// part is a part of the archive beside the sheets.
type part struct{ name, text string }

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainSpace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	docSpace  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	relSpace  = "http://schemas.openxmlformats.org/package/2006/relationships"
	typeSpace = "http://schemas.openxmlformats.org/package/2006/content-types"
	mediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

// The styles of cells, as attributes: their places in cellXfs of the part styles.
const (
	plainStyle  = ""
	textStyle   = ` s="1"`
	timeStyle   = ` s="2"`
	millisStyle = ` s="3"`
	dateStyle   = ` s="4"`
	headerStyle = ` s="5"`
)

// firstParts are the parts before the sheets. How many sheets there will be is not known
// yet: what is not named otherwise is one.
var firstParts = []part{
	{"[Content_Types].xml", xmlHead + `<Types xmlns="` + typeSpace + `">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="` + mediaType + `worksheet+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + mediaType + `sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + mediaType + `styles+xml"/></Types>`},
	{"_rels/.rels", xmlHead + `<Relationships xmlns="` + relSpace + `">` +
		`<Relationship Id="rId1" Type="` + docSpace + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/styles.xml", xmlHead + `<styleSheet xmlns="` + mainSpace + `">` +
		`<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/>` +
		`<numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss.000"/>` +
		`<numFmt numFmtId="166" formatCode="yyyy\-mm\-dd"/></numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		xf(49, 0) + xf(164, 0) + xf(165, 0) + xf(166, 0) + xf(49, 1) + `</cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`},
}

// xf is a style: a format of numbers, of which 49 is text, and a font.
func xf(format, font int) string {
	return fmt.Sprintf(`<xf numFmtId="%d" fontId="%d" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>`, format, font)
}

// lastParts are the parts that name the sheets.
func lastParts(name string, sheets int) []part {
	var list, links strings.Builder
	for i := range sheets {
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d" r:id="rId%[2]d"/>`, sheetName(name, i+1), i+1)
		fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%[1]d.xml"/>`, i+1, docSpace)
	}
	fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/>`, sheets+1, docSpace)
	return []part{
		{"xl/workbook.xml", xmlHead + `<workbook xmlns="` + mainSpace + `" xmlns:r="` + docSpace + `"><sheets>` + list.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", xmlHead + `<Relationships xmlns="` + relSpace + `">` + links.String() + `</Relationships>`},
	}
}

// maxSheetName is how many characters the name of a sheet may have, with its number.
const maxSheetName = 31

// sheetName is the name of a sheet. Some characters are not allowed in it, and "history"
// is Excel's own.
func sheetName(name string, n int) string {
	number := ""
	if n > 1 {
		number = " " + strconv.Itoa(n)
	}
	if strings.EqualFold(name, "history") {
		name += "_"
	}
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`[]:*?/\'"<>&`, r) {
			return '_'
		}
		return r
	}, name)
	letters := []rune(clean)
	return string(letters[:min(len(letters), maxSheetName-len(number))]) + number
}

func sheetPart(n int) string { return fmt.Sprintf("xl/worksheets/sheet%d.xml", n) }

// The XML of a row and its cells, which copy.go finds again.
const (
	rowOpen  = `<row r="`
	rowClose = `</row>`
	cellOpen = `<c r="`
)

// sheetHead is what is before the rows: the header stays in view.
func sheetHead(n, columns int) string {
	selected := ""
	if n == 1 {
		selected = ` tabSelected="1"`
	}
	return xmlHead + `<worksheet xmlns="` + mainSpace + `"><sheetViews><sheetView` + selected + ` workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
		fmt.Sprintf(`<cols><col min="1" max="%d" width="20" customWidth="1"/></cols>`, max(columns, 1)) + `<sheetData>`
}

// sheetTail is what is after the rows. Numbers that are texts, as keys and phones are,
// get no mark of a mistake.
const sheetTail = `</sheetData><ignoredErrors><ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/></ignoredErrors></worksheet>`
