package imports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/instant"
	"winnow/hygiene/provider"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store"
)

// listMembers are what a row of a message list says of an event, the needed ones first.
var listMembers = []string{"id", "event", "at", "code", "contact", "to"}

const neededMembers = 3

// ParseMap reads the columns of a message list, each written like id=MessageSid, by what
// they hold. The error is one of usage.
func ParseMap(texts []string) (map[string]string, error) {
	columns := map[string]string{}
	for _, text := range texts {
		member, column, ok := strings.Cut(text, "=")
		member, column = strings.TrimSpace(member), strings.TrimSpace(column)
		switch {
		case !ok || column == "" || !slices.Contains(listMembers, member):
			return nil, ui.Usagef("--map %s: write what a column holds, and its name: id=, event=, at=, code=, contact= or to=, as in --map id=MessageSid,event=Status", ui.ShellQuote(text))
		case columns[member] != "":
			return nil, ui.Usagef("--map names the column of %s twice", member)
		}
		columns[member] = column
	}
	return columns, nil
}

// eventList reads the message list of a provider: rows of any format that lists have.
type eventList struct {
	*eventImport
	source string
	reader *provider.Reader
	keys   store.KeyReader
	list   *listfile.Reader
	column map[string]int // by member; those that the list has
}

// isList reports whether the file is the message list of a provider.
func (im *eventImport) isList() bool { return im.options.Source != "" }

// readList reads a message list.
func (im *eventImport) readList() error {
	l := &eventList{eventImport: im, source: im.options.Source, reader: im.readers[im.options.Source], column: map[string]int{}}
	if l.reader == nil {
		return ui.Usagef("--source %s: there is no source of that name in the config", ui.ShellQuote(l.source))
	}
	for i := range im.app.Config.Sources {
		if s := &im.app.Config.Sources[i]; s.Name == l.source {
			l.keys = im.store.Keys(im.app.Config.KeysOf(s))
		}
	}
	var err error
	if l.list, err = listfile.OpenText(im.text, listfile.Options{Delimiter: im.options.Delimiter}); err != nil {
		return err
	}
	if err := l.findColumns(); err != nil {
		return err
	}
	l.list.AllowShort(1)
	for {
		row, err := l.list.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = l.addRow(row)
		}
		if err != nil {
			return err
		}
	}
}

// findColumns finds the columns that --map names, and those that are called like what
// they hold.
func (l *eventList) findColumns() error {
	for i, member := range listMembers {
		name, named := l.options.Map[member]
		if !named {
			name = member
		}
		column, err := l.list.Find(name, "--map "+member+"=COLUMN")
		switch {
		case err == nil:
			l.column[member] = column
		case named || i < neededMembers:
			return err
		}
	}
	return nil
}

// addRow adds the event of a row.
func (l *eventList) addRow(row *listfile.Row) error {
	l.line = row.Line
	if row.IsEmpty() {
		return nil
	}
	e, skipped, err := l.event(row)
	if err != nil {
		return l.reject(row.Line, err, row.Raw)
	}
	if skipped != nil {
		l.rejects.add(row.Line, skipped, row.Raw)
	}
	l.noteTime(e.At.Time())
	l.events = append(l.events, e)
	l.size += len(row.Raw)
	return l.flushIfMany()
}

