package logpull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"winnow/hygiene"
	"winnow/internal/logline"
	"winnow/store/engine"
	"winnow/store/lines"
)

// position is the last line that was read.
type position struct {
	writer string // empty before the first
	n      int64
}

// Lines are stored so many events at a time, or so many bytes: a callback that comes
// meanwhile waits for a few milliseconds.
const (
	storeEvents = 512
	storeBytes  = 256 << 10
)

const (
	// maxWriters is how many writers the lines of one answer may have.
	maxWriters = 1000
	// maxWriter is how many bytes the name of a writer may have.
	maxWriter = 64
	// maxAhead is how far behind the end of the log, as its answer said, a line may be.
	maxAhead = 1 << 20
	// maxRead is how many lines of one answer are read.
	maxRead = 200_000
)

// pulled is what a pull did.
type pulled struct {
	answered     bool
	lines, bytes int64 // that were read
	lag          int64 // lines that are still there
	more         bool  // there may be more now
}

// pull asks once for lines, and stores them.
func (f *follower) pull(ctx context.Context, c *client) (did pulled, err error) {
	if f.cursor == nil {
		if err := f.loadCursor(); err != nil {
			return did, err
		}
	}
	from := *f.cursor
	a, err := c.ask(ctx, http.MethodGet, from)
	if errors.Is(err, errBeyond) && from.n > 0 {
		f.puller.log.Warn("the log of a receiver ends before what was pulled, so it was restored or replaced; it is read again, and what is here is skipped", "receiver", f.receiver.URL, "line", from.n)
		f.cursor = &position{}
		return pulled{more: true}, nil
	}
	if err != nil {
		return did, err
	}
	defer a.close()
	b := &batch{follower: f, settings: f.puller.current(), verified: a.verified, marks: map[string]*mark{}}
	in := logline.NewReader(a)
	err = f.readLines(ctx, in, b, a.end)
	if storeErr := b.store(ctx); storeErr != nil {
		return did, storeErr
	}
	did.lines, did.bytes = in.Read()
	if errors.Is(err, context.DeadlineExceeded) && *f.cursor != from {
		err = nil // it goes on from there
	}
	did.answered, did.lag = true, max(0, a.end-f.cursor.n)
	did.more = err == nil && *f.cursor != from && did.lag > 0
	return did, err
}

// loadCursor reads from the store how far the receiver was pulled.
func (f *follower) loadCursor() error {
	list, err := f.puller.store.Pulled()
	if err != nil {
		return err
	}
	at := Cursor(list, f.receiver.URL)
	f.cursor = &position{at.Writer, at.Through}
	return nil
}

// Cursor is where the log of a receiver was pulled last.
func Cursor(list []engine.Pulled, url string) (at engine.Pulled) {
	for _, p := range list {
		if p.Receiver == url {
			at = p
		}
	}
	return at
}

// readLines reads the lines of an answer to its end, and stores them but for the last ones.
func (f *follower) readLines(ctx context.Context, in *logline.Reader, b *batch, end int64) error {
	last := int64(0)
	for range maxRead {
		l, err := in.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("its answer breaks off or is not a log: %w", err)
		case l.N <= last, l.N > end && l.N-end > maxAhead, len(l.Writer) > maxWriter:
			return fmt.Errorf("its lines are not in order (%d after %d): it is not the log of a winnow, or there is a bug in it", l.N, last)
		}
		last = l.N
		if err := b.add(&l); err != nil {
			return err
		}
		if len(b.events)+len(b.bad) >= storeEvents || b.bytes >= storeBytes {
			if err := b.store(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// batch gathers what is stored together.
type batch struct {
	follower *follower
	settings Settings
	verified []string         // sources that the receiver verifies
	marks    map[string]*mark // by writer

	events []hygiene.Event
	bad    []hygiene.Unreadable
	bytes  int
	at     position // of the last line, skipped or not
}

// mark is how far a writer was pulled.
type mark struct {
	engine.Pulled
	moved bool
}

// add adds what a line says. A line that is here is skipped.
func (b *batch) add(l *lines.Line) error {
	m, err := b.markOf(l.Writer)
	if err != nil {
		return err
	}
	if l.N <= m.Through {
		b.at = position{l.Writer, l.N}
		return nil
	}
	if source := l.Event.Source; l.Why == "" && b.settings.Accounts[source].Requires() && !slices.Contains(b.verified, source) {
		return errUnverifying{source}
	}
	events, bad, err := b.settings.read(l)
	if err != nil {
		return err
	}
	b.events, b.bad, b.bytes = append(b.events, events...), append(b.bad, bad...), b.bytes+len(l.Event.Body)
	m.Through, m.Received, m.moved = l.N, l.Event.ReceivedAt, true
	b.at = position{l.Writer, l.N}
	return nil
}

// markOf is the mark of a writer. That of another receiver of the config is an error: both
// are one host, whose lines are pulled there.
func (b *batch) markOf(writer string) (*mark, error) {
	if m := b.marks[writer]; m != nil {
		return m, nil
	}
	if len(b.marks) >= maxWriters {
		return nil, fmt.Errorf("one answer has lines of more than %d starts of winnow: it is not the log of one", maxWriters)
	}
	own := b.follower.receiver.URL
	p, err := b.follower.puller.store.PulledOf(writer)
	if err != nil {
		return nil, err
	}
	if p.Receiver != "" && p.Receiver != own {
		for _, r := range b.settings.Receivers {
			if r.URL == p.Receiver {
				return nil, fmt.Errorf("it gives the log of %s: both URLs are of one host, so remove one of them from receivers", p.Receiver)
			}
		}
	}
	m := &mark{Pulled: p}
	m.Receiver, m.From = own, p.Through
	b.marks[writer] = m
	return m, nil
}

// store stores what was gathered, and moves the cursor.
func (b *batch) store(ctx context.Context) error {
	var moved []engine.Pulled
	for _, m := range b.marks {
		if m.moved {
			moved = append(moved, m.Pulled)
		}
	}
	if len(moved) > 0 {
		// An append that is given up may still be stored, so it is not interrupted.
		if err := b.follower.puller.store.AppendPulled(context.WithoutCancel(ctx), b.events, b.bad, moved); err != nil {
			return fmt.Errorf("what was pulled is not stored: %w", err)
		}
	}
	for _, m := range b.marks {
		m.From, m.moved = m.Through, false
	}
	b.events, b.bad, b.bytes = nil, nil, 0
	if b.at.n > 0 {
		at := b.at
		b.follower.cursor = &at
	}
	return nil
}
