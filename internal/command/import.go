package command

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/store"
)

// importCommand brings in what happened before winnow, or beside it.
type importCommand struct {
	Events   importEventsCommand   `cmd:"" help:"An archive: NDJSON {\"source\", \"received_at\", \"body\"}."`
	Messages importMessagesCommand `cmd:"" help:"The send log: CSV or NDJSON message_id,contact[,phone][,sent_at], or the provider's send responses."`

	Contacts     importContactsCommand     `cmd:"" help:"What the CRM says of contacts: CSV with a header, contact, phone, and every other column an attribute. Shows first."`
	Suppressions importSuppressionsCommand `cmd:"" help:"Whom not to text: CSV contact,reason[,until]. Shows first."`
}

// A line of an import is at most this long; so is a callback's body.
const maxLine = 2 << 20

// importGroup is how many events or messages are committed together.
const importGroup = 4096

// openFile opens what a FILE argument names; - is stdin.
func (c *call) openFile(name string) (io.ReadCloser, error) {
	if name == "-" {
		return c.openStdin(), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// errInterrupted is the error of work that someone ended before it was done.
var errInterrupted = errors.New("interrupted")

// interrupted is errInterrupted when someone wants the work ended.
func (c *call) interrupted() error {
	if c.ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// keptOpen is a stream that outlives its reader.
type keptOpen struct{ io.Reader }

// Close leaves the stream open.
func (keptOpen) Close() error { return nil }

// openStdin gives stdin as a file. A read of a terminal, or of a pipe that nobody
// writes to, is ended by no signal: an interrupt lets its reader go.
func (c *call) openStdin() io.ReadCloser {
	if regular(c.Stdin) != nil {
		return keptOpen{c.Stdin}
	}
	r, w := io.Pipe()
	context.AfterFunc(c.ctx, func() { w.CloseWithError(errInterrupted) })
	go func() {
		_, err := io.Copy(w, c.Stdin)
		w.CloseWithError(err)
	}()
	return r
}

// errLong is the error of a line that no record can be.
var errLong = fmt.Errorf("it is longer than %d bytes", maxLine)

// lines visits the lines of a file that are not blank. Of a line that is too
// long, reject is told instead: cut in two it would be something else.
func lines(r io.Reader, visit func(number int, line []byte) error, reject func(number int, why error) error) error {
	in := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		long := err == bufio.ErrBufferFull
		for err == bufio.ErrBufferFull {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return err
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		var told error
		if line = bytes.TrimSpace(line); long {
			told = reject(n, errLong)
		} else if len(line) > 0 {
			told = visit(n, line)
		}
		if told != nil || err == io.EOF {
			return told
		}
	}
}

// rejects counts the lines of a file that were left out, and tells the first of
// them.
type rejects struct {
	to io.Writer
	n  int64
}

// toldRejects is how many rejected lines are told one by one.
const toldRejects = 20

func (r *rejects) add(line int, why error) error {
	if r.n++; r.n <= toldRejects {
		fmt.Fprintf(r.to, "winnow: line %d was left out: %s\n", line, why)
	}
	return nil
}

// err is the error of a file that was not taken in whole.
func (r *rejects) err(file string) error {
	if r.n == 0 {
		return nil
	}
	return fmt.Errorf("%s left out of %s", wasWere(r.n, "line"), file)
}

func wasWere(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return plural(n, noun) + " were"
}

// importEventsCommand brings in an archive of callbacks.
type importEventsCommand struct {
	File string `arg:"" help:"The file; - for stdin."`
}

// archived is one line of an archive.
type archived struct {
	Source     string          `json:"source"`
	ReceivedAt time.Time       `json:"received_at"`
	Body       json.RawMessage `json:"body"`
}

// Run appends the archive to the log.
func (x importEventsCommand) Run(c *call) error {
	f, err := c.openFile(x.File)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.with(store.Open, func(h *house) error {
		byName, err := readers(h.config)
		if err != nil {
			return err
		}
		show, done := c.progress("event")
		im := &eventImport{call: c, house: h, readers: byName, show: show, rejects: rejects{to: c.Stderr}}
		if err = lines(f, im.line, im.rejects.add); !errors.Is(err, errInterrupted) {
			err = errors.Join(err, im.flush())
		}
		done()
		if err != nil {
			return fmt.Errorf("%s: %w; %s were stored before it, and importing them again changes nothing", x.File, err, plural(im.did.Stored, "event"))
		}
		return im.report(x.File)
	})
}

// eventImport gathers events to commit them together.
type eventImport struct {
	*call
	house   *house
	readers map[string]*provider.Reader
	show    func(int64)
	events  []hygiene.Event
	bad     []hygiene.Unreadable
	weight  int
	did     importedEvents
	rejects rejects
}

// importedEvents is what an import of events prints as JSON.
type importedEvents struct {
	Stored      int64 `json:"stored"`
	Quarantined int64 `json:"quarantined"`
	Rejected    int64 `json:"rejected"`
}

// line takes in one line. A line that is no record is told and left out; a body
// that is no event goes to quarantine, as from the provider.
func (im *eventImport) line(number int, line []byte) error {
	var a archived
	if err := json.Unmarshal(line, &a); err != nil {
		return im.rejects.add(number, errors.New("it is no JSON object of source, received_at and body"))
	}
	r := im.readers[a.Source]
	switch {
	case r == nil:
		return im.rejects.add(number, fmt.Errorf("there is no source %q in the config", a.Source))
	case a.ReceivedAt.Year() < 1971:
		return im.rejects.add(number, errors.New("it has no received_at, like 2026-01-02T03:04:05Z"))
	case len(a.Body) == 0:
		return im.rejects.add(number, errors.New("it has no body"))
	}
	events, bad, err := r.Read(a.Body, hygiene.InstantOf(a.ReceivedAt))
	if err != nil {
		return im.rejects.add(number, err)
	}
	im.events, im.bad = append(im.events, events...), append(im.bad, bad...)
	im.weight += len(line)
	if len(im.events)+len(im.bad) < importGroup && im.weight < maxLine {
		return nil
	}
	return im.flush()
}

func (im *eventImport) flush() error {
	if err := im.interrupted(); err != nil {
		return err
	}
	if err := im.house.store.Append(im.ctx, im.events, im.bad); err != nil {
		return err
	}
	im.did.Stored += int64(len(im.events))
	im.did.Quarantined += int64(len(im.bad))
	im.events, im.bad, im.weight = nil, nil, 0
	if im.show != nil {
		im.show(im.did.Stored)
	}
	return nil
}

func (im *eventImport) report(file string) error {
	im.did.Rejected = im.rejects.n
	if im.json {
		return errors.Join(im.printJSON(im.did), im.rejects.err(file))
	}
	fmt.Fprintf(im.Stdout, "stored %s of %s, %s in quarantine; the next sweep judges them\n",
		plural(im.did.Stored, "event"), file, grouped(im.did.Quarantined))
	return im.rejects.err(file)
}