// event makes an event of a row. skipped says that the contact or the number could not be
// read: then the send log may have it.
func (l *eventList) event(row *listfile.Row) (e hygiene.Event, skipped, err error) {
	listed := provider.Listed{Row: l.rowJSON(row)}
	for member, to := range map[string]*string{"id": &listed.ID, "event": &listed.Event, "code": &listed.Code} {
		if column, ok := l.column[member]; ok {
			cell := row.Cell(column)
			if cell.Err != nil {
				return e, nil, l.inColumn(member, cell.Err)
			}
			*to = cell.Text
		}
	}
	at := row.Cell(l.column["at"])
	if err := at.Err; err != nil {
		return e, nil, l.inColumn("at", err)
	}
	if listed.At, err = parseListedTime(at.Text); err != nil {
		return e, nil, l.inColumn("at", err)
	}
	if column, ok := l.column["contact"]; ok {
		if cell := row.Cell(column); cell.Text != "" || cell.Err != nil {
			if listed.Contact, err = l.contactOf(cell); err != nil {
				skipped = skippedPart{fmt.Errorf("contact skipped: %w; the event is stored, and waits for the send log", l.inColumn("contact", err))}
			}
		}
	}
	if column, ok := l.column["to"]; ok {
		if cell := row.Cell(column); cell.Text != "" || cell.Err != nil {
			if listed.To, err = phoneOf(cell, l.keys.Format().Region); err != nil {
				wrong := fmt.Errorf("number skipped: %w; the event is stored without it", l.inColumn("to", err))
				skipped = skippedPart{errors.Join(skipped, wrong)}
			}
		}
	}
	if l.keys.Format().Phone && listed.Contact == "" {
		listed.Contact, listed.To = listed.To, "" // the number is the contact
	}
	e, err = l.reader.Listed(&listed)
	for member, of := range map[string]error{"id": provider.ErrListedID, "event": provider.ErrListedEvent, "code": provider.ErrListedCode} {
		if errors.Is(err, of) {
			err = l.inColumn(member, err)
		}
	}
	return e, skipped, err
}

// contactOf is the key of the contact that a cell names. Where keys are texts, a phone
// number is one only if a contact has it: most lists name the number of a message, and an
// event of a contact called like it would be lost.
func (l *eventList) contactOf(cell listfile.Cell) (string, error) {
	key, err := keyOf(cell, l.keys)
	if format := l.keys.Format(); err != nil || format.Phone || contactkey.PhoneIn(key, format.Region) == "" {
		return key, err
	}
	known := false
	if err := l.store.FindContacts([]string{key}, func(int, *hygiene.Contact) { known = true }); err != nil {
		return "", err
	}
	if !known {
		return "", errors.New("a phone number, and not the key of a contact")
	}
	return key, nil
}

// inColumn names the column of a member in an error.
func (l *eventList) inColumn(member string, err error) error {
	column, ok := l.column[member]
	if !ok {
		return fmt.Errorf("%s: %w", member, err)
	}
	return fmt.Errorf("column %q: %w", l.list.Names()[column], err)
}

// rowJSON is a row as an object, for the log.
func (l *eventList) rowJSON(row *listfile.Row) []byte {
	object := []byte{'{'}
	for i, name := range l.list.Names() {
		cell := row.Cell(i)
		if cell.Absent || cell.Err != nil || name == "" {
			continue
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		key, _ := json.Marshal(name)
		text, _ := json.Marshal(cell.Text)
		object = append(append(append(object, key...), ':'), text...)
	}
	return append(object, '}')
}

// listedLayouts are further layouts of times in providers' lists. A zone by a name is UTC
// only.
var listedLayouts = []string{time.RFC1123Z, time.RFC1123, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -0700 MST", "15:04:05 MST 2006-01-02"}

// parseListedTime reads a time as imports do, as mail has it, or in seconds or milliseconds
// since 1970.
func parseListedTime(text string) (hygiene.Instant, error) {
	at, err := instant.ParseTime(text)
	if err == nil {
		return at, nil
	}
	for _, layout := range listedLayouts {
		t, wrong := time.ParseInLocation(layout, text, time.UTC)
		if _, offset := t.Zone(); wrong == nil && (offset != 0 || t.Location() == time.UTC || strings.Contains(text, "UTC") || strings.Contains(text, "GMT") || strings.Contains(text, "+0000")) {
			return instant.Of(t), instant.CheckYear(t)
		}
	}
	n, wrong := strconv.ParseInt(text, 10, 64)
	switch {
	case wrong != nil:
		return 0, err
	case len(text) == 10:
		return hygiene.Instant(n * 1e6), nil
	case len(text) == 13:
		return hygiene.Instant(n * 1e3), nil
	}
	return 0, err
}
