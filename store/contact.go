package store

import (
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/forgotten"
	"winnow/store/lookahead"
	"winnow/store/portions"
	"winnow/store/regret"
	"winnow/store/statuscounts"
)

// contactRow is a contact as it is stored, and as it is now.
type contactRow struct {
	hygiene.Contact
	stored       engine.Contact // ID is 0 for a contact that is not stored yet
	storedRetry  int64          // seq of the bounce whose message is stored; 0 for none
	storedStatus []hygiene.StatusChange
	measured     regret.Subject

	packed []byte // the facts as they are now
	status []hygiene.StatusChange
	// keeps says that nothing changed which the contact gives to its numbers.
	keeps bool
	// proves says that an event may have proved a suppression right or wrong.
	proves bool

	recalled []*forgotten.Kept // what is remembered of a new one, see recall.go
}

// chunkSize is how many contacts are read, or written, together.
const chunkSize = 128

func newRows(n int) []*contactRow {
	rows := make([]*contactRow, n)
	for i := range rows {
		rows[i] = &contactRow{}
	}
	return rows
}

// loadRows reads the contacts of the keys, which are their own, into as many rows,
// which stay packed.
// The rows of keys without a contact are those of new ones.
func loadRows(c engine.Reader, keys []string, rows []*contactRow) error {
	if len(keys) > 0 && hygiene.NumberIn(keys[0]) != "" {
		return loadNumbers(c, keys, rows)
	}
	for i, key := range keys {
		rows[i].reset(key)
	}
	return c.FindContacts(keys, true, func(i int, stored *engine.Contact) error {
		rows[i].set(stored)
		return nil
	})
}

// load reads the contact that the key names into k, without the message of its retry.
func (k *contactRow) load(c engine.Reader, key string) error {
	root, err := rootOf(c, key)
	if err != nil {
		return err
	}
	if err := loadRows(c, []string{root}, []*contactRow{k}); err != nil {
		return err
	}
	if root != key {
		k.Alias = key
	}
	return k.unpack()
}

func (k *contactRow) reset(key string) {
	k.Reset(key)
	k.stored, k.storedRetry, k.storedStatus, k.keeps, k.recalled = engine.Contact{}, 0, nil, false, nil
	k.measured, k.proves = regret.Subject{}, false
}

// set makes k, which was reset, the contact as it is stored, still packed.
func (k *contactRow) set(stored *engine.Contact) {
	k.stored, k.Key, k.Phone = *stored, stored.Key, stored.Phone
}

const contactColumns = "id, key, phone, attributes, ledger, facts"

// scanContact reads a row of contactColumns.
func scanContact(r engine.Rows) engine.Contact {
	return engine.Contact{ID: r.Int(0), Key: r.Text(1), Phone: r.Text(2), Attributes: r.Blob(3), Ledger: r.Int(4), Facts: r.Blob(5)}
}

// unpack reads all that is packed, for a writer.
func (k *contactRow) unpack() error {
	if k.stored.ID == 0 {
		return nil
	}
	if err := k.unpackForReading(); err != nil {
		return err
	}
	if k.Retry != nil {
		k.storedRetry = k.Retry.Since.Seq
	}
	k.storedStatus, k.measured = k.StatusChanges(), regret.Stored(&k.Contact)
	return nil
}

// unpackForReading is unpack without what only a writer needs.
func (k *contactRow) unpackForReading() error {
	if err := k.unpackFacts(); err != nil {
		return err
	}
	return k.unpackAttributes()
}

// forReader looks at the contact in the present if the store does.
func (k *contactRow) forReader(present bool) *hygiene.Contact {
	if present {
		k.InPresent()
	}
	return &k.Contact
}

func (k *contactRow) unpackFacts() error {
	if err := k.Unpack(k.stored.Facts); err != nil {
		return fmt.Errorf("read contact %d: %w", k.stored.ID, err)
	}
	return nil
}

func (k *contactRow) unpackAttributes() (err error) {
	if k.stored.Attributes == nil {
		return nil
	}
	if k.Attributes, err = hygiene.UnpackAttributes(k.stored.Attributes); err != nil {
		return fmt.Errorf("read attributes of contact %d: %w", k.stored.ID, err)
	}
	return nil
}

