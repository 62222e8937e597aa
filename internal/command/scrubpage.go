package command

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

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
	text         []byte // of all lines
	lines        []listLine
	keys, phones asked
	again        []string // what tells the lines apart that are kept
	kept         []int    // those lines
}

type listLine struct {
	from, to int // in text
	key      string
	phone    string // empty when the key is looked up alone
	reason   string // not to keep it; empty to keep it
	odd      bool   // its text is no row
	known    bool   // some contact was found
	isKey    bool   // one was, by its key as written
	byPhone  bool   // one was, by its phone alone
}

// fill reads the next lines.
func (p *listPage) fill(l *list) error {
	p.text, p.lines = p.text[:0], p.lines[:0]
	for len(p.lines) < pageLines && len(p.text) < pageBytes {
		r, err := l.next()
		if err != nil {
			return err
		}
		line := listLine{from: len(p.text), key: r.key}
		p.text = append(p.text, r.raw...)
		line.to = len(p.text)
		if r.why != nil {
			line.reason, line.odd = fmt.Sprintf("%s: line %d: %s", isUnreadable, r.line, r.why), true
		}
		p.lines = append(p.lines, line)
	}
	return nil
}

// read finds out what the lines are looked up by. To read a phone number takes
// longer than all else: each processor reads some.
func (p *listPage) read(by lookup) {
	var all sync.WaitGroup
	for lines := range slices.Chunk(p.lines, len(p.lines)/runtime.GOMAXPROCS(0)+1) {
		all.Go(func() {
			for i := range lines {
				lines[i].read(by)
			}
		})
	}
	all.Wait()
}

func (line *listLine) read(by lookup) {
	if line.reason != "" {
		return
	}
	var err error
	if line.key, line.phone, err = by.of(line.key); err != nil {
		line.reason = isInvalid + ": " + err.Error()
	}
}

// sort puts in order what is looked up. A number may also be the key of whom
// nothing but the number was known.
func (p *listPage) sort() {
	p.keys.reset()
	p.phones.reset()
	for i := range p.lines {
		line := &p.lines[i]
		if line.reason != "" {
			continue
		}
		p.keys.add(line.key, i)
		if line.phone == "" {
			continue
		}
		p.phones.add(line.phone, i)
		if line.phone != line.key {
			p.keys.add(line.phone, i)
		}
	}
	p.keys.sort()
	p.phones.sort()
}

// judge finds out whom not to text, and who comes a second time.
func (p *listPage) judge(s *scrub) error {
	err := s.house.store.Find(p.keys.values, func(i int, contact *hygiene.Contact) {
		standing := hygiene.SendabilityOf(contact, s.now)
		for _, place := range p.keys.of(i) {
			line := &p.lines[place.line]
			line.isKey = line.isKey || line.key == place.value
			line.meet(&standing)
		}
	})
	if err != nil {
		return err
	}
	err = s.house.store.FindPhones(p.phones.values, func(i int, contact *hygiene.Contact) {
		standing := hygiene.SendabilityOf(contact, s.now)
		for _, place := range p.phones.of(i) {
			line := &p.lines[place.line]
			line.byPhone = line.byPhone || !line.known
			line.meet(&standing)
		}
	})
	if err != nil {
		return err
	}
	return p.findAgain(s)
}

// meet heeds one contact that the line names: one that is not to be texted is
// enough, and one that is suppressed says more than one that is cooling.
func (line *listLine) meet(s *hygiene.Sendability) {
	line.known = true
	if why := s.WhyNot(); why != "" && (line.reason == "" || line.reason == hygiene.Cooling.String()) {
		line.reason = why
	}
}

// findAgain marks the lines whose contact is kept on a line before. Of whom
// nothing is known but a number, the number tells it, whichever way it is written.
func (p *listPage) findAgain(s *scrub) error {
	p.again, p.kept = p.again[:0], p.kept[:0]
	for i := range p.lines {
		line := &p.lines[i]
		if line.reason != "" {
			continue
		}
		who := line.key
		if line.phone != "" && !line.isKey {
			who = line.phone
		}
		p.again, p.kept = append(p.again, who), append(p.kept, i)
	}
	fresh, err := s.seen.Add(p.again)
	for i, is := range fresh {
		if !is {
			p.lines[p.kept[i]].reason = isDuplicate
		}
	}
	return err
}

// write writes the lines where they belong, in the order of the list.
func (p *listPage) write(s *scrub) error {
	for i := range p.lines {
		line := &p.lines[i]
		raw := p.text[line.from:line.to]
		s.did.count(line)
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
