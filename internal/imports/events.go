package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/atomicfile"
	"winnow/internal/jsonsplit"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/engine"
)

// archivedCallback is one callback of an archive, or a body that the quarantine listed.
type archivedCallback struct {
	Source     string          `json:"source"`
	ReceivedAt string          `json:"received_at"`
	Body       json.RawMessage `json:"body"`        // JSON, or a string that is the body
	Bytes      []byte          `json:"body_base64"` // of a body that is not UTF-8
	Unverified json.RawMessage `json:"unverified"`  // of a body that the quarantine listed
}

// body returns the body as it was received; empty for none.
func (c *archivedCallback) body() ([]byte, error) {
	switch {
	case len(c.Bytes) > 0:
		return c.Bytes, nil
	case len(c.Body) == 0 || c.Body[0] != '"':
		return c.Body, nil
	}
	var text string
	err := json.Unmarshal(c.Body, &text)
	return []byte(text), err
}

// receivedAt returns the time of the callback.
func (c *archivedCallback) receivedAt() (time.Time, error) {
	t, err := time.Parse(time.RFC3339, c.ReceivedAt)
	if err == nil {
		return t, instant.CheckYear(t)
	}
	at, err := instant.ParseTime(c.ReceivedAt)
	return at.Time(), err
}

// Events appends an archive of callbacks to the log. It calls open, which opens the
// config and the store, once the file is open.
func Events(ctx context.Context, out *ui.Printer, o Options, open func(func(*app.App) error) error) (err error) {
	in, err := openInput(ctx, out, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	return open(func(a *app.App) error {
		readers, err := app.Readers(a.Config, a.Store)
		if err != nil {
			return err
		}
		im := &eventImport{input: in, app: a, store: a.Store, readers: readers}
		if err := im.readLocked(); err != nil {
			return im.incomplete(err)
		}
		return im.report()
	})
}

// eventImport gathers events and stores them together.
type eventImport struct {
	*input
	app     *app.App
	store   *store.Store
	readers map[string]*provider.Reader // by source
	show    func(int64)                 // shows the progress; may be nil

	events     []hygiene.Event
	unreadable []hygiene.Unreadable
	size       int       // bytes of the lines since the last flush
	line       int64     // the last that was read
	stored     int64     // the last that was stored, with all before it
	latest     time.Time // received_at of those in the future; zero for none
	from       string    // the source of bodies that have nothing around them
	result     eventsResult
}

// eventsResult is what an import of events prints as JSON.
type eventsResult struct {
	Stored      int64 `json:"stored"`
	Quarantined int64 `json:"quarantined"`
	Rejected    int64 `json:"rejected"`
	Later       int64 `json:"later"`              // lines with a received_at in the future
	LeftOut     int64 `json:"left_out,omitempty"` // parts that are not about a message that was sent
}

// readLocked reads the archive under the lock that shows who appends so much: one
// archive at a time.
func (im *eventImport) readLocked() (err error) {
	lock := im.store.LogLock()
	err = lock.Acquire(im.ctx, func(holder engine.Holder) {
		fmt.Fprintf(im.out.Stderr, "waiting for %s, which is importing events\n", app.ProcessName(holder))
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return im.readAll()
}

func (im *eventImport) readAll() error {
	if err := im.rejects.create(); err != nil {
		return err
	}
	show, done := im.out.Progress("event")
	defer done()
	im.show = show
	read := im.readCallbacks
	switch {
	case im.isBodies():
		read = im.readBodies
	case im.isList():
		read = im.readList
	}
	err := read()
	if isAborted(err) {
		return err
	}
	return errors.Join(err, im.flush())
}

// readCallbacks reads callbacks written as JSON: one after another, or in an array.
func (im *eventImport) readCallbacks() error {
	for in := jsonsplit.New(im.text, maxLine); ; {
		callback, line, err := in.Next()
		switch {
		case err == io.EOF:
			return nil
		case err == jsonsplit.ErrTooLong:
			err = im.reject(line, fmt.Errorf("longer than %d bytes", maxLine), nil)
		case err == nil:
			err = im.add(line, callback)
		}
		if err != nil {
			return err
		}
	}
}

func (im *eventImport) reject(number int64, reason error, line []byte) error {
	im.line = number
	im.rejects.add(number, reason, line)
	return nil
}

// add reads a callback and adds its events. One that is none is rejected; a body that
// cannot be read goes to quarantine, as one from the provider does.
func (im *eventImport) add(number int64, line []byte) error {
	im.line = number
	var c archivedCallback
	if err := json.Unmarshal(line, &c); err != nil {
		return im.reject(number, errors.New("not a JSON object of source, received_at and body"), line)
	}
	r := im.readers[c.Source]
	received, timeErr := c.receivedAt()
	body, bodyErr := c.body()
	switch {
	case r == nil:
		return im.reject(number, fmt.Errorf("there is no source %q in the config", c.Source), line)
	case len(c.Unverified) > 0:
		return im.reject(number, errors.New("its signature was not verified; winnow quarantine retry verifies it again"), line)
	case c.ReceivedAt == "":
		return im.reject(number, errors.New("received_at is missing; write a time like 2026-01-02T03:04:05Z"), line)
	case timeErr != nil:
		return im.reject(number, fmt.Errorf("received_at: %w", timeErr), line)
	case bodyErr != nil:
		return im.reject(number, fmt.Errorf("body: %w", bodyErr), line)
	case len(body) == 0:
		return im.reject(number, errors.New("body is missing"), line)
	}
	is, err := r.Read(&provider.Request{Body: body, ReceivedAt: instant.Of(received)})
	if err != nil {
		return im.reject(number, err, line)
	}
	im.noteTime(received)
	im.events, im.unreadable = append(im.events, is.Events...), append(im.unreadable, is.Unreadable...)
	im.size += len(line)
	return im.flushIfMany()
}

// noteTime notes a time that lies in the future.
func (im *eventImport) noteTime(received time.Time) {
	if received.After(im.now) {
		im.result.Later++
		if received.After(im.latest) {
			im.latest = received
		}
	}
}

func (im *eventImport) flushIfMany() error {
	if len(im.events)+len(im.unreadable) < appendEvents && im.size < appendBytes {
		return nil
	}
	return im.flush()
}

// Events are appended so many at a time, or so many bytes: a callback that comes
// meanwhile waits for a few milliseconds.
const (
	appendEvents = 512
	appendBytes  = 256 << 10
)

func (im *eventImport) flush() error {
	if err := im.checkBeforeWrite(); err != nil {
		return err
	}
	if err := appendPatiently(im.ctx, im.store, im.events, im.unreadable); err != nil {
		return err
	}
	im.result.Stored += int64(len(im.events))
	im.result.Quarantined += int64(len(im.unreadable))
	im.events, im.unreadable, im.size, im.stored = nil, nil, 0, im.line
	if im.show != nil {
		im.show(im.result.Stored)
	}
	return nil
}

// busyLimit is how long an import waits for the log. Unlike a provider nobody waits for
// it, and a daemon that stores thousands of callbacks a second leaves little room.
const busyLimit = time.Minute

func appendPatiently(ctx context.Context, s *store.Store, events []hygiene.Event, unreadable []hygiene.Unreadable) error {
	for began := time.Now(); ; {
		// An append that is given up may still be stored, so it is not interrupted.
		err := s.Append(context.WithoutCancel(ctx), events, unreadable)
		if !errors.Is(err, store.ErrBusy) || time.Since(began) > busyLimit || ctx.Err() != nil {
			return err
		}
	}
}

// incomplete adds to an error how much of the file was stored, and how to continue.
func (im *eventImport) incomplete(err error) error {
	err = fmt.Errorf("%s: %w", im.options.File, err)
	stored := ui.CountVerb(im.result.Stored, "event", "was", "were") + " stored"
	switch {
	case im.result.Stored+im.result.Quarantined == 0:
		return fmt.Errorf("%w; nothing was stored", err)
	case errors.Is(err, atomicfile.ErrChanged), im.isList():
		return fmt.Errorf("%w; %s before that; import the whole file again: repeats count once", err, stored)
	}
	next := im.stored + 1
	command := ""
	if im.options.File != "-" {
		command = fmt.Sprintf(" (tail -n +%d %s | winnow import events -%s)", next, ui.ShellQuote(im.options.File), app.ConfigFlag(im.options.Config))
	}
	return fmt.Errorf("%w; %s; continue from line %d%s, or import the whole file again: repeats count once", err, stored, next, command)
}

func (im *eventImport) report() error {
	if im.result.Later > 0 {
		im.out.Warn("%s a received_at in the future, up to %s; what they suppress is suppressed immediately, and other effects count from then; are the archive's times in UTC?",
			ui.CountVerb(im.result.Later, "line", "has", "have"), im.latest.UTC().Format(time.RFC3339))
	}
	im.result.Rejected = im.rejects.counts.lines
	if im.out.JSON {
		return errors.Join(im.out.PrintJSON(im.result), im.notStored())
	}
	fmt.Fprintf(im.out.Stdout, "stored %s of %s, %s in quarantine; the next sweep applies the rules\n",
		ui.Count(im.result.Stored, "event"), im.options.File, ui.Number(im.result.Quarantined))
	return im.notStored()
}

// notStored is the error of an import that did not store all events of its file.
func (im *eventImport) notStored() error {
	rejected := im.rejects.counts.err(im.options.File)
	n := im.result.Quarantined
	if n == 0 {
		return rejected
	}
	look := fmt.Sprintf("%s, and went to quarantine: winnow quarantine%s -n %d shows what is wrong with each",
		ui.CountVerb(n, "", "body can't be read", "bodies can't be read"), app.ConfigFlag(im.options.Config), n)
	if rejected != nil {
		return fmt.Errorf("%w; %s", rejected, look)
	}
	return fmt.Errorf("%s: %s", im.options.File, look)
}
