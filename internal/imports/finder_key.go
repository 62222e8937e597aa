package imports

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/app"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store/records"
)

// keyFinder finds contacts by their keys. The rows are looked up in the order of the keys
// once the list has been read to its end. Those of keys that no contact has wait until all
// others were passed on: only then it shows whether the list's keys are probably written
// otherwise than those of the contacts, so that an opt-out would go to a twin.
type keyFinder struct {
	app     *app.App
	keys    contactkey.Format
	options Options
	pass    passFunc
	single  bool // a key that is nearly those of several contacts stands for none of them

	pending  []listedRow
	sorted   records.Sorter // by key
	unknown  records.Spool
	last     string // the key that was counted last
	anyKnown bool   // there were contacts before

	// Of the different keys of the list: those that contacts have, that contacts nearly
	// have, and the others; of the last two those that are phone numbers.
	known, nearly, unheard, phones int64
	near                           []nearSample
	newKeys                        ui.Sample
	held                           int64 // of nearly and unheard
	several                        int64 // of nearly, those that are nearly several contacts'
}

// nearSample is a key that is nearly known.
type nearSample struct {
	Key  string   `json:"key"`
	Near []string `json:"nearly"` // the keys of contacts
}

// newKeyFinder makes a finder that takes the keys in this format.
func newKeyFinder(a *app.App, keys contactkey.Format, o Options, pass passFunc) (*keyFinder, error) {
	totals, err := a.Store.Totals()
	if err != nil {
		return nil, err
	}
	folder := a.Store.ScratchFolder()
	return &keyFinder{app: a, keys: keys, options: o, pass: pass, sorted: records.Sorter{Folder: folder}, unknown: records.Spool{Folder: folder}, anyKnown: totals.Contacts > 0}, nil
}

func (f *keyFinder) column() keyColumn {
	c := keyNamed(f.options.keyName(), f.app.Store.Keys(f.keys))
	c.waits = true
	if f.options.OffersPhone && !f.keys.Phone {
		c.hint = func(list *listfile.Reader) string { return phoneHint(list, f.keys.Region) }
	}
	return c
}

func (f *keyFinder) add(key string, row *listfile.Row, record []string) {
	f.pending = append(f.pending, newListedRow(key, row, record, f.options))
}

func (f *keyFinder) flush() error {
	for i := range f.pending {
		r := &f.pending[i]
		if err := f.sorted.Add(append([]string{r.key, strconv.FormatInt(r.line, 10), r.text}, r.record...)...); err != nil {
			return err
		}
	}
	f.pending = f.pending[:0]
	return nil
}

// resolve looks up the keys of the rows, which are sorted, and passes on those that
// contacts have.
func (f *keyFinder) resolve(rows [][]string) error {
	var keys []string
	for _, r := range rows {
		if len(keys) == 0 || keys[len(keys)-1] != r[0] {
			keys = append(keys, r[0])
		}
	}
	found := map[string]bool{}
	if err := f.app.Store.FindContacts(keys, func(i int, _ *hygiene.Contact) { found[keys[i]] = true }); err != nil {
		return err
	}
	for _, key := range keys {
		if found[key] && key != f.last {
			f.known++
		}
	}
	var unknown [][]string
	for _, r := range rows {
		if !found[r[0]] {
			unknown = append(unknown, r)
			continue
		}
		if err := f.pass(subject{key: r[0]}, r[3:]); err != nil {
			return err
		}
	}
	last := f.last
	if len(keys) > 0 {
		f.last = keys[len(keys)-1]
	}
	return f.keepUnknown(slices.DeleteFunc(keys, func(key string) bool { return found[key] }), last, unknown)
}

// keepUnknown keeps the rows of keys that no contact has. The key last was counted before.
func (f *keyFinder) keepUnknown(keys []string, last string, rows [][]string) error {
	near := map[string][]string{}
	err := f.app.Store.FindNearlyKnown(keys, f.keys, func(i int, found []string) { near[keys[i]] = slices.Clone(found) })
	if err != nil {
		return err
	}
	for _, key := range keys {
		if key != last {
			f.count(key, near[key])
		}
	}
	for _, r := range rows {
		if err := f.unknown.Add(append([]string{r[0], strings.Join(near[r[0]], "\x00")}, r[1:]...)...); err != nil {
			return err
		}
	}
	return nil
}

func (f *keyFinder) count(key string, near []string) {
	if !f.keys.Phone && contactkey.PhoneIn(key, f.keys.Region) != "" {
		f.phones++
	}
	if len(near) == 0 {
		f.unheard++
		f.newKeys.Add(key)
		return
	}
	f.nearly++
	if len(near) > 1 {
		f.several++
	}
	if len(f.near) < ui.SampleSize {
		f.near = append(f.near, nearSample{key, near})
	}
}

func (f *keyFinder) total() int64 { return f.known + f.nearly + f.unheard }

