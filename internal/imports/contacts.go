package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// Contacts takes in what the CRM says of contacts, or shows what would
// change.
func Contacts(ctx context.Context, out *ui.Printer, a *app.App, o Options) (err error) {
	t := &contactImport{keys: a.Config.Keys, keyColumn: o.Key, save: a.Store.PreviewProfiles, seen: a.Store.NewSeen()}
	defer func() { err = errors.Join(err, t.seen.Close()) }()
	if o.Apply {
		t.save = a.Store.SaveProfiles
	}
	l, err := readContacts(ctx, out, a.Config.Keys, o, t)
	if err != nil {
		return err
	}
	t.describeSamples()
	t.did.Applied, t.did.Rejected, t.did.Phones = o.Apply, l.Lines, l.Fields
	if out.JSON {
		return errors.Join(out.PrintJSON(t.did), l.err(o.File))
	}
	t.did.print(out.Stdout, o.File)
	return l.err(o.File)
}

// importedContacts is what an import of contacts prints as JSON.
type importedContacts struct {
	Applied   bool            `json:"applied"`
	New       int64           `json:"new"`
	Updated   int64           `json:"updated"`
	Unchanged int64           `json:"unchanged"`
	Repeated  int64           `json:"repeated"` // lines of contacts that a line before named
	Rejected  int64           `json:"rejected"`
	Phones    int64           `json:"phones_left_out"` // that were no phone numbers
	Columns   []columnKinds   `json:"columns"`         // that are attributes
	Samples   []contactSample `json:"samples"`
}

// contactSample is one of the first contacts that change.
type contactSample struct {
	Contact string   `json:"contact"`
	Effect  string   `json:"effect"` // new or updated
	Changes []string `json:"changes"`

	before *store.Revision // before the file
	latest store.Profile   // by its last line
}

// contactImport takes in contacts.
type contactImport struct {
	keys      hygiene.KeyFormat
	keyColumn string
	save      func([]store.Profile) ([]store.Revision, error)
	seen      *store.Seen // the contacts that were named

	phone      int // its column, -1 for none
	attributes []attributeColumn
	waiting    []store.Profile
	did        importedContacts
}

// attributeColumn is a column that is an attribute.
type attributeColumn struct {
	name  string
	index int
}

// isSpecial tells whether the column of that name is none of an attribute.
func isSpecial(name, special string) bool { return strings.EqualFold(name, strings.TrimSpace(special)) }

func (t *contactImport) columns(names []string) error {
	t.phone, t.did.Samples = -1, []contactSample{}
	for i, name := range names {
		if isSpecial(name, "phone") {
			if t.phone >= 0 {
				return fmt.Errorf("the header names %q twice: rename one", "phone")
			}
			t.phone = i
			continue
		}
		if isSpecial(name, t.keyColumn) {
			continue
		}
		if err := checkAttribute(name, i+1); err != nil {
			return err
		}
		t.attributes = append(t.attributes, attributeColumn{name, i})
	}
	slices.SortFunc(t.attributes, func(a, b attributeColumn) int { return strings.Compare(a.name, b.name) })
	t.did.Columns = make([]columnKinds, len(t.attributes))
	for i, a := range t.attributes {
		t.did.Columns[i].Name = a.name
	}
	return nil
}

// mostAttributeName is the most bytes in the name of an attribute.
const mostAttributeName = 128

// checkAttribute tells why a config could not name an attribute so.
func checkAttribute(name string, column int) error {
	why := ""
	switch {
	case name == "":
		why = "has no name"
	case !utf8.ValidString(name):
		why = "has a name that is not UTF-8"
	case len(name) > mostAttributeName:
		why = fmt.Sprintf("has a name of %d bytes, at most %d are possible", len(name), mostAttributeName)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		why = fmt.Sprintf("is called %q, with control characters", name)
	default:
		return nil
	}
	return fmt.Errorf("column %d %s: every column but the contact's key and phone becomes an attribute that the config can name, rename it or take it out", column, why)
}

// mostValue is the most bytes in the value of an attribute: a run holds hundreds
// of contacts in memory at once.
const mostValue = 8 << 10

// add makes a profile of a line. A phone that is none is left out and the phone
// known before stays: the rest of the line is right, and no number is worth more
// than a wrong one.
func (t *contactImport) add(key string, fields []string) error {
	p := store.Profile{Key: key, Attributes: make(hygiene.Attributes, len(t.attributes))}
	for i, column := range t.attributes {
		value := fields[column.index]
		if len(value) > mostValue {
			return fmt.Errorf("its %s has %s, at most %s are possible", column.name, ui.Count(int64(len(value)), "byte"), ui.Number(mostValue))
		}
		p.Attributes[i] = hygiene.Attribute{Name: column.name, Value: attributeValue(value)}
	}
	var left error
	if t.phone >= 0 {
		p.SaysPhone = true
		if text := fields[t.phone]; text != "" {
			phone, err := hygiene.ParsePhone(text, t.keys.Region)
			if err != nil {
				p.SaysPhone = false
				left = skippedField{fmt.Errorf("its phone was left out: %w; the rest of the line was taken", err)}
			}
			p.Phone = phone
		}
	}
	for i, a := range p.Attributes {
		t.did.Columns[i].add(a.Value)
	}
	t.waiting = append(t.waiting, p)
	return left
}

