package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/app"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/keyset"
)

// Contacts imports phones and attributes of contacts, or shows what would change.
func Contacts(ctx context.Context, out *ui.Printer, a *app.App, o Options) (err error) {
	keys := a.Config.Keys
	keys.Region = cmp.Or(o.Region, keys.Region)
	im := &contactImport{keys: keys, phoneColumn: cmp.Or(o.Phone, "phone"), save: a.Store.PreviewProfiles, now: hygiene.InstantOf(o.Now()), seen: a.Store.NewKeySet()}
	defer func() { err = errors.Join(err, im.seen.Close()) }()
	if o.Apply {
		im.save = a.Store.SaveProfiles
	}
	column := keyNamed(o.keyName(), a.Store.Keys(keys))
	column.lines, column.bytes = saveProfiles, saveProfileBytes
	rejected, err := readRows(ctx, out, column, o, im)
	if err != nil {
		return err
	}
	r := &im.result
	r.Samples = append([]contactSample{}, r.Samples...)
	r.Applied, r.Rejected, r.Phones = o.Apply, rejected.lines, rejected.parts
	for i := range r.Samples {
		r.Samples[i].describe()
	}
	if out.JSON {
		return errors.Join(out.PrintJSON(r), rejected.err(o.File))
	}
	r.print(out.Stdout, o.File)
	return rejected.err(o.File)
}

// Contacts are saved together, after so many lines or lines of so many bytes. Keys and numbers
// are in an order of their own in the store: the more of them are saved together, the more
// share a page that is written. (A million contacts at 4,096 a time write 6 GB.) A sweep that
// waits for them waits for a few seconds.
const (
	saveProfiles     = 32_768
	saveProfileBytes = 4 << 20
)

// contactsResult is what an import of contacts prints as JSON.
type contactsResult struct {
	Applied   bool            `json:"applied"`
	New       int64           `json:"new"`
	Updated   int64           `json:"updated"`
	Unchanged int64           `json:"unchanged"`
	Repeated  int64           `json:"repeated"` // lines whose contact is on an earlier line
	Rejected  int64           `json:"rejected"`
	Phones    int64           `json:"phones_left_out"` // invalid phone numbers
	Columns   []columnSummary `json:"columns"`         // of the attributes
	Samples   []contactSample `json:"samples"`
}

// contactImport imports contacts.
type contactImport struct {
	keys        contactkey.Format
	phoneColumn string
	save        func([]store.Profile, hygiene.Instant) ([]store.ProfileChange, error)
	now         hygiene.Instant
	seen        *keyset.Set // the contacts of earlier lines

	phone      int // the index of its column; -1 for none
	attributes []attributeColumn
	pending    []store.Profile
	result     contactsResult
}

type attributeColumn struct {
	name  string
	index int
}

// columns finds the columns. Of those that a JSON list had before the summaries stay.
func (im *contactImport) columns(names []string, key int) (fewest int, err error) {
	im.phone, im.attributes = -1, im.attributes[:0]
	summaries := im.result.Columns
	im.result.Columns = make([]columnSummary, 0, len(names))
	for i, name := range names {
		switch {
		case listfile.IsColumn(name, im.phoneColumn) && im.phone >= 0:
			return 0, listfile.DuplicateColumn(im.phoneColumn)
		case listfile.IsColumn(name, im.phoneColumn):
			im.phone = i
		case i == key:
		default:
			if err := checkAttributeName(name, i+1); err != nil {
				return 0, err
			}
			im.attributes = append(im.attributes, attributeColumn{name, i})
		}
	}
	slices.SortFunc(im.attributes, func(a, b attributeColumn) int { return strings.Compare(a.name, b.name) })
	for _, a := range im.attributes {
		summary := columnSummary{Name: a.name}
		if i := slices.IndexFunc(summaries, func(c columnSummary) bool { return c.Name == a.name }); i >= 0 {
			summary = summaries[i]
		}
		im.result.Columns = append(im.result.Columns, summary)
	}
	return 0, nil
}

// add makes a profile of a row. An invalid phone number is skipped, and a number
// known before stays: the rest of the row is right.
func (im *contactImport) add(key string, row *listfile.Row) error {
	p := store.Profile{Key: key, Attributes: make(hygiene.Attributes, 0, len(im.attributes))}
	for _, column := range im.attributes {
		cell := row.Cell(column.index)
		switch {
		case cell.Err != nil && cell.Err == row.Err:
			return row.Err
		case cell.Err != nil:
			return fmt.Errorf("column %q: %w", column.name, cell.Err)
		case len(cell.Text) > maxAttributeValue:
			return fmt.Errorf("%s has %s, and at most %s are possible", column.name, ui.Count(int64(len(cell.Text)), "byte"), ui.Number(maxAttributeValue))
		case !cell.Absent:
			p.Attributes = append(p.Attributes, hygiene.Attribute{Name: column.name, Value: attributeValue(cell.Text)})
		}
	}
	skipped := im.addPhone(&p, row)
	for i, a := 0, 0; a < len(p.Attributes); i++ {
		if im.attributes[i].name == p.Attributes[a].Name {
			im.result.Columns[i].add(p.Attributes[a].Value)
			if im.phone < 0 {
				im.result.Columns[i].addPhone(p.Attributes[a].Value.Text, im.keys.Region)
			}
			a++
		}
	}
	im.pending = append(im.pending, p)
	return skipped
}

