package forgotten

import (
	"bytes"
	"errors"

	"winnow/hygiene"
	"winnow/store/engine"
)

// A restored backup has persons again who were forgotten since it was made. The store that
// it replaces knows their hashes: these find them, and are carried over.

// ErrOtherStore is the error of hashes that cannot be compared.
var ErrOtherStore = errors.New("persons were forgotten there under another secret, so it is not the store that the backup is of")

// ErrNoStore is the error of a file that has no contacts, so that nobody can be known to
// have been forgotten there.
var ErrNoStore = errors.New("it is not the contacts' file of a store")

// Carrier compares a store with a newer state of it, and carries over who was forgotten.
type Carrier struct {
	from   engine.Querier
	secret []byte // nil: nobody was forgotten there
	hasher *Hasher
}

// NewCarrier carries from the newer state; nil if nobody was forgotten there, or is to be.
func NewCarrier(from, into engine.Querier) (*Carrier, error) {
	is, err := from.Number("SELECT count(*) FROM sqlite_schema WHERE name = 'contacts'")
	if err == nil && is == 0 {
		err = ErrNoStore
	}
	if err != nil {
		return nil, err
	}
	has, err := from.Number("SELECT count(*) FROM sqlite_schema WHERE name = 'forgotten_messages'")
	if err != nil || has == 0 {
		return nil, err
	}
	secret, err := Secret(from)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		asked, err := from.Number("SELECT EXISTS (SELECT 1 FROM erasures)")
		if err != nil || asked == 0 {
			return nil, err
		}
		return &Carrier{from: from}, nil
	}
	own, err := Secret(into)
	if err == nil && own != nil && !bytes.Equal(own, secret) {
		err = ErrOtherStore
	}
	return &Carrier{from, secret, NewHasher(secret)}, err
}

// The names of a store that may be those of forgotten persons, each in order: keys, keys
// of merged contacts, and numbers that no contact has.
var namesIn = []struct {
	sql   string
	phone bool
}{
	{"SELECT key FROM contacts WHERE key > ? ORDER BY key LIMIT ?", false},
	{"SELECT key FROM names WHERE key > ? ORDER BY key LIMIT ?", false},
	{`SELECT phone FROM numbers WHERE phone > ? AND NOT EXISTS (SELECT 1 FROM contacts WHERE contacts.phone = numbers.phone)
		AND NOT EXISTS (SELECT 1 FROM former_numbers WHERE former_numbers.phone = numbers.phone) ORDER BY phone LIMIT ?`, true},
}

// pageNames is how many names are compared as of one moment.
const pageNames = 2_000

