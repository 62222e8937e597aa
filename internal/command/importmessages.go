package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/store"
)

// importMessagesCommand brings in the send log.
type importMessagesCommand struct {
	File string `arg:"" help:"The file; - for stdin."`
}

// Run registers whom the messages were for.
func (x importMessagesCommand) Run(c *call) error {
	f, err := c.openFile(x.File)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.with(store.Open, func(h *house) error {
		show, done := c.progress("message")
		im := &messageImport{call: c, registrar: registrar{keys: h.config.Keys, store: h.store}, show: show, rejects: rejects{to: c.Stderr}}
		err := im.read(bufio.NewReaderSize(f, 64<<10))
		if !errors.Is(err, errInterrupted) {
			err = errors.Join(err, im.flush())
		}
		done()
		if err != nil {
			return fmt.Errorf("%s: %w; %s were registered before it, and importing them again changes nothing", x.File, err, plural(im.did.New+im.did.Known, "message"))
		}
		return im.report(x.File)
	})
}

// registrar turns registrations as given into those the store keeps. The API
// and imports share it.
type registrar struct {
	keys  hygiene.KeyFormat
	store *store.Store
}

// normalise makes keys of what was given. A phone number that is none is left
// out, and the message still has its contact.
func (r *registrar) normalise(g provider.Registration) (store.Registration, error) {
	n := store.Registration{MessageID: g.MessageID, SentAt: g.SentAt}
	var err error
	if n.Contact, err = r.keys.Normalize(g.Contact); err != nil {
		return n, fmt.Errorf("message %q: %w", g.MessageID, err)
	}
	if g.Phone != "" {
		n.Phone, _ = hygiene.ParsePhone(g.Phone, r.keys.Region)
	}
	return n, nil
}

// messageImport gathers messages to commit them together.
type messageImport struct {
	*call
	registrar
	show    func(int64)
	waiting []store.Registration
	did     importedMessages
	rejects rejects
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

// read takes the file in: JSON when it begins like it, else CSV.
func (im *messageImport) read(r *bufio.Reader) error {
	head, _ := r.Peek(64 << 10)
	if mark := []byte("\ufeff"); bytes.HasPrefix(head, mark) {
		r.Discard(len(mark))
		head = head[len(mark):]
	}
	head = bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(head) == 0:
		return errors.New("the file is empty")
	case head[0] == '[':
		return errors.New("it is a JSON array: write its objects one a line, without the brackets and commas")
	case head[0] != '{':
		return im.readCSV(r)
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if json.Valid(bytes.TrimSpace(first)) {
		return lines(r, im.value, im.rejects.add)
	}
	return im.readValues(r)
}

// readValues reads JSON objects that go over several lines.
func (im *messageImport) readValues(r io.Reader) error {
	d := json.NewDecoder(r)
	for n := 1; ; n++ {
		var value json.RawMessage
		if err := d.Decode(&value); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("record %d is no JSON", n)
		}
		if err := im.value(n, value); err != nil {
			return err
		}
	}
}

// value takes in one record of the send log.
func (im *messageImport) value(number int, line []byte) error {
	list, err := provider.Registrations(line)
	if err != nil {
		return im.rejects.add(number, err)
	}
	for _, g := range list {
		if err := im.add(number, g); err != nil {
			return err
		}
	}
	return nil
}

func (im *messageImport) add(number int, g provider.Registration) error {
	n, err := im.normalise(g)
	if err != nil {
		return im.rejects.add(number, err)
	}
	if g.Phone != "" && n.Phone == "" {
		im.did.Phones++
	}
	im.waiting = append(im.waiting, n)
	if len(im.waiting) < importGroup {
		return nil
	}
	return im.flush()
}

// readCSV reads message_id,contact[,phone][,sent_at], by its header. A row may
// end before columns that it says nothing in.
func (im *messageImport) readCSV(r io.Reader) error {
	l, err := openRows(r, 0)
	if err != nil {
		return err
	}
	columns, err := messageColumns(l.fields)
	if err != nil {
		return err
	}
	l.short = true
	for {
		r, err := l.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case r.why != nil:
			err = im.rejects.add(int(r.line), r.why)
		default:
			err = im.record(int(r.line), columns, l.fields)
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
		name := strings.ToLower(strings.TrimSpace(string(unquote(field))))
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
func (im *messageImport) record(number int, columns map[string]int, row [][]byte) error {
	if len(bytes.TrimSpace(bytes.Join(row, nil))) == 0 {
		return nil
	}
	field := func(name string) string {
		if i, ok := columns[name]; ok && i < len(row) {
			return strings.TrimSpace(string(unquote(row[i])))
		}
		return ""
	}
	g := provider.Registration{MessageID: field("message_id"), Contact: field("contact"), Phone: field("phone")}
	if g.MessageID == "" {
		return im.rejects.add(number, errors.New("it has no message_id"))
	}
	if at := field("sent_at"); at != "" {
		t, err := hygiene.ParseDate(at)
		if err != nil {
			return im.rejects.add(number, fmt.Errorf("sent_at: %w", err))
		}
		g.SentAt = t
	}
	return im.add(number, g)
}

func (im *messageImport) flush() error {
	if err := im.interrupted(); err != nil {
		return err
	}
	did, err := im.store.Register(im.ctx, im.waiting)
	if err != nil {
		return err
	}
	im.waiting = im.waiting[:0]
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

func (im *messageImport) report(file string) error {
	im.did.Rejected = im.rejects.n
	if im.json {
		return errors.Join(im.printJSON(im.did), im.rejects.err(file))
	}
	fmt.Fprintf(im.Stdout, "registered %s of %s, %s known before; %s found their contact, the next sweep judges them\n",
		plural(im.did.New, "message"), file, grouped(im.did.Known), plural(im.did.Matched, "event"))
	if im.did.Conflict > 0 {
		fmt.Fprintf(im.Stdout, "%s registered before for another contact, which stands: %s\n", wasWere(im.did.Conflict, "message"), strings.Join(im.did.Conflicts, " "))
	}
	if im.did.Phones > 0 {
		fmt.Fprintf(im.Stdout, "%s left out: they are no phone numbers\n", wasWere(im.did.Phones, "phone"))
	}
	return im.rejects.err(file)
}
