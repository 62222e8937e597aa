package imports

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
	"winnow/store"
)

// Messages registers a send log. The store is opened once the file is.
func Messages(ctx context.Context, out *ui.Printer, o Options, open func(func(*app.App) error) error) (err error) {
	in, err := openInput(ctx, out, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	return open(func(a *app.App) error {
		im := &messageImport{input: in, Registrar: Registrar{Keys: a.Config.Keys}, store: a.Store, separator: o.Delimiter}
		if err := im.all(); err != nil {
			return im.stopped(err)
		}
		return im.report()
	})
}

// Registrar turns registrations as given into those the store keeps. The API
// and imports share it.
type Registrar struct{ Keys hygiene.KeyFormat }

// Normalize makes keys of what was given. A phone number that is none is left
// out, and the message still has its contact.
func (r *Registrar) Normalize(g provider.Registration) (store.Registration, error) {
	n := store.Registration{MessageID: g.MessageID, SentAt: g.SentAt}
	err := g.Check()
	if err != nil {
		return n, err
	}
	if n.Contact, err = r.Keys.Normalize(g.Contact); err != nil {
		return n, fmt.Errorf("message %q: %w", g.MessageID, err)
	}
	if g.Phone != "" {
		n.Phone, _ = hygiene.ParsePhone(g.Phone, r.Keys.Region)
	}
	return n, nil
}

// messageImport gathers messages to commit them together.
type messageImport struct {
	*input
	Registrar
	store     *store.Store
	separator byte // of a CSV; 0 to find out
	show      func(int64)
	waiting   []store.Registration
	origins   []origin // of those, when someone wants to see what is left out
	weight    int
	did       importedMessages
}

// origin is where a registration stands in the file.
type origin struct {
	line int64
	text []byte
}

// importedMessages is what an import of messages prints as JSON.
type importedMessages struct {
	New       int64    `json:"new"`
	Known     int64    `json:"known"`
	Matched   int64    `json:"matched"`
	Conflict  int64    `json:"conflict"`
	Conflicts []string `json:"conflicts,omitempty"` // the first hundred
	Phones    int64    `json:"phones_left_out"`     // that were no phone numbers
	Rejected  int64    `json:"rejected"`
}

// all takes the file in.
func (im *messageImport) all() error {
	show, done := im.Progress("message")
	defer done()
	im.show = show
	err := im.read(bufio.NewReaderSize(im.file, maxLine))
	if isStopped(err) {
		return err
	}
	return errors.Join(err, im.flush())
}

// read reads JSON when the file begins like it, else CSV.
func (im *messageImport) read(r *bufio.Reader) error {
	head, _ := r.Peek(maxLine)
	if err := notJSONLines(head); err != nil {
		return err
	}
	switch text := textOf(head); {
	case len(text) == 0:
		return errors.New("the file is empty")
	case text[0] != '{' && !hasRecord(text):
		return im.readCSV(r)
	}
	if err := im.rejectFile.create(); err != nil {
		return err
	}
	if !goesOverLines(textOf(head)) {
		return lines(r, im.value, im.reject)
	}
	if bytes.HasPrefix(head, []byte(csvlist.ByteOrderMark)) {
		r.Discard(len(csvlist.ByteOrderMark))
	}
	return im.readValues(r)
}

// hasRecord tells whether the second line is a JSON object: the first is a spoiled
// one then, and no header.
func hasRecord(text []byte) bool {
	_, text, _ = bytes.Cut(text, []byte("\n"))
	second, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.HasPrefix(second, []byte("{")) && json.Valid(second)
}

// goesOverLines tells whether the text begins with a JSON value that goes over
// several lines. A line that is spoiled is none: those after it are records.
func goesOverLines(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	var first json.RawMessage
	if err := d.Decode(&first); err != nil {
		return errors.Is(err, io.ErrUnexpectedEOF) && len(text) > maxLine/2 // and goes on behind it
	}
	return bytes.IndexByte(first, '\n') >= 0
}

// readValues reads JSON objects that go over several lines.
func (im *messageImport) readValues(r io.Reader) error {
	in := &valueReader{in: r}
	d := json.NewDecoder(in)
	for n := int64(1); ; n++ {
		var value json.RawMessage
		var wrong *json.SyntaxError
		in.left = 2 * maxLine
		switch err := d.Decode(&value); {
		case err == io.EOF:
			return nil
		case errors.As(err, &wrong), err == io.ErrUnexpectedEOF:
			return fmt.Errorf("record %d is no JSON", n)
		case err != nil:
			return fmt.Errorf("record %d: %w", n, err)
		}
		if err := im.value(n, value); err != nil {
			return err
		}
	}
}

// valueReader is an error when a value does not end within so many bytes.
type valueReader struct {
	in   io.Reader
	left int
}

// Read reads on.
func (r *valueReader) Read(b []byte) (int, error) {
	if r.left <= 0 {
		return 0, errLong
	}
	n, err := r.in.Read(b[:min(len(b), r.left)])
	r.left -= n
	return n, err
}

func (im *messageImport) reject(line int64, why error, text []byte) error {
	im.rejectFile.add(line, why, text)
	return nil
}

// value takes in one record of the send log.
func (im *messageImport) value(line int64, text []byte) error {
	list, err := provider.Registrations(text)
	if err != nil {
		return im.reject(line, err, text)
	}
	at := im.origin(line, text)
	for _, g := range list {
		if err := im.add(at, g); err != nil {
			return err
		}
	}
	return nil
}

// origin keeps the text of a record while someone may want to see it.
func (im *messageImport) origin(line int64, text []byte) origin {
	im.weight += len(text)
	if !im.rejectFile.wanted() {
		return origin{line: line}
	}
	return origin{line, bytes.Clone(text)}
}

func (im *messageImport) add(at origin, g provider.Registration) error {
	n, err := im.Normalize(g)
	if err != nil {
		return im.reject(at.line, err, at.text)
	}
	if g.Phone != "" && n.Phone == "" {
		im.did.Phones++
		im.rejectFile.note(at.line, fmt.Errorf("message %q: its phone is none and was left out; the rest was taken", g.MessageID), at.text)
	}
	im.waiting, im.origins = append(im.waiting, n), append(im.origins, at)
	if len(im.waiting) < GroupLines && im.weight < groupBytes {
		return nil
	}
	return im.flush()
}

// readCSV reads message_id,contact[,phone][,sent_at], by its header. A row may
// end before columns that it says nothing in.
func (im *messageImport) readCSV(r io.Reader) error {
	l, err := csvlist.Open(r, im.separator)
	if err != nil {
		return err
	}
	columns, err := messageColumns(l.Fields)
	if err != nil {
		return err
	}
	if err := im.rejectFile.create(); err != nil {
		return err
	}
	l.MinColumns = 1
	for {
		r, err := l.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case r.Err != nil:
			err = im.reject(r.Line, r.Err, r.Raw)
		default:
			err = im.record(&r, columns, l.Fields)
		}
		if err != nil {
			return err
		}
	}
}

