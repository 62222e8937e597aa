package answered

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"winnow/hygiene"
	"winnow/internal/simulate/bodies"
	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
	"winnow/store/lines"
)

// mostSeen is how often an event is counted in the log at most.
const mostSeen = 15

// seen is how often an event is in the log, and in quarantine.
type seen uint8

func (s seen) events() int      { return int(s & mostSeen) }
func (s seen) quarantined() int { return int(s >> 4) }

// Check is what became of the callbacks that were answered.
type Check struct {
	Answered    int64    `json:"answered"` // callbacks that were answered as stored
	Events      int64    `json:"events"`   // of the run in the log
	Repeats     int64    `json:"repeats"`  // of those, that say again what another one says
	Quarantined int64    `json:"quarantined"`
	Missing     int64    `json:"missing"` // answered, and not in the log
	Double      int64    `json:"double"`  // more often in the log than answered
	Misplaced   int64    `json:"misplaced"`
	Uncertain   int64    `json:"uncertain"` // callbacks without an answer that says whether they are stored
	Samples     []string `json:"samples,omitempty"`
}

// OK reports whether everything that was answered is stored, once.
func (c *Check) OK() bool { return c.Missing == 0 && c.Double == 0 && c.Misplaced == 0 }

// Log is the log of a store.
type Log interface {
	Lines(after int64, most, bytes int) ([]lines.Line, error)
	LastLine() (int64, error)
}

// Comparison is how a ledger is compared with a log.
type Comparison struct {
	Log   Log
	After int64 // the line after which the run began; 0 if that is not known
	// IsFirst reports whether an event of that name and code is the one before the last one of
	// its message.
	IsFirst func(source, name, code string) bool
	Show    func(lines int64) // nil to show nothing
}

// Compare compares the ledger with a log. Lines that were pulled from other hosts may be in
// another order than they were received, so when something is missing the whole log is read.
func (l *Ledger) Compare(ctx context.Context, o Comparison) (*Check, error) {
	c := &checked{run: l.Run, steps: l.Steps, isFirst: o.IsFirst, show: o.Show}
	for after := o.After; ; after = 0 {
		c.notes = append([]note{}, l.notes...)
		if err := c.read(ctx, o.Log, after); err != nil {
			return nil, err
		}
		if is := c.compare(); is.Missing == 0 || after == 0 {
			return is, nil
		}
	}
}

// LineAt is the line of a log after which what was received at a time or later is, if lines
// are in the order of their receipt.
func LineAt(l Log, at hygiene.Instant) (int64, error) {
	last, err := l.LastLine()
	if err != nil {
		return 0, err
	}
	line := sort.Search(int(last), func(n int) bool {
		list, failed := l.Lines(int64(n), 1, 1)
		if failed != nil {
			err = failed
		}
		return failed != nil || len(list) == 0 || list[0].Event.ReceivedAt >= at
	})
	return int64(line), err
}

// The bounds of what is read of the log together.
const (
	linesAtOnce = 5000
	bytesAtOnce = 16 << 20
)

// checked compares what was answered with the log of a store.
type checked struct {
	run     string
	steps   int64 // events of a message
	isFirst func(source, name, code string) bool
	notes   []note
	found   []seen
	show    func(int64) // nil to show nothing
}

// read reads the log after a line.
func (c *checked) read(ctx context.Context, l Log, after int64) error {
	c.found = make([]seen, len(c.notes))
	begin := []byte(traffic.Prefix + c.run + "-")
	return eachPage(ctx, l, after, func(list []lines.Line, read int64) {
		for i := range list {
			c.count(&list[i], begin)
		}
		if c.show != nil {
			c.show(read)
		}
	})
}

// eachPage visits the lines after one, many at a time, with how many there were so far.
func eachPage(ctx context.Context, l Log, after int64, visit func(list []lines.Line, read int64)) error {
	for read := int64(0); ; {
		list, err := l.Lines(after, linesAtOnce, bytesAtOnce)
		if err = errors.Join(ctx.Err(), err); err != nil || len(list) == 0 {
			return err
		}
		after, read = list[len(list)-1].N, read+int64(len(list))
		visit(list, read)
	}
}

// EachLine visits the events after a line: their source, contact and message.
func EachLine(ctx context.Context, l Log, after int64, visit func(source, contact, message string)) error {
	return eachPage(ctx, l, after, func(list []lines.Line, _ int64) {
		for i := range list {
			if e := &list[i].Event; list[i].Why == "" {
				visit(e.Source, e.Contact, e.MessageID)
			}
		}
	})
}

