package scrub

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/listfile"
)

// ChunkLines is the maximum number of lines that are judged together. The more there
// are, the nearer their sorted keys lie to each other in the store's index.
const ChunkLines = 100_000

const (
	chunkBytes     = 12 << 20
	chunksInFlight = 2 // one is filled while the other is judged
)

// chunk is a number of lines of a list.
type chunk struct {
	text         []byte // of all lines
	lines        []line
	keys, phones lookupSet
	identities   []string // of the lines not rejected yet
	identified   []int    // the indexes of those lines
}

// line is one line of a list, and what became of it.
type line struct {
	from, to int    // in the chunk's text
	key      string // the value of the column, until it is parsed
	phone    string // empty when the key is looked up alone

	refused error  // why the value can't be a new key; nil for most
	near    string // of a known contact: the key that an unknown one is nearly

	detail     string // the reasons of a Suppressed contact; why a line is Invalid or Unreadable
	verdict    Verdict
	known      bool // a contact was found
	knownByKey bool // one was found by its key as written
	byPhone    bool // one was found by its phone only
	nearBlocks bool // the contact that is nearly it is not to be texted
}

// fill reads the next lines. An error ends the list; the lines before it count.
func (c *chunk) fill(list *listfile.Reader, column int) error {
	c.text, c.lines = c.text[:0], c.lines[:0]
	for len(c.lines) < ChunkLines && len(c.text) < chunkBytes {
		r, err := list.Next()
		if err != nil {
			return err
		}
		cell := r.Cell(column)
		l := line{from: len(c.text), key: cell.Text}
		c.text = append(c.text, r.Raw...)
		l.to = len(c.text)
		switch {
		case r.Broken:
			l.verdict, l.detail = Unreadable, fmt.Sprintf("line %d: %s", r.Line, r.Err)
		case cell.Err != nil:
			l.verdict, l.detail = Unreadable, fmt.Sprintf("line %d: %s", r.Line, cell.Err)
		case cell.Number:
			if number, err := contactkey.Number(cell.Text); err == nil {
				l.key = number
			}
		}
		c.lines = append(c.lines, l)
	}
	return nil
}

// parseValues works out what the lines are looked up by. Parsing phone numbers takes
// longer than anything else, so all processors take part.
func (c *chunk) parseValues(p valueParser) {
	var all sync.WaitGroup
	for lines := range slices.Chunk(c.lines, len(c.lines)/runtime.GOMAXPROCS(0)+1) {
		all.Go(func() {
			for i := range lines {
				lines[i].parseValue(p)
			}
		})
	}
	all.Wait()
}

func (l *line) parseValue(p valueParser) {
	if l.verdict != Kept {
		return
	}
	if l.key, l.phone, l.refused = p.parse(l.key); l.refused != nil && l.key == "" {
		l.refuse()
	}
}

func (l *line) refuse() { l.verdict, l.detail = Invalid, l.refused.Error() }

// collectKeys sorts what to look up. A contact of which only the phone number was
// known has that number as its key, so numbers are looked up as keys too.
func (c *chunk) collectKeys() {
	c.keys.reset()
	c.phones.reset()
	for i := range c.lines {
		l := &c.lines[i]
		if l.verdict != Kept {
			continue
		}
		c.keys.add(l.key, i)
		if l.phone == "" {
			continue
		}
		c.phones.add(l.phone, i)
		if l.phone != l.key {
			c.keys.add(l.phone, i)
		}
	}
	c.keys.sort()
	c.phones.sort()
}

// judge decides which lines are kept. A number itself may be suppressed, whether anyone
// has it or not. After an error no line of the chunk may be written.
func (c *chunk) judge(s *scrubber) error {
	err := s.store.FindContacts(c.keys.values, func(i int, contact *hygiene.Contact) {
		sendability := s.sendability(contact)
		for _, e := range c.keys.entriesOf(i) {
			l := &c.lines[e.line]
			l.knownByKey = l.knownByKey || l.key == e.value
			l.applyContact(&sendability)
		}
	})
	if err != nil {
		return err
	}
	err = s.store.FindContactsByPhone(c.phones.values, func(i int, contact *hygiene.Contact) {
		sendability := s.sendability(contact)
		for _, e := range c.phones.entriesOf(i) {
			l := &c.lines[e.line]
			l.byPhone = l.byPhone || !l.known
			l.applyContact(&sendability)
		}
	})
	if err != nil {
		return err
	}
	if err := c.judgeNumbers(s); err != nil {
		return err
	}
	for i := range c.lines {
		if l := &c.lines[i]; l.refused != nil && !l.known {
			l.refuse()
		}
	}
	if err := c.markDuplicates(s); err != nil {
		return err
	}
	return c.findNear(s)
}