// attributeValue gives a field its type. TRUE and FALSE are how spreadsheets save truth
// values, whatever was there before.
func attributeValue(field string) hygiene.Value {
	if field == "TRUE" || field == "FALSE" {
		field = strings.ToLower(field)
	}
	return hygiene.ParseValue(field)
}

func (t *contactImport) flush() error {
	revisions, err := t.save(t.waiting)
	if err != nil {
		return err
	}
	keys := make([]string, len(t.waiting))
	for i := range t.waiting {
		keys[i] = t.waiting[i].Key
	}
	first, err := t.seen.Add(keys)
	if err != nil {
		return err
	}
	for i := range revisions {
		p := &t.waiting[i]
		switch r := &revisions[i]; {
		case !first[i]: // a preview does not know what the line before would leave
			t.did.Repeated++
			t.keepLatest(p)
		case r.Effect == store.New:
			t.did.New++
			t.sample(p, "new", r)
		case r.Effect == store.Updated:
			t.did.Updated++
			t.sample(p, "updated", r)
		default:
			t.did.Unchanged++
		}
	}
	t.waiting = t.waiting[:0]
	return nil
}

// sample keeps the first contacts that change.
func (t *contactImport) sample(p *store.Profile, effect string, r *store.Revision) {
	if len(t.did.Samples) < ui.SampleSize {
		t.did.Samples = append(t.did.Samples, contactSample{Contact: p.Key, Effect: effect, before: r})
		t.keepLatest(p)
	}
}

// keepLatest keeps what the latest line says of a contact, if it is ui.SampleSize.
func (t *contactImport) keepLatest(p *store.Profile) {
	for i := range t.did.Samples {
		if s := &t.did.Samples[i]; s.Contact == p.Key {
			before := s.latest
			if s.latest = *p; !p.SaysPhone {
				s.latest.SaysPhone, s.latest.Phone = before.SaysPhone, before.Phone
			}
		}
	}
}

// describeSamples words what changes, now that the last line of each is known.
func (t *contactImport) describeSamples() {
	for i := range t.did.Samples {
		t.did.Samples[i].describe()
	}
}

func (s *contactSample) describe() {
	s.Changes = []string{}
	tell := func(name, before, after string) {
		switch {
		case before == after:
		case before == "":
			s.Changes = append(s.Changes, name+" "+shown(after))
		case after == "":
			s.Changes = append(s.Changes, name+" removed")
		default:
			s.Changes = append(s.Changes, name+" "+shown(before)+" → "+shown(after))
		}
	}
	if s.latest.SaysPhone {
		tell("phone", s.before.PhoneBefore, s.latest.Phone)
	}
	for _, a := range s.latest.Attributes {
		before, _ := s.before.Before.Get(a.Name)
		tell(a.Name, before.Text, a.Value.Text)
	}
}

// shown is a value as it fits on a line.
func shown(value string) string { return ui.Shorten(ui.Printable(value), 40) }

func (d *importedContacts) print(w io.Writer, file string) {
	if d.Applied {
		fmt.Fprintf(w, "%s: %s new, %s updated, %s unchanged\n", file, ui.CountVerb(d.New, "contact", "is", "are"), ui.Number(d.Updated), ui.Number(d.Unchanged))
	} else {
		fmt.Fprintf(w, "%s: %s new, %s would be updated, %s unchanged\n", file, ui.Count(d.New, "contact")+" would be", ui.Number(d.Updated), ui.Number(d.Unchanged))
	}
	var rows [][]string
	for _, s := range d.Samples {
		rows = append(rows, []string{"  " + s.Effect, s.Contact, ui.Shorten(strings.Join(s.Changes, ", "), 120)})
	}
	ui.Table(w, rows)
	printColumns(w, d.Columns)
	if d.Repeated > 0 {
		fmt.Fprintf(w, "%s of contacts that a line before names: of each contact the last line counts\n", ui.CountVerb(d.Repeated, "line", "is", "are"))
	}
	if d.Phones > 0 {
		fmt.Fprintf(w, "%s left out, their contacts taken: they are no phone numbers\n", ui.CountVerb(d.Phones, "phone", "was", "were"))
	}
	switch {
	case !d.Applied && d.New+d.Updated+d.Repeated > 0:
		fmt.Fprintln(w, "nothing is changed yet: --apply does it")
	case d.New+d.Updated+d.Repeated > 0:
		fmt.Fprintln(w, "segments see it at the next run, rules from now on")
	}
}