// count counts a line of the log, if it is of this run.
func (c *checked) count(l *lines.Line, begin []byte) {
	text := []byte(l.Event.MessageID)
	if l.Why != "" {
		text = l.Event.Body
		if l.Unverified != nil {
			text = append([]byte(l.Unverified.Target+"\n"), text...)
		}
	}
	at := bytes.Index(text, begin)
	if at < 0 {
		return
	}
	message, ok := leadingNumber(text[at+len(begin):])
	if !ok {
		return
	}
	last := l.Why != "" || !c.isFirst(l.Event.Source, l.Event.Name, l.Event.Code)
	n := traffic.Number(c.steps, message, last)
	for int64(len(c.found)) <= n {
		if n > int64(len(c.notes))+1<<20 {
			return // not of a number that this run gave out
		}
		c.found, c.notes = append(c.found, 0), append(c.notes, 0)
	}
	switch f := c.found[n]; {
	case l.Why == "" && f.events() < mostSeen:
		c.found[n]++
	case l.Why != "" && f.quarantined() < mostSeen:
		c.found[n] += 1 << 4
	}
}

func leadingNumber(text []byte) (int64, bool) {
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(string(text[:end]), 10, 64)
	return n, err == nil
}

// maxSamples is how many wrong events are named.
const maxSamples = 5

// compare says what is missing, and what is there more often than it was answered.
func (c *checked) compare() *Check {
	is := &Check{}
	for n := range c.notes {
		note, found := c.notes[n], c.found[n]
		is.Answered, is.Uncertain = is.Answered+int64(note.answered()), is.Uncertain+int64(note.uncertain())
		is.Events, is.Quarantined = is.Events+int64(found.events()), is.Quarantined+int64(found.quarantined())
		is.Repeats += int64(max(0, found.events()-1))
		c.compareOne(is, int64(n), note, found)
	}
	return is
}

func (c *checked) compareOne(is *Check, n int64, note note, found seen) {
	in, other, place := found.events(), found.quarantined(), "in the log"
	if note.expect() == bodies.AsQuarantine {
		in, other, place = other, in, "in quarantine"
	}
	least, most := note.bounds(note.expect())
	if e := note.expect(); e == bodies.AsNothing || e == bodies.AsRefused {
		least, most = 0, 0
	}
	id := ID(c.run, n/c.steps)
	say := func(format string, args ...any) {
		if len(is.Samples) < maxSamples {
			is.Samples = append(is.Samples, fmt.Sprintf("%s (event %d): ", id, n)+fmt.Sprintf(format, args...))
		}
	}
	switch {
	case other > 0 && in < least:
		is.Misplaced++
		say("answered, and not %s but in the other place", place)
	case in < least:
		is.Missing++
		say("answered %s, and %s %s", times(least), place, times(in))
	case in+other > most:
		is.Double++
		say("%s %s, though it was answered %s and sent without an answer %s", place, times(in+other), times(note.answered()), times(note.uncertain()))
	}
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return ui.Number(int64(n)) + " times"
}

// Print prints the check for people.
func (c *Check) Print(p *ui.Printer, config string) {
	if c.OK() {
		fmt.Fprintf(p.Stdout, "every callback that was answered is stored, once: %s, %s in the log, %s in quarantine%s\n",
			ui.Count(c.Answered, "callback"), ui.Count(c.Events, "event"), ui.CountVerb(c.Quarantined, "", "body", "bodies"), c.lost())
		return
	}
	fmt.Fprintf(p.Stdout, "NOT every callback that was answered is stored, once: %s missing, %s double, %s in the wrong place, of %s%s\n",
		ui.Number(c.Missing), ui.Number(c.Double), ui.Number(c.Misplaced), ui.Number(c.Answered), c.lost())
	fmt.Fprintln(p.Stdout, "  "+strings.Join(c.Samples, "\n  "))
	fmt.Fprintf(p.Stdout, "look at the log of the daemon, and with winnow quarantine%s and winnow doctor%[1]s\n", config)
}

func (c *Check) lost() string {
	if c.Uncertain == 0 {
		return ""
	}
	return fmt.Sprintf("; %s had no answer that says, and may be there", ui.Count(c.Uncertain, "callback"))
}