// judgeNumbers rejects lines whose number may not be texted, and those of forgotten
// contacts and numbers that are remembered.
func (c *chunk) judgeNumbers(s *scrubber) error {
	reject := func(entries []lookupEntry, subject *hygiene.Contact) {
		sendability := s.sendability(subject)
		for _, e := range entries {
			if l := &c.lines[e.line]; !sendability.Sendable {
				l.byPhone = l.byPhone || !l.known && subject.IsNumber()
				l.applyContact(&sendability)
			}
		}
	}
	ofPhone := func(i int, number *hygiene.Contact) { reject(c.phones.entriesOf(i), number) }
	if err := s.store.FindNumbers(c.phones.values, ofPhone); err != nil {
		return err
	}
	ofKey := func(i int, forgotten *hygiene.Contact) {
		unknown := slices.DeleteFunc(slices.Clone(c.keys.entriesOf(i)), func(e lookupEntry) bool { return c.lines[e.line].knownByKey })
		reject(unknown, forgotten)
	}
	return s.store.FindForgotten(c.keys.values, c.phones.values, ofKey, ofPhone)
}

// findNear notes which known contacts the unknown ones nearly are, and whether these may
// be texted.
func (c *chunk) findNear(s *scrubber) error {
	var unknown, near []string
	var lines, places []int
	for i := range c.lines {
		if l := &c.lines[i]; l.verdict == Kept && !l.known {
			unknown, lines = append(unknown, l.key), append(lines, i)
		}
	}
	err := s.store.FindNearlyKnown(unknown, s.parser.keys, func(i int, found []string) {
		for _, key := range found {
			near, places = append(near, key), append(places, lines[i])
		}
		c.lines[lines[i]].near = found[0]
	})
	if err != nil {
		return err
	}
	return s.store.FindContacts(near, func(i int, contact *hygiene.Contact) {
		if !s.sendability(contact).Sendable {
			l := &c.lines[places[i]]
			l.near, l.nearBlocks = near[i], true
		}
	})
}

// sendability is whether the contact may be texted with what the list is for.
func (s *scrubber) sendability(contact *hygiene.Contact) hygiene.Sendability {
	is, _ := hygiene.SendableExcept(contact, s.except, s.now)
	return is
}

// applyContact applies one contact that the line stands for. One that may not be
// texted is enough to reject the line, and a suppressed one outweighs a cooling one.
func (l *line) applyContact(s *hygiene.Sendability) {
	l.known = true
	if s.Sendable || l.verdict == Suppressed {
		return
	}
	if l.verdict = Suppressed; s.Status == hygiene.Cooling.String() {
		l.verdict = Cooling
	}
	l.detail = strings.Join(s.Reasons, reasonSeparator)
}

// markDuplicates rejects the lines whose contact is kept on an earlier line. A line
// whose key is unknown is identified by its phone number, however that is written.
func (c *chunk) markDuplicates(s *scrubber) error {
	c.identities, c.identified = c.identities[:0], c.identified[:0]
	for i := range c.lines {
		l := &c.lines[i]
		if l.verdict != Kept {
			continue
		}
		identity := l.key
		if l.phone != "" && !l.knownByKey {
			identity = l.phone
		}
		c.identities, c.identified = append(c.identities, identity), append(c.identified, i)
	}
	first, err := s.seen.Add(c.identities)
	for i, isFirst := range first {
		if !isFirst {
			c.lines[c.identified[i]].verdict = Duplicate
		}
	}
	return err
}

// write writes the lines where they belong, in the order of the list.
func (c *chunk) write(s *scrubber) error {
	for i := range c.lines {
		l := &c.lines[i]
		raw := c.text[l.from:l.to]
		s.result.count(l)
		switch l.verdict {
		case Kept:
			s.keptRows.Write(raw)
		case Unreadable:
			s.rejectedRows.WriteUnreadable(raw, l.reason())
		default:
			s.rejectedRows.WriteWith(raw, l.reason())
		}
	}
	return s.flush()
}

// flush writes what was written to the outputs. A writer keeps its first error, so Flush
// returns it.
func (s *scrubber) flush() error {
	if err := s.clean.Flush(); err != nil {
		return fmt.Errorf("write the clean list: %w", err)
	}
	if err := s.rejected.Flush(); err != nil {
		return fmt.Errorf("write the rejected lines: %w", err)
	}
	return nil
}
