package xlsx

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Filter says which rows of a workbook are left out of a copy.
type Filter struct {
	// May reports whether a row may be left out, by its XML, in which texts are as
	// [AppendEscaped] writes them. Only then are its cells read.
	May func(row []byte) bool
	// Drop reports whether the row of these cells is left out. The cells of a row end
	// with its last one that is not empty.
	Drop func(cells []string) bool
}

// Copy copies a workbook that [Writer] wrote without the rows that the filter leaves out,
// and returns how many are left. It holds one row in memory.
func Copy(to io.Writer, from io.ReaderAt, size int64, o Options, f Filter) (rows int64, err error) {
	archive, err := zip.NewReader(from, size)
	if err != nil {
		return 0, err
	}
	w, err := NewWriter(to, o)
	if err != nil {
		return 0, err
	}
	for n := 1; ; n++ {
		part, err := archive.Open(sheetPart(n))
		if err != nil && n > 1 {
			break
		}
		if err != nil {
			return rows, err
		}
		kept, err := w.copySheet(bufio.NewReaderSize(part, 64<<10), f)
		if rows += kept; err != nil {
			return rows, errors.Join(err, part.Close())
		}
		if err := part.Close(); err != nil {
			return rows, err
		}
	}
	return rows, w.Close()
}

// copySheet copies the rows of a sheet behind its header.
func (w *Writer) copySheet(r *bufio.Reader, f Filter) (rows int64, err error) {
	for header := true; ; header = false {
		row, err := nextRow(r)
		if err != nil || row == nil {
			return rows, err
		}
		if header {
			continue
		}
		if f.May(row) {
			cells, err := cellsOf(row)
			if err != nil {
				return rows, err
			}
			if f.Drop(cells) {
				continue
			}
		}
		if err := w.copyRow(row); err != nil {
			return rows, err
		}
		rows++
	}
}

// nextRow reads the next row with its tags; nil behind the last one.
func nextRow(r *bufio.Reader) (row []byte, err error) {
	for {
		part, err := r.ReadBytes('>')
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		switch {
		case bytes.HasSuffix(part, []byte("</sheetData>")):
			return nil, nil
		case len(row) > 0 || bytes.HasPrefix(part, []byte(rowOpen)):
			if row = append(row, part...); bytes.HasSuffix(part, []byte(rowClose)) {
				return row, nil
			}
		}
	}
}

// cellsOf are the cells of a row as texts.
func cellsOf(row []byte) (cells []string, err error) {
	var parsed struct {
		Cells []struct {
			At    string `xml:"r,attr"`
			Value string `xml:"v"`
			Text  string `xml:"is>t"`
		} `xml:"c"`
	}
	if err := xml.Unmarshal(row, &parsed); err != nil {
		return nil, err
	}
	for _, c := range parsed.Cells {
		at := 0
		for _, letter := range strings.TrimRight(c.At, "0123456789") {
			at = at*26 + int(letter-'A') + 1
		}
		if at <= len(cells) || at > MaxColumns {
			return nil, fmt.Errorf("a row has the cell %q behind its column %d", c.At, len(cells))
		}
		for len(cells) < at-1 {
			cells = append(cells, "")
		}
		cells = append(cells, c.Value+unescaped(c.Text))
	}
	return cells, nil
}

// copyRow writes a row as the next one: only its number, which each cell has too, is
// another.
func (w *Writer) copyRow(row []byte) error {
	w.openRow()
	_, rest, _ := bytes.Cut(row, []byte(">"))
	for {
		before, cell, found := bytes.Cut(rest, []byte(cellOpen))
		w.line = append(w.line, before...)
		if !found {
			break
		}
		digits := bytes.IndexFunc(cell, func(r rune) bool { return r < 'A' || r > 'Z' })
		after := bytes.IndexByte(cell, '"')
		if digits < 0 || after < digits {
			return errors.New("a row has a cell without a place")
		}
		w.line = append(append(w.line, cellOpen...), cell[:digits]...)
		w.line = strconv.AppendInt(w.line, int64(w.rows+1), 10)
		rest = cell[after:]
	}
	w.line = bytes.TrimSuffix(w.line, []byte(rowClose))
	return w.EndRow()
}
