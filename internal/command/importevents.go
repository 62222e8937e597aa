package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/store"
)

// importEventsCommand brings in an archive of callbacks.
type importEventsCommand struct {
	File     string `arg:"" help:"The file; - for stdin."`
	Rejected string `placeholder:"FILE" help:"Write the lines that were left out to this file, each with its number and why."`
}

// archived is one line of an archive.
type archived struct {
	Source     string          `json:"source"`
	ReceivedAt time.Time       `json:"received_at"`
	Body       json.RawMessage `json:"body"`
}

// Run appends the archive to the log.
func (x importEventsCommand) Run(c *call) (err error) {
	in, err := c.openImport(x.File, x.Rejected)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	return c.under(store.Open, func(h *house) error {
		byName, err := readers(h.config)
		if err != nil {
			return err
		}
		im := &eventImport{importing: in, house: h, readers: byName}
		if err := im.all(); err != nil {
			return im.stopped(err)
		}
		return im.report()
	})
}

// eventImport gathers events to commit them together.
type eventImport struct {
	*importing
	house   *house
	readers map[string]*provider.Reader
	show    func(int64)
	events  []hygiene.Event
	bad     []hygiene.Unreadable
	weight  int
	line    int64     // the last that was read
	stored  int64     // the last that was stored, with all before it
	latest  time.Time // received, of those later than now
	did     importedEvents
}

// importedEvents is what an import of events prints as JSON.
type importedEvents struct {
	Stored      int64 `json:"stored"`
	Quarantined int64 `json:"quarantined"`
	Rejected    int64 `json:"rejected"`
	Later       int64 `json:"later"` // lines received later than now
}

// all takes in line after line.
func (im *eventImport) all() error {
	in := bufio.NewReader(im.file)
	head, _ := in.Peek(512)
	if err := notJSONLines(head); err != nil {
		return err
	}
	if err := im.rejects.begin(); err != nil {
		return err
	}
	show, done := im.progress("event")
	defer done()
	im.show = show
	err := lines(in, im.record, im.reject)
	if isStopped(err) {
		return err
	}
	return errors.Join(err, im.flush())
}

func (im *eventImport) reject(number int64, why error, line []byte) error {
	im.line = number
	im.rejects.add(number, why, line)
	return nil
}

// record takes in one line. A line that is no record is told and left out; a body
// that is no event goes to quarantine, as from the provider.
func (im *eventImport) record(number int64, line []byte) error {
	im.line = number
	var a archived
	if err := json.Unmarshal(line, &a); err != nil {
		return im.reject(number, errors.New("it is no JSON object of source, received_at and body"), line)
	}
	r := im.readers[a.Source]
	switch {
	case r == nil:
		return im.reject(number, fmt.Errorf("there is no source %q in the config", a.Source), line)
	case a.ReceivedAt.Year() < 1971:
		return im.reject(number, errors.New("it has no received_at, like 2026-01-02T03:04:05Z"), line)
	case len(a.Body) == 0:
		return im.reject(number, errors.New("it has no body"), line)
	}
	events, bad, err := r.Read(&provider.Request{Body: a.Body, ReceivedAt: hygiene.InstantOf(a.ReceivedAt)})
	if err != nil {
		return im.reject(number, err, line)
	}
	if a.ReceivedAt.After(im.now()) {
		im.did.Later++
		im.latest = later(im.latest, a.ReceivedAt)
	}
	im.events, im.bad = append(im.events, events...), append(im.bad, bad...)
	im.weight += len(line)
	if len(im.events)+len(im.bad) < importGroup && im.weight < importBytes {
		return nil
	}
	return im.flush()
}

func (im *eventImport) flush() error {
	if err := im.ready(); err != nil {
		return err
	}
	// Whether events are stored whose append was given up nobody knows.
	if err := im.house.store.Append(context.WithoutCancel(im.ctx), im.events, im.bad); err != nil {
		return err
	}
	im.did.Stored += int64(len(im.events))
	im.did.Quarantined += int64(len(im.bad))
	im.events, im.bad, im.weight, im.stored = nil, nil, 0, im.line
	if im.show != nil {
		im.show(im.did.Stored)
	}
	return nil
}

// stopped tells how to go on after an import that did not come to its end.
func (im *eventImport) stopped(err error) error {
	err = fmt.Errorf("%s: %w", im.name, err)
	stored := wasWere(im.did.Stored, "event")
	switch {
	case im.did.Stored+im.did.Quarantined == 0:
		return fmt.Errorf("%w; nothing of it was stored", err)
	case errors.Is(err, errChanged):
		return fmt.Errorf("%w; %s stored before: import the whole file again: what it repeats counts once", err, stored)
	}
	next := im.stored + 1
	how := ""
	if im.name != "-" {
		how = fmt.Sprintf(" (tail -n +%d %s | winnow import events -%s)", next, quoted(im.name), im.withConfig())
	}
	return fmt.Errorf("%w; %s stored: go on from line %d%s, or import the whole file again: what it repeats counts once", err, stored, next, how)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (im *eventImport) report() error {
	if im.did.Later > 0 { // an opt-out among them would not hold yet
		fmt.Fprintf(im.Stderr, "winnow: %s received later than now, the last at %s: until then they count for nothing; are the archive's times in UTC?\n",
			wasWere(im.did.Later, "line"), im.latest.UTC().Format(time.RFC3339))
	}
	im.did.Rejected = im.rejects.Lines
	if im.json {
		return errors.Join(im.printJSON(im.did), im.rejects.err(im.name))
	}
	fmt.Fprintf(im.Stdout, "stored %s of %s, %s in quarantine; the next sweep judges them\n",
		plural(im.did.Stored, "event"), im.name, grouped(im.did.Quarantined))
	return im.rejects.err(im.name)
}
