package command

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
)

// A page of a list is as many lines as are judged together: the more, the nearer
// the sorted keys lie to each other in the roster. A few go round.
const (
	pageLines = 100_000
	pageBytes = 12 << 20
	listPages = 2
)

// listPage is some lines of a list.
type listPage struct {
	text  []byte // of all lines
	lines []listLine
	order []keyPlace // the lines whose keys are asked for
	keys  []string   // of these
}

// keyPlace is the place of a key.
type keyPlace struct {
	next uint64 // its bytes after those that all begin with
	line int
}

type listLine struct {
	from, to int // in text
	key      string
	reason   string // not to keep it; empty to keep it
	odd      bool   // its text is no row
}

// fill reads the next lines, and their keys.
func (p *listPage) fill(l *list, keys hygiene.KeyFormat) error {
	p.text, p.lines = p.text[:0], p.lines[:0]
	for len(p.lines) < pageLines && len(p.text) < pageBytes {
		r, err := l.next()
		if err != nil {
			return err
		}
		line := listLine{from: len(p.text)}
		p.text = append(p.text, r.raw...)
		line.to = len(p.text)
		if r.why != nil {
			line.reason, line.odd = fmt.Sprintf("%s: line %d: %s", isUnreadable, r.line, r.why), true
		} else if line.key, err = keys.Normalize(string(r.key)); err != nil {
			line.reason = isInvalid + ": " + err.Error()
		}
		p.lines = append(p.lines, line)
	}
	return nil
}

// judge finds out whom not to text, and who comes a second time.
func (p *listPage) judge(s *scrub) error {
	err := s.house.store.Find(p.keys, func(i int, contact *hygiene.Contact) {
		p.lines[p.order[i].line].reason = standingOf(contact, s.now).why()
	})
	if err != nil {
		return err
	}
	p.order, p.keys = p.order[:0], p.keys[:0]
	for i := range p.lines {
		if p.lines[i].reason == "" {
			p.order, p.keys = append(p.order, keyPlace{line: i}), append(p.keys, p.lines[i].key)
		}
	}
	fresh, err := s.seen.Add(p.keys)
	for i, is := range fresh {
		if !is {
			p.lines[p.order[i].line].reason = isDuplicate
		}
	}
	return err
}

// sort puts the keys in order. Most keys of a list begin alike, and the few
// bytes after that tell nearly all of them apart.
func (p *listPage) sort() {
	p.order, p.keys = p.order[:0], p.keys[:0]
	for i := range p.lines {
		if p.lines[i].reason == "" {
			p.order = append(p.order, keyPlace{line: i})
		}
	}
	alike := p.alike()
	for i := range p.order {
		var next [8]byte
		copy(next[:], p.lines[p.order[i].line].key[alike:])
		p.order[i].next = binary.BigEndian.Uint64(next[:])
	}
	slices.SortFunc(p.order, func(a, b keyPlace) int {
		if a.next != b.next {
			return cmp.Compare(a.next, b.next)
		}
		return strings.Compare(p.lines[a.line].key, p.lines[b.line].key)
	})
	for i := range p.order {
		p.keys = append(p.keys, p.lines[p.order[i].line].key)
	}
}

// alike is with how many bytes all keys begin alike.
func (p *listPage) alike() (n int) {
	if len(p.order) == 0 {
		return 0
	}
	first := p.lines[p.order[0].line].key
	n = len(first)
	for i := range p.order {
		key := p.lines[p.order[i].line].key
		n = min(n, len(key))
		for first[:n] != key[:n] {
			n--
		}
	}
	return n
}

// write writes the lines where they belong, in the order of the list.
func (p *listPage) write(s *scrub) error {
	for i := range p.lines {
		line := &p.lines[i]
		raw := p.text[line.from:line.to]
		s.did.count(line.reason)
		switch {
		case line.reason == "":
			s.clean.Write(raw)
		case line.odd:
			s.list.writeOdd(s.rejected, raw, line.reason)
		default:
			s.list.writeWith(s.rejected, raw, line.reason)
		}
	}
	// A writer that could not write says so again.
	if err := s.clean.Flush(); err != nil {
		return fmt.Errorf("write the clean list: %w", err)
	}
	if err := s.rejected.Flush(); err != nil {
		return fmt.Errorf("write the rejected lines: %w", err)
	}
	return nil
}

// writeWith writes a row with one more column.
func (l *list) writeWith(w *bufio.Writer, raw []byte, cell string) {
	row := trimEnd(raw)
	w.Write(row)
	w.WriteByte(l.separator)
	l.writeCell(w, cell)
	w.Write(l.lineEndOf(raw[len(row):]))
}

// writeOdd writes a line that is no row of the list as one: whole in its first
// column.
func (l *list) writeOdd(w *bufio.Writer, raw []byte, reason string) {
	line := trimEnd(raw)
	writeQuoted(w, string(line))
	w.Write(bytes.Repeat([]byte{l.separator}, l.columns))
	l.writeCell(w, reason)
	w.Write(l.lineEndOf(raw[len(line):]))
}

// lineEndOf is the end of a line, that of the header for a last line that has
// none.
func (l *list) lineEndOf(end []byte) []byte {
	if len(end) > 0 {
		return end
	}
	if end := l.header[len(trimEnd(l.header)):]; len(end) > 0 {
		return end
	}
	return []byte{l.end}
}

func (l *list) writeCell(w *bufio.Writer, cell string) {
	if strings.IndexByte(cell, l.separator) >= 0 || strings.ContainsAny(cell, "\"\r\n") {
		writeQuoted(w, cell)
		return
	}
	w.WriteString(cell)
}

func writeQuoted(w io.StringWriter, cell string) {
	w.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
}
