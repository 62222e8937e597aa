package scrub

import (
	"fmt"
	"runtime"
	"slices"
	"sync"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/csvlist"
)

// A page of a list is as many lines as are judged together: the more, the nearer
// the sorted keys lie to each other in the roster. A few go round.
const (
	PageLines = 100_000
	pageBytes = 12 << 20
	pages     = 2
)

// page is some lines of a list.
type page struct {
	text         []byte // of all lines
	lines        []line
	keys, phones batch
	seenBy       []string // what tells the lines apart that are kept
	kept         []int    // those lines
}

type line struct {
	from, to   int // in text
	key        string
	phone      string // empty when the key is looked up alone
	reason     string // not to keep it; empty to keep it
	unreadable bool   // its text is no row
	known      bool   // some contact was found
	isKey      bool   // one was, by its key as written
	byPhone    bool   // one was, by its phone alone
}

// fill reads the next lines.
func (p *page) fill(l *csvlist.Reader) error {
	p.text, p.lines = p.text[:0], p.lines[:0]
	for len(p.lines) < PageLines && len(p.text) < pageBytes {
		r, err := l.Next()
		if err != nil {
			return err
		}
		line := line{from: len(p.text), key: r.Key}
		p.text = append(p.text, r.Raw...)
		line.to = len(p.text)
		if r.Err != nil {
			line.reason, line.unreadable = fmt.Sprintf("%s: line %d: %s", Unreadable, r.Line, r.Err), true
		}
		p.lines = append(p.lines, line)
	}
	return nil
}

// read finds out what the lines are looked up by. To read a phone number takes
// longer than all else: each processor reads some.
func (p *page) read(by lookup) {
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

func (line *line) read(by lookup) {
	if line.reason != "" {
		return
	}
	var err error
	if line.key, line.phone, err = by.of(line.key); err != nil {
		line.reason = Invalid + ": " + err.Error()
	}
}

// sort puts in order what is looked up. A number may also be the key of whom
// nothing but the number was known.
func (p *page) sort() {
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

// apply finds out whom not to text, and who comes a second time.
func (p *page) apply(s *job) error {
	err := s.store.Find(p.keys.values, func(i int, contact *hygiene.Contact) {
		standing := app.SendabilityOf(contact, s.now)
		for _, place := range p.keys.of(i) {
			line := &p.lines[place.line]
			line.isKey = line.isKey || line.key == place.value
			line.applyContact(&standing)
		}
	})
	if err != nil {
		return err
	}
	err = s.store.FindPhones(p.phones.values, func(i int, contact *hygiene.Contact) {
		standing := app.SendabilityOf(contact, s.now)
		for _, place := range p.phones.of(i) {
			line := &p.lines[place.line]
			line.byPhone = line.byPhone || !line.known
			line.applyContact(&standing)
		}
	})
	if err != nil {
		return err
	}
	return p.markDuplicates(s)
}

// applyContact heeds one contact that the line names: one that is not to be texted is
// enough, and one that is suppressed says more than one that is cooling.
func (line *line) applyContact(s *app.Sendability) {
	line.known = true
	if why := s.Why(); why != "" && (line.reason == "" || line.reason == hygiene.Cooling.String()) {
		line.reason = why
	}
}

// markDuplicates marks the lines whose contact is kept on a line before. Of whom
// nothing is known but a number, the number tells it, whichever way it is written.
func (p *page) markDuplicates(s *job) error {
	p.seenBy, p.kept = p.seenBy[:0], p.kept[:0]
	for i := range p.lines {
		line := &p.lines[i]
		if line.reason != "" {
			continue
		}
		who := line.key
		if line.phone != "" && !line.isKey {
			who = line.phone
		}
		p.seenBy, p.kept = append(p.seenBy, who), append(p.kept, i)
	}
	fresh, err := s.seen.Add(p.seenBy)
	for i, is := range fresh {
		if !is {
			p.lines[p.kept[i]].reason = Duplicate
		}
	}
	return err
}

// write writes the lines where they belong, in the order of the list.
func (p *page) write(s *job) error {
	for i := range p.lines {
		line := &p.lines[i]
		raw := p.text[line.from:line.to]
		s.result.count(line)
		switch {
		case line.reason == "":
			s.clean.Write(raw)
		case line.unreadable:
			s.list.WriteUnreadable(s.rejected, raw, line.reason)
		default:
			s.list.WriteWithCell(s.rejected, raw, line.reason)
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
