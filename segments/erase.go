package segments

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Erasing is what of the files of runs is to be erased.
type Erasing struct {
	// Names are the texts without one of which a row is nobody's, and IsName reports whether
	// a cell is one of these as a whole.
	Names  [][]byte
	IsName func(cell string) bool
}

// mayName reports whether a row may have one of the names.
func (e *Erasing) mayName(row []byte) bool {
	return slices.ContainsFunc(e.Names, func(name []byte) bool { return bytes.Contains(row, name) })
}

// writtenAs is the same erasing, with the names as a format writes them within a cell.
func (e *Erasing) writtenAs(escape func(to []byte, name string) []byte) *Erasing {
	escaped := &Erasing{IsName: e.IsName}
	for _, name := range e.Names {
		escaped.Names = append(escaped.Names, escape(nil, string(name)))
	}
	return escaped
}

// HasMember reports whether a list of members has one of the keys.
func HasMember(from io.ReadCloser, export, run, segment string, isKey func(string) bool) (found bool, err error) {
	r := readMembers(from, export, run, segment)
	for r.hasRecord() {
		found = found || isKey(string(r.key))
		r.next()
	}
	return found, r.close()
}

// EraseMembers writes a list of members without those of the keys.
func EraseMembers(from io.ReadCloser, to DraftFile, export, run, segment string, isKey func(string) bool) error {
	r := readMembers(from, export, run, segment)
	if r.err != nil || r.version != memberVersion {
		return errors.Join(r.close(), to.Discard(), fmt.Errorf("the members of %s in %s/%s can't be written anew", segment, export, run))
	}
	w := newMemberWriter(to, memberHeader(memberVersion, export, run, segment))
	for r.hasRecord() {
		if !isKey(string(r.key)) {
			w.add(&member{string(r.key), r.message, r.attempt}, string(r.messageID), r.row)
		}
		r.next()
	}
	if err := r.close(); err != nil {
		return errors.Join(err, to.Discard())
	}
	return w.close()
}

// HasRows reports whether a run has rows to erase.
func (e *Erasing) HasRows(from fs.FS, export, run string) (bool, error) {
	b, err := OpenBundle(from, export, run)
	if err != nil {
		return false, err
	}
	for _, f := range b.files {
		rows, err := e.copyFile(b, f, io.Discard)
		if err != nil {
			return false, err
		}
		if rows != f.Rows {
			return true, nil
		}
	}
	return false, nil
}

// Rewrite writes a run without the rows to erase. Its manifest has the new sums and counts.
func (e *Erasing) Rewrite(from fs.FS, export, run string, create func(name string) (DraftFile, error)) error {
	b, err := OpenBundle(from, export, run)
	if err != nil {
		return err
	}
	var m Manifest
	if err := json.Unmarshal(b.manifest, &m); err != nil {
		return err
	}
	for i := range m.Files {
		f := &m.Files[i]
		to, err := create(f.Name)
		if err != nil {
			return err
		}
		sum := sha256.New()
		count := &counting{to: io.MultiWriter(to, sum)}
		rows, err := e.copyFile(b, *f, count)
		if err = errors.Join(err, to.Close()); err != nil {
			return err
		}
		f.Rows, f.Bytes, f.SHA256 = rows, count.n, hex.EncodeToString(sum.Sum(nil))
	}
	text, err := m.text()
	if err != nil {
		return err
	}
	to, err := create(ManifestName)
	if err != nil {
		return err
	}
	_, err = to.Write(text)
	return errors.Join(err, to.Close())
}

// counting counts what is written.
type counting struct {
	to io.Writer
	n  int64
}

// Write implements [io.Writer].
func (c *counting) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}

// copyFile copies a file of a run without the rows to erase, and returns how many are left.
func (e *Erasing) copyFile(b *Bundle, f File, to io.Writer) (rows int64, err error) {
	file, err := b.open(f)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if f.Format == XLSX || f.Format == Parquet {
		return e.copyPacked(b, file, to)
	}
	var in io.Reader = file
	format, compressed := f.Format.uncompressed()
	if compressed {
		if in, err = gzip.NewReader(file); err != nil {
			return 0, err
		}
		z, _ := gzip.NewWriterLevel(to, gzipLevel)
		defer func() { err = errors.Join(err, z.Close()) }()
		to = z
	} else {
		format = f.Format
	}
	out := bufio.NewWriterSize(to, 64<<10)
	r := bufio.NewReaderSize(in, 64<<10)
	switch format {
	case CSV:
		rows, err = e.writtenAs(appendCSVName).copyCSV(r, out, f.Columns)
	case JSON, NDJSON:
		rows, err = e.writtenAs(appendJSONName).copyJSON(r, out, f.Columns, format == JSON)
	default:
		return f.Rows, fmt.Errorf("%s: rows of the format %s can't be erased", f.Name, f.Format)
	}
	return rows, errors.Join(err, out.Flush())
}