// pack prepares what of the contact is written.
func (k *contactRow) pack() {
	if len(k.packed) > 0 && len(k.stored.Facts) > 0 && &k.packed[0] == &k.stored.Facts[0] {
		k.packed = nil // it was saved in this transaction: what is stored is compared with
	}
	k.measured.Prove(&k.Contact)
	k.packed = k.Pack(k.packed[:0])
	k.status = k.StatusChanges()
}

// loadRetryMessages reads the messages of the rows' retries.
func loadRetryMessages(c engine.Reader, rows []*contactRow) error {
	var ids []int64
	var retries []*hygiene.Retry
	for _, k := range rows {
		if k.Retry != nil {
			ids, retries = append(ids, k.stored.ID), append(retries, k.Retry)
		}
	}
	return c.FindRetryMessages(ids, func(i int, m *engine.RetryMessage) {
		retries[i].MessageID, retries[i].UniqueArgs = m.MessageID, m.UniqueArgs
	})
}

// txWriter writes contacts within one transaction, under one policy.
type txWriter struct {
	engine.Writer
	log    func(do func(engine.LogReader) error) error
	args   func(*hygiene.Event) []byte // what the sender attached to its message
	judge  *hygiene.Policy
	policy int64 // policies.id; 0 for none
	batch  int64 // batches.id of a manual change; 0 for none
	counts statuscounts.Changes
	regret regret.Tally
	grown  regret.Growth
	given  given
	ahead  *lookahead.Writer // of a list; nil for nothing
	added  map[string]int64  // to counters
	beside *portions.Portion // that is swept while others write; nil when nobody else does

	recalls recaller

	namesRead, names bool // whether it is known, and whether there are merged contacts

	// Reused from one save to the next.
	inserts, updates []*engine.Contact
	entries          []engine.Entry
}

// writeAs runs do in one transaction, under the policy.
func (s *Store) writeAs(policy *hygiene.Policy, do func(w *txWriter) error) error {
	return s.writeIn(s.engine.Write, policy, do)
}

// writeIn is writeAs in a transaction of that kind. What several that write beside each other
// may write comes last, see [engine.Sharing].
func (s *Store) writeIn(write func(func(engine.Writer) error) error, policy *hygiene.Policy, do func(w *txWriter) error) error {
	return write(func(c engine.Writer) (err error) {
		w := &txWriter{Writer: c, log: s.readLog, args: s.uniqueArgs, judge: policy, counts: statuscounts.Changes{}, regret: regret.Tally{}, grown: regret.Growth{}, added: map[string]int64{}}
		if err := w.useHolds(); err != nil {
			return err
		}
		if w.policy, err = policyID(c, policy); err != nil {
			return err
		}
		if err := do(w); err != nil {
			return err
		}
		if err := w.saveAdded(); err != nil {
			return err
		}
		if err := w.counts.Save(c); err != nil {
			return err
		}
		return errors.Join(w.saveRegret(), w.grown.Save(c))
	})
}

// useHolds judges by the rules that are held now.
func (w *txWriter) useHolds() error {
	holds, err := regret.Holds(w, 0)
	w.judge = w.judge.WithHolds(holds)
	return err
}

// save writes one contact and what changed about it.
func (w *txWriter) save(k *contactRow, changes []hygiene.Change) error {
	k.pack()
	return w.savePacked([]*contactRow{k}, [][]hygiene.Change{changes})
}

// savePacked writes contacts that are packed, with what changed about each of
// them. It is the one writer of contacts, the ledger and the messages of retries.
func (w *txWriter) savePacked(rows []*contactRow, changes [][]hygiene.Change) error {
	if len(rows) == 0 {
		return nil
	}
	if err := w.checkBeside(rows); err != nil {
		return err
	}
	if err := w.recall(rows, changes); err != nil {
		return err
	}
	if err := w.forgive(rows, changes); err != nil {
		return err
	}
	for i, k := range rows {
		w.regret.Count(&k.measured, &k.Contact, w.judge, changes[i])
		w.grown.Note(w.judge, changes[i], w.batch != 0)
	}
	if rows[0].IsNumber() {
		return w.saveNumbers(rows, changes)
	}
	if err := w.countStatuses(rows); err != nil {
		return err
	}
	newContacts, newEntries := 0, 0
	for i, k := range rows {
		if k.stored.ID == 0 {
			newContacts++
		}
		newEntries += len(changes[i])
	}
	contactID, entryID, err := w.NewIDs(newContacts, newEntries)
	if err != nil {
		return err
	}
	w.inserts, w.updates, w.entries = w.inserts[:0], w.updates[:0], w.entries[:0]
	for i, k := range rows {
		if k.stored.ID == 0 {
			k.stored = engine.Contact{ID: contactID, Key: k.Key, Phone: k.Phone, Attributes: packedAttributes(k.Attributes)}
			contactID++
			w.inserts = append(w.inserts, &k.stored)
		} else {
			w.updates = append(w.updates, &k.stored)
		}
		entryID = w.enter(k, changes[i], entryID)
		k.stored.Facts = k.packed
		k.storedStatus = k.status
	}
	if err := w.AppendLedger(w.entries); err != nil {
		return err
	}
	if err := w.InsertContacts(w.inserts); err != nil {
		return err
	}
	if err := w.indexLooseForms(w.inserts); err != nil {
		return err
	}
	if err := w.UpdateContacts(w.updates); err != nil {
		return err
	}
	if err := w.saveRetryMessages(rows); err != nil {
		return err
	}
	if err := w.linkAll(rows); err != nil {
		return err
	}
	return w.giveAll(rows)
}