// messageColumns finds the columns of the send log in its header.
func messageColumns(header [][]byte) (map[string]int, error) {
	columns := map[string]int{}
	for i, field := range header {
		name := strings.ToLower(csvlist.CellText(field))
		if _, twice := columns[name]; twice && name != "" {
			return nil, fmt.Errorf("the header names %q twice", name)
		}
		columns[name] = i
	}
	for _, name := range []string{"message_id", "contact"} {
		if _, ok := columns[name]; !ok {
			return nil, fmt.Errorf("the header has no column %q: it must name message_id and contact, and may name phone and sent_at", name)
		}
	}
	return columns, nil
}

// record takes in one row. One of empty fields alone, as spreadsheets leave them
// at the end, is passed over.
func (im *messageImport) record(r *csvlist.Record, columns map[string]int, row [][]byte) error {
	if len(bytes.TrimSpace(bytes.Join(row, nil))) == 0 {
		return nil
	}
	field := func(name string) string {
		if i, ok := columns[name]; ok && i < len(row) {
			return csvlist.CellText(row[i])
		}
		return ""
	}
	g := provider.Registration{MessageID: field("message_id"), Contact: field("contact"), Phone: field("phone")}
	if at := field("sent_at"); at != "" {
		t, err := hygiene.ParseDate(at)
		if err != nil {
			return im.reject(r.Line, fmt.Errorf("sent_at: %w", err), r.Raw)
		}
		g.SentAt = t
	}
	return im.add(im.origin(r.Line, r.Raw), g)
}

func (im *messageImport) flush() error {
	if err := im.ready(); err != nil {
		return err
	}
	did, err := im.store.Register(im.ctx, im.waiting)
	if err != nil {
		return err
	}
	for _, i := range did.Stand {
		at := im.origins[i]
		im.rejectFile.note(at.line, fmt.Errorf("message %q was registered before for another contact, which stands", im.waiting[i].MessageID), at.text)
	}
	im.waiting, im.origins, im.weight = im.waiting[:0], im.origins[:0], 0
	im.did.New, im.did.Known = im.did.New+did.New, im.did.Known+did.Known
	im.did.Matched, im.did.Conflict = im.did.Matched+did.Matched, im.did.Conflict+did.Conflict
	if room := 100 - len(im.did.Conflicts); room > 0 {
		im.did.Conflicts = append(im.did.Conflicts, did.Conflicts[:min(room, len(did.Conflicts))]...)
	}
	if im.show != nil {
		im.show(im.did.New + im.did.Known)
	}
	return nil
}

// stopped tells what is there of a file that was not taken in to its end.
func (im *messageImport) stopped(err error) error {
	done := im.did.New + im.did.Known
	if done == 0 {
		return fmt.Errorf("%s: %w; nothing of it was registered", im.name, err)
	}
	return fmt.Errorf("%s: %w; %s registered before it, and importing the whole file again changes nothing about them", im.name, err, ui.CountVerb(done, "message", "was", "were"))
}

func (im *messageImport) report() error {
	im.did.Rejected = im.rejectFile.Lines
	if im.JSON {
		return errors.Join(im.PrintJSON(im.did), im.rejectFile.err(im.name))
	}
	fmt.Fprintf(im.Stdout, "registered %s of %s, %s known before; %s found their contact, the next sweep judges them\n",
		ui.Count(im.did.New, "message"), im.name, ui.Number(im.did.Known), ui.Count(im.did.Matched, "event"))
	if im.did.Conflict > 0 {
		fmt.Fprintf(im.Stdout, "%s registered before for another contact, which stands: %s\n", ui.CountVerb(im.did.Conflict, "message", "was", "were"), ui.Shorten(ui.Printable(strings.Join(im.did.Conflicts, " ")), 2000))
	}
	if im.did.Phones > 0 {
		fmt.Fprintf(im.Stdout, "%s left out: they are no phone numbers\n", ui.CountVerb(im.did.Phones, "phone", "was", "were"))
	}
	return im.rejectFile.err(im.name)
}
