package command

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
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
		im := &messageImport{call: c, registrar: registrar{keys: h.config.Keys, store: h.store}, show: show}
		err := im.read(bufio.NewReaderSize(f, 64<<10))
		if err == nil {
			err = im.flush()
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

// normalise makes keys of what was given.
func (r *registrar) normalise(g provider.Registration) (store.Registration, error) {
	n := store.Registration{MessageID: g.MessageID, SentAt: g.SentAt}
	var err error
	if n.Contact, err = r.keys.Normalize(g.Contact); err != nil {
		return n, fmt.Errorf("message %q: %w", g.MessageID, err)
	}
	phone := g.Phone
	if r.keys.Phone && phone == "" {
		phone = n.Contact
	}
	if phone == "" {
		return n, nil
	}
	if n.Phone, err = hygiene.ParsePhone(phone, r.keys.Region); err != nil {
		return n, fmt.Errorf("message %q: phone: %w", g.MessageID, err)
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
}

// importedMessages is what an import of messages prints as JSON.
type importedMessages struct {
	New       int64    `json:"new"`
	Known     int64    `json:"known"`
	Matched   int64    `json:"matched"`
	Conflict  int64    `json:"conflict"`
	Conflicts []string `json:"conflicts,omitempty"` // the first hundred
	Rejected  int64    `json:"rejected"`
}

// read takes the file in: JSON when it begins like it, else CSV.
func (im *messageImport) read(r *bufio.Reader) error {
	head, _ := r.Peek(64 << 10)
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	switch {
	case len(head) == 0:
		return errors.New("the file is empty")
	case head[0] != '{':
		return im.readCSV(r)
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if json.Valid(bytes.TrimSpace(first)) {
		return lines(r, im.value)
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
		return im.reject(number, err)
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
		return im.reject(number, err)
	}
	im.waiting = append(im.waiting, n)
	if len(im.waiting) < importGroup {
		return nil
	}
	return im.flush()
}

// readCSV reads message_id,contact[,phone][,sent_at], by its header.
func (im *messageImport) readCSV(r io.Reader) error {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return fmt.Errorf("the header can't be read: %w", err)
	}
	columns := map[string]int{}
	for i, name := range header {
		columns[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	if missing := slices.DeleteFunc([]string{"message_id", "contact"}, func(n string) bool { _, ok := columns[n]; return ok }); len(missing) > 0 {
		return fmt.Errorf("the header has no column %q: it must name message_id and contact, and may name phone and sent_at", missing[0])
	}
	for {
		record, err := in.Read()
		if err == io.EOF {
			return nil
		}
		number, _ := in.FieldPos(0)
		if err != nil {
			if err := im.reject(number, err); err != nil {
				return err
			}
			continue
		}
		if err := im.record(number, columns, record); err != nil {
			return err
		}
	}
}

func (im *messageImport) record(number int, columns map[string]int, record []string) error {
	field := func(name string) string {
		if i, ok := columns[name]; ok {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	g := provider.Registration{MessageID: field("message_id"), Contact: field("contact"), Phone: field("phone")}
	if g.MessageID == "" {
		return im.reject(number, errors.New("it has no message_id"))
	}
	if at := field("sent_at"); at != "" {
		t, err := hygiene.ParseDate(at)
		if err != nil {
			return im.reject(number, fmt.Errorf("sent_at: %w", err))
		}
		g.SentAt = t
	}
	return im.add(number, g)
}

func (im *messageImport) reject(number int, why error) error {
	im.did.Rejected++
	if im.did.Rejected <= 20 {
		fmt.Fprintf(im.Stderr, "winnow: line %d was left out: %s\n", number, why)
	}
	return nil
}

func (im *messageImport) flush() error {
	if err := im.ctx.Err(); err != nil {
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
	if im.json {
		if err := im.printJSON(im.did); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(im.Stdout, "registered %s of %s, %s known before; %s found their contact, the next sweep judges them\n",
			plural(im.did.New, "message"), file, grouped(im.did.Known), plural(im.did.Matched, "event"))
		if im.did.Conflict > 0 {
			fmt.Fprintf(im.Stdout, "%s registered before for another contact, which stands: %s\n", plural(im.did.Conflict, "message"), strings.Join(im.did.Conflicts, " "))
		}
	}
	if im.did.Rejected > 0 {
		return fmt.Errorf("%s of %s were left out", plural(im.did.Rejected, "line"), file)
	}
	return nil
}