// addPhone adds what a row says of the phone number, if anything. The error is a
// skippedPart.
func (im *contactImport) addPhone(p *store.Profile, row *listfile.Row) error {
	if im.phone < 0 {
		return nil
	}
	cell := row.Cell(im.phone)
	err := cell.Err
	if err == nil && cell.Text != "" {
		p.Phone, err = contactkey.ParsePhone(cell.Text, im.keys.Region)
	}
	if p.HasPhone = err == nil && !cell.Absent; err != nil {
		return skippedPart{fmt.Errorf("phone skipped: %w; the rest of the line is imported", err)}
	}
	return nil
}

func (im *contactImport) flush() error {
	revisions, err := im.save(im.pending, im.now)
	if err != nil {
		return err
	}
	keys := make([]string, len(im.pending))
	for i := range im.pending {
		keys[i] = im.pending[i].Key
	}
	first, err := im.seen.Add(keys)
	if err != nil {
		return err
	}
	for i := range revisions {
		p := &im.pending[i]
		switch r := &revisions[i]; {
		case !first[i]: // a preview does not know what the earlier line would leave
			im.result.Repeated++
			im.result.updateSample(p)
		case r.ProfileEffect == store.ProfileNew:
			im.result.New++
			im.result.addSample(p, "new", r)
		case r.ProfileEffect == store.ProfileUpdated:
			im.result.Updated++
			im.result.addSample(p, "updated", r)
		default:
			im.result.Unchanged++
		}
	}
	im.pending = im.pending[:0]
	return nil
}

func (im *contactImport) end(*input) error { return nil }

// contactSample is one of the first contacts that change.
type contactSample struct {
	Contact string   `json:"contact"`
	Effect  string   `json:"effect"` // new or updated
	Changes []string `json:"changes"`

	before *store.ProfileChange // what was known before the file
	latest store.Profile        // by the contact's last line
}

func (r *contactsResult) addSample(p *store.Profile, effect string, revision *store.ProfileChange) {
	if len(r.Samples) < ui.SampleSize {
		r.Samples = append(r.Samples, contactSample{Contact: p.Key, Effect: effect, before: revision})
		r.updateSample(p)
	}
}

// updateSample takes over what a later line says of a contact, if it is a sample.
func (r *contactsResult) updateSample(p *store.Profile) {
	for i := range r.Samples {
		if s := &r.Samples[i]; s.Contact == p.Key {
			earlier := s.latest
			if s.latest = *p; !p.HasPhone {
				s.latest.HasPhone, s.latest.Phone = earlier.HasPhone, earlier.Phone
			}
		}
	}
}

// describe lists the changes, once the last line of the contact is known.
func (s *contactSample) describe() {
	s.Changes = []string{}
	compare := func(name, before, after string) {
		switch {
		case before == after:
		case before == "":
			s.Changes = append(s.Changes, name+" "+shorten(after))
		case after == "":
			s.Changes = append(s.Changes, name+" removed")
		default:
			s.Changes = append(s.Changes, name+" "+shorten(before)+" → "+shorten(after))
		}
	}
	if s.latest.HasPhone {
		compare("phone", s.before.PhoneBefore, s.latest.Phone)
	}
	for _, a := range s.latest.Attributes {
		before, _ := s.before.Before.Get(a.Name)
		compare(a.Name, before.Text, a.Value.Text)
	}
}

func (r *contactsResult) print(w io.Writer, file string) {
	if r.Applied {
		fmt.Fprintf(w, "%s: %s new, %s updated, %s unchanged\n", file, ui.CountVerb(r.New, "contact", "is", "are"), ui.Number(r.Updated), ui.Number(r.Unchanged))
	} else {
		fmt.Fprintf(w, "%s: %s would be new, %s would be updated, %s unchanged\n", file, ui.Count(r.New, "contact"), ui.Number(r.Updated), ui.Number(r.Unchanged))
	}
	var rows [][]string
	for _, s := range r.Samples {
		rows = append(rows, []string{"  " + s.Effect, s.Contact, ui.Shorten(strings.Join(s.Changes, ", "), 120)})
	}
	ui.Table(w, rows)
	printColumns(w, r.Columns)
	for i := range r.Columns {
		if c := &r.Columns[i]; c.holdsPhones() {
			fmt.Fprintf(w, "the values of %s look like phone numbers; --phone %s imports them as the contacts' numbers\n", ui.Printable(c.Name), ui.ShellQuote(c.Name))
		}
	}
	if r.Repeated > 0 {
		fmt.Fprintf(w, "%s a contact of an earlier line; the last line of each contact counts\n", ui.CountVerb(r.Repeated, "line", "repeats", "repeat"))
	}
	if r.Phones > 0 {
		fmt.Fprintf(w, "%s skipped; the rest of each line is imported\n", ui.Count(r.Phones, "invalid phone number"))
	}
	switch changes := r.New + r.Updated + r.Repeated; {
	case changes > 0 && !r.Applied:
		fmt.Fprintln(w, "nothing was changed; --apply imports the file")
	case changes > 0:
		fmt.Fprintln(w, "segments see the changes at the next run, rules from now on")
	}
}