// holds decides which rows are held back: all that a contact does not have exactly, when
// at least a tenth of the keys is nearly known or, where contacts are known, more than half
// is new. Where phone numbers are the keys, they can't be written otherwise. The flags --new
// and --nearest say what is meant.
func (f *keyFinder) holds() (nearly, unheard bool) {
	manyNear := f.nearly > 0 && 10*f.nearly >= f.total()
	manyNew := f.anyKnown && !f.keys.Phone && 2*f.unheard > f.total()
	nearly = (manyNear || manyNew) && !f.options.New && !f.options.Nearest
	unheard = (manyNew || manyNear && !f.options.Nearest) && !f.options.New
	return nearly, unheard
}

// end passes on the rows, or holds those of unknown keys back.
func (f *keyFinder) end(in *input) error {
	if err := in.checkBeforeWrite(); err != nil {
		return err
	}
	var rows [][]string
	err := f.sorted.Each(func(r []string) error {
		if len(rows) >= FlushLines {
			if err := f.resolve(rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
		rows = append(rows, r)
		return in.interrupted()
	})
	if err == nil {
		err = f.resolve(rows)
	}
	if err != nil {
		return err
	}
	return f.passUnknown(in)
}

// passUnknown passes on the rows of keys that no contact has, or holds them back.
func (f *keyFinder) passUnknown(in *input) error {
	holdNearly, holdNew := f.holds()
	holdSeveral := f.single && f.options.Nearest
	switch {
	case holdNearly:
		f.held += f.nearly
	case holdSeveral:
		f.held += f.several
	}
	if holdNew {
		f.held += f.unheard
	}
	return f.unknown.Each(func(record []string) error {
		key, near, record := record[0], record[1], record[2:]
		switch {
		case near == "" && holdNew:
			return f.hold(in, key, record, fmt.Errorf("held back: no contact has the key %q", key))
		case near != "" && (holdNearly || holdSeveral && strings.Contains(near, "\x00")):
			return f.hold(in, key, record, fmt.Errorf("held back: %q is nearly the key of %s", key, strings.ReplaceAll(near, "\x00", ", ")))
		case near == "" || !f.options.Nearest:
			return f.pass(subject{key: key}, record[2:])
		}
		for known := range strings.SplitSeq(near, "\x00") {
			if err := f.pass(subject{key: known}, record[2:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// hold writes a row that is held back to the file of the rejected lines.
func (f *keyFinder) hold(in *input, key string, record []string, reason error) error {
	line, err := strconv.ParseInt(record[0], 10, 64)
	in.rejects.addToFile(line, reason, []byte(record[1]))
	if err == nil && f.options.held != nil {
		err = f.options.held(subject{key: key}, record[2:])
	}
	return err
}

func (f *keyFinder) print(w io.Writer) {
	if f.total() == 0 {
		return
	}
	text := fmt.Sprintf("found %s of %s by %s", ui.Number(f.known), ui.Count(f.total(), "contact"), f.by())
	if f.nearly > 0 {
		text += fmt.Sprintf("; %s nearly known", ui.CountVerb(f.nearly, "", "is", "are"))
	}
	if f.unheard > 0 {
		text += fmt.Sprintf("; %s new", ui.CountVerb(f.unheard, "", "is", "are"))
	}
	fmt.Fprintln(w, text)
	if f.held == 0 && f.nearly == 0 {
		return
	}
	var rows [][]string
	for _, s := range f.near {
		rows = append(rows, []string{"  " + s.Key, "is nearly", strings.Join(s.Near, ", ")})
	}
	if f.held > f.nearly {
		for _, key := range f.newKeys {
			rows = append(rows, []string{"  " + key, "is new", ""})
		}
	}
	ui.Table(w, rows)
}

// by is what the keys are.
func (f *keyFinder) by() string {
	if f.keys.Phone {
		return "phone"
	}
	return "key"
}

func (f *keyFinder) found() foundResult {
	return foundResult{By: f.by(), Total: f.total(), Found: f.known, Contacts: f.known, Nearly: f.nearly, New: f.unheard, Held: f.held, Samples: append([]nearSample{}, f.near...)}
}

func (f *keyFinder) err(file string) error {
	if f.held == 0 {
		return nil
	}
	if f.options.Nearest && f.held == f.several {
		return fmt.Errorf("%s: %s held back, whose key is nearly that of several contacts; write the key of the one that is meant",
			file, ui.CountVerb(f.held, "contact", "is", "are"))
	}
	why, advice := "more than half of this list is new to winnow", "--new takes the keys as they are written"
	if f.nearly > 0 {
		why = "keys of this list are nearly those of contacts"
		advice = "--nearest takes the contacts that they nearly are, " + advice
	}
	if f.options.OffersPhone && 2*f.phones > f.nearly+f.unheard {
		why = "the keys of this list are phone numbers"
		advice = "--by phone takes everyone who has one of them, " + advice
	}
	return fmt.Errorf("%s: %s held back: %s; %s", file, ui.CountVerb(f.held, "contact", "is", "are"), why, advice)
}

func (f *keyFinder) close() error { return errors.Join(f.sorted.Close(), f.unknown.Close()) }