// enter adds the changes to the entries to be appended, the first with that id, and
// returns the next id.
func (w *txWriter) enter(k *contactRow, changes []hygiene.Change, id int64) int64 {
	for n := range changes {
		w.entries = append(w.entries, engine.Entry{ID: id, Contact: k.stored.ID, Prev: k.stored.Ledger,
			Policy: w.policy, Batch: w.batch, Change: &changes[n]})
		k.stored.Ledger = id
		id++
	}
	return id
}

// saveRetryMessages keeps the message of each row's retry while there is one.
func (w *txWriter) saveRetryMessages(rows []*contactRow) error {
	var seqs, gone []int64
	var changed []*contactRow
	for _, k := range rows {
		switch {
		case k.Retry != nil && k.Retry.Since.Seq != k.storedRetry:
			seqs, changed = append(seqs, k.Retry.Since.Seq), append(changed, k)
		case k.Retry == nil && k.storedRetry != 0:
			gone, k.storedRetry = append(gone, k.stored.ID), 0
		}
	}
	if len(seqs) > 0 {
		messages, long, err := w.retryMessages(seqs, changed)
		if err != nil {
			return err
		}
		w.added[counters.LongArgs] += long
		if err := w.SaveRetryMessages(messages); err != nil {
			return err
		}
	}
	for i, k := range changed { // the log no longer has the bounce
		if k.storedRetry != seqs[i] && k.storedRetry != 0 {
			gone, k.storedRetry = append(gone, k.stored.ID), 0
		}
	}
	return w.DeleteRetryMessages(gone)
}

// maxUniqueArgs is how many bytes of unique_args a retry keeps, as many as an
// attribute may have: a run holds those of hundreds of contacts in memory, and
// writes them into each of its files, night after night. Longer ones stay in the
// event's body.
const maxUniqueArgs = 8 << 10

// retryMessages reads from the log the messages of the bounces of these seqs,
// and notes with their contacts that they are stored. long is how many of them had
// unique_args that are too long to keep.
func (w *txWriter) retryMessages(seqs []int64, of []*contactRow) (messages []engine.RetryMessage, long int64, err error) {
	err = w.log(func(l engine.LogReader) error {
		return l.Events(seqs, true, func(i int, e *hygiene.Event) error {
			m := engine.RetryMessage{Contact: of[i].stored.ID, MessageID: e.MessageID, UniqueArgs: w.args(e)}
			if len(m.UniqueArgs) > maxUniqueArgs {
				m.UniqueArgs = nil
				long++
			}
			messages = append(messages, m)
			of[i].storedRetry = e.Seq
			return nil
		})
	})
	return messages, long, err
}

// saveProfile writes the phone number and the attributes of a stored contact.
func (w *txWriter) saveProfile(k *contactRow) error {
	var phone, attributes any
	if k.Phone != "" {
		phone = k.Phone
	}
	if packed := packedAttributes(k.Attributes); packed != nil {
		attributes = packed
	}
	return w.Exec("UPDATE contacts SET phone = ?, attributes = ? WHERE id = ?", phone, attributes, k.stored.ID)
}

// packedAttributes are the attributes as they are stored; nil for none.
func packedAttributes(a hygiene.Attributes) []byte {
	if len(a) == 0 {
		return nil
	}
	return a.Pack(nil)
}