// isNamed reports whether a row is to be erased: by the contact where it shows that, and
// else by any cell.
func (e *Erasing) isNamed(cells []string, contact int) bool {
	if contact >= 0 && contact < len(cells) {
		return e.IsName(cells[contact])
	}
	return slices.ContainsFunc(cells, e.IsName)
}

// appendCSVName appends a name as it is within a quoted cell.
func appendCSVName(to []byte, name string) []byte {
	return append(to, strings.ReplaceAll(name, `"`, `""`)...)
}

// appendJSONName appends a name as it is within a string.
func appendJSONName(to []byte, name string) []byte {
	quoted := appendJSONString(nil, name)
	return append(to, quoted[1:len(quoted)-1]...)
}

// copyCSV copies the records as they are.
func (e *Erasing) copyCSV(r *bufio.Reader, out *bufio.Writer, columns []string) (rows int64, err error) {
	header, err := csvRecord(r)
	if err != nil {
		return 0, err
	}
	out.Write(header)
	delimiter := delimiterOf(header, columns)
	contact := slices.Index(columns, contactColumn) // -1 for none
	if extra := strings.Count(string(header), string(delimiter)) + 1 - len(columns); contact >= 0 && extra > 0 && !slices.Contains(columns, "change") {
		contact += extra // a delta's first column
	}
	for {
		record, err := csvRecord(r)
		if err == io.EOF && len(record) == 0 {
			return rows, nil
		}
		if err != nil && err != io.EOF {
			return rows, err
		}
		if e.mayName(record) {
			parser := csv.NewReader(bytes.NewReader(record))
			parser.Comma, parser.FieldsPerRecord, parser.LazyQuotes = delimiter, -1, true
			cells, err := parser.Read()
			if err != nil {
				return rows, err
			}
			for i := range cells {
				cells[i] = strings.TrimPrefix(cells[i], "'")
			}
			if e.isNamed(cells, contact) {
				continue
			}
		}
		rows++
		out.Write(record)
	}
}

// delimiterOf is what stands between the cells of a header.
func delimiterOf(header []byte, columns []string) rune {
	if len(columns) < 2 {
		return ','
	}
	for _, c := range ",;\t|" {
		if bytes.Count(header, []byte(string(c))) >= len(columns)-1 {
			return c
		}
	}
	return ','
}

// csvRecord reads a record with its end of line, which quoted cells may have within.
func csvRecord(r *bufio.Reader) (record []byte, err error) {
	for quotes := 0; ; {
		line, err := r.ReadBytes('\n')
		record = append(record, line...)
		quotes += bytes.Count(line, []byte{'"'})
		if err != nil || quotes%2 == 0 {
			return record, err
		}
	}
}

// copyJSON copies the objects as they are, one on each line.
func (e *Erasing) copyJSON(r *bufio.Reader, out *bufio.Writer, columns []string, array bool) (rows int64, err error) {
	if array {
		out.WriteByte('[')
	}
	for {
		line, err := r.ReadBytes('\n')
		object := bytes.TrimRight(line, ",\n")
		if len(object) > 0 && object[0] == '{' {
			named, parseErr := e.objectNamed(object, columns)
			if parseErr != nil {
				return rows, parseErr
			}
			if !named {
				if array && rows > 0 {
					out.WriteByte(',')
				}
				if array {
					out.WriteByte('\n')
				}
				out.Write(object)
				if !array {
					out.WriteByte('\n')
				}
				rows++
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return rows, err
		}
	}
	if array && rows > 0 {
		out.WriteByte('\n')
	}
	if array {
		out.WriteString("]\n")
	}
	return rows, nil
}

func (e *Erasing) objectNamed(object []byte, columns []string) (bool, error) {
	if !e.mayName(object) {
		return false, nil
	}
	var cells map[string]any
	if err := json.Unmarshal(object, &cells); err != nil {
		return false, err
	}
	if slices.Contains(columns, contactColumn) {
		text, _ := cells[contactColumn].(string)
		return e.IsName(text), nil
	}
	for _, cell := range cells {
		if text, ok := cell.(string); ok && e.IsName(text) {
			return true, nil
		}
	}
	return false, nil
}