// Each calls found with keys and with numbers that are of persons who were forgotten since.
func (c *Carrier) Each(read func(func(engine.Reader) error) error, found func(keys, phones []string) error) error {
	if c.secret == nil {
		return nil
	}
	for _, of := range namesIn {
		for last, more := "", true; more; {
			var list []string
			err := read(func(into engine.Reader) (err error) {
				list, last, more, err = c.page(into, of.sql, last, of.phone)
				return err
			})
			switch {
			case err != nil || len(list) == 0:
			case of.phone:
				err = found(nil, list)
			default:
				err = found(list, nil)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Carrier) page(into engine.Reader, sql, after string, phone bool) (found []string, last string, more bool, err error) {
	var list []string
	r := into.Query(sql, after, pageNames)
	for r.Next() {
		list = append(list, r.Text(0))
	}
	if err := r.Close(); err != nil || len(list) == 0 {
		return nil, "", false, err
	}
	for _, name := range list {
		hash := c.hasher.Key(name)
		if phone {
			hash = c.hasher.Number(name)
		}
		since, err := c.forgottenSince(into, hash)
		if err != nil {
			return nil, "", false, err
		}
		if since {
			found = append(found, name)
		}
	}
	return found, list[len(list)-1], len(list) == pageNames, nil
}

// forgottenSince reports whether who has the name was forgotten after the older state: one
// who was known again in both is not.
func (c *Carrier) forgottenSince(into engine.Querier, hash []byte) (bool, error) {
	newer, err := knownAs(c.from, hash)
	if err != nil || newer == nil {
		return false, err
	}
	older, err := knownAs(into, hash)
	return older == nil || *older == 0 || *older != *newer, err
}

// knownAs is the subject that has the name again, 0 for none; nil for a name that nobody
// had who was forgotten.
func knownAs(c engine.Querier, hash []byte) (subject *int64, err error) {
	r := c.Query("SELECT subject FROM forgotten WHERE hash = ? ORDER BY subject DESC LIMIT 1", hash)
	if r.Next() {
		id := r.Int(0)
		subject = &id
	}
	return subject, r.Close()
}

// Asked are the subjects that were asked for there and not begun to be forgotten, without
// those that were held since.
func (c *Carrier) Asked() (subjects []string, err error) {
	r := c.from.Query(`SELECT subject FROM erasures WHERE begun = 0 AND NOT EXISTS (SELECT 1 FROM holds
		WHERE holds.contact = subject OR holds.contact IN (SELECT key FROM names WHERE names.contact = subject)) ORDER BY id`)
	for r.Next() {
		subjects = append(subjects, r.Text(0))
	}
	return subjects, r.Close()
}

// Carry keeps here what is kept there. It can be repeated.
func (c *Carrier) Carry(write func(func(engine.Writer) error) error) error {
	if c.secret == nil {
		return nil
	}
	if err := write(func(w engine.Writer) error { return setSecret(w, c.secret) }); err != nil {
		return err
	}
	lifts, err := c.from.Number("SELECT count(*) FROM pragma_table_info('forgotten') WHERE name = 'lifted'")
	if err != nil {
		return err
	}
	holds := ""
	if lifts > 0 { // an earlier version keeps nothing that does not hold
		holds = " AND lifted <= 0"
	}
	for last, more := (row{}), true; more; {
		var list []row
		r := c.from.Query(`SELECT hash, person, reason, since, until, of_number, named FROM forgotten
			WHERE (hash, person, reason) > (?, ?, ?)`+holds+` ORDER BY hash, person, reason LIMIT ?`, nonNil(last.hash), last.person, last.Reason.Reason, pageNames)
		for r.Next() {
			list = append(list, row{bytes.Clone(r.Blob(0)), r.Int(1), Reason{r.Text(2), hygiene.Instant(r.Int(3)), hygiene.Instant(r.Int(4)), r.Int(5) != 0, r.Int(6) != 0}})
		}
		err := r.Close()
		if more = len(list) == pageNames; err == nil && len(list) > 0 {
			last = list[len(list)-1]
			err = write(func(w engine.Writer) error { return insertRows(w, list) })
		}
		if err != nil {
			return err
		}
	}
	return c.carryMessages(write)
}

// insertRows keeps rows, and who has their names again.
func insertRows(w engine.Writer, list []row) error {
	for i := range list {
		subject, err := knownAs(w, list[i].hash)
		if err == nil {
			err = insertRow(w, &list[i])
		}
		if err == nil && subject != nil && *subject != 0 {
			err = setSubject(w, list[i].hash, *subject)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Carrier) carryMessages(write func(func(engine.Writer) error) error) error {
	type message struct {
		hash   []byte
		person int64
	}
	for last, more := (message{}), true; more; {
		var list []message
		r := c.from.Query("SELECT hash, person FROM forgotten_messages WHERE (hash, person) > (?, ?) ORDER BY hash, person LIMIT ?", nonNil(last.hash), last.person, pageNames)
		for r.Next() {
			list = append(list, message{bytes.Clone(r.Blob(0)), r.Int(1)})
		}
		err := r.Close()
		if more = len(list) == pageNames; err == nil && len(list) > 0 {
			last = list[len(list)-1]
			err = write(func(w engine.Writer) (err error) {
				for _, m := range list {
					err = errors.Join(err, insertMessage(w, m.hash, m.person))
				}
				return err
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nonNil is a hash for a comparison, in which NULL would be nobody's.
func nonNil(hash []byte) []byte {
	if hash == nil {
		return []byte{}
	}
	return hash
}
