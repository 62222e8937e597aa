package store

import (
	"cmp"
	"context"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/counters"
	"winnow/store/engine"
)

// keyStep is how many keys a step of [Store.PrepareKeys] looks at.
const keyStep = 2_000

// keysVersion is what the counter keyVersion is once the keys were looked at.
func keysVersion(keys contactkey.Format) int64 { return contactkey.Version*10 + formatOf(keys) }

// KeysPrepared reports whether [Store.PrepareKeys] has nothing to do.
func (s *Store) KeysPrepared(keys contactkey.Format) (done bool, err error) {
	err = s.read(func(c engine.Reader) error {
		version, err := counters.Get(c, counters.KeyVersion)
		done = version == keysVersion(keys)
		return err
	})
	return done, err
}

// PrepareKeys looks through the keys of the store, once for each version and format of
// keys. Contacts whose keys are one now, because an earlier version or a config without
// fold kept them apart, are merged, as one batch: what is stricter holds, and what comes
// by the old key is the merged contact's. A key that could not be a new one stays as it
// is. It is done in steps; when it was cut it goes on where it was. Nothing else may
// change many contacts meanwhile.
func (s *Store) PrepareKeys(ctx context.Context, keys contactkey.Format, policy *hygiene.Policy, now hygiene.Instant) (BatchResult, error) {
	if done, err := s.KeysPrepared(keys); err != nil || done {
		return BatchResult{}, err
	}
	j := &keyJoin{store: s, keys: keys, policy: policy, now: now, batch: Batch{Kind: MergeBatch, By: "winnow", About: "contacts whose keys are one"}}
	err := s.write(func(c engine.Writer) error { return counters.Set(c, counters.KeyFormat, formatOf(keys)) })
	if err == nil {
		err = j.contacts(ctx)
	}
	if err == nil {
		err = j.events(ctx)
	}
	if err == nil {
		err = s.finishBatch(&j.batch)
	}
	if err != nil {
		return j.batch.did(), err
	}
	return j.batch.did(), s.write(func(c engine.Writer) error {
		return cmp.Or(counters.Set(c, counters.KeyVersion, keysVersion(keys)), counters.Set(c, counters.KeySeen, 0))
	})
}

// keyJoin joins the contacts whose keys are one.
type keyJoin struct {
	store  *Store
	keys   contactkey.Format
	policy *hygiene.Policy
	now    hygiene.Instant
	batch  Batch
}

// contacts looks at the keys of all contacts, in their order.
func (j *keyJoin) contacts(ctx context.Context) error {
	last, err := j.store.lastKeySeen()
	for err == nil {
		var rows []*engine.Contact
		if rows, err = j.store.keysAfter(last); err != nil || len(rows) == 0 {
			return err
		}
		last = rows[len(rows)-1].Key
		err = j.step(ctx, rows)
	}
	return err
}

// step looks at the keys of some contacts. It writes only what it has to.
func (j *keyJoin) step(ctx context.Context, rows []*engine.Contact) error {
	var pairs []MergePair
	var toIndex []*engine.Contact
	seen := int64(0) // of the last that stays
	for _, row := range rows {
		if pair, ok := j.pair(row.Key); ok {
			pairs = append(pairs, pair)
		} else {
			seen = row.ID
		}
		if !contactkey.FoundByForm(row.Key, contactkey.Loose(row.Key)) {
			toIndex = append(toIndex, row)
		}
	}
	if err := j.merge(ctx, pairs); err != nil || len(toIndex)+len(pairs) == 0 {
		return err
	}
	return j.store.writeAs(nil, func(w *txWriter) error {
		if err := w.indexLooseForms(toIndex); err != nil || seen == 0 {
			return err
		}
		return counters.Set(w, counters.KeySeen, seen)
	})
}

// events looks at the keys of events that were not swept yet, whose contacts may not be
// known.
func (j *keyJoin) events(ctx context.Context) error {
	seq, err := j.store.Cursor()
	for err == nil {
		b := j.store.readLot(seq, lotEvents)
		if b.Err != nil || len(b.Events) == 0 {
			return b.Err
		}
		seq = b.Last()
		var pairs []MergePair
		met := map[string]bool{}
		for i := range b.Events {
			if pair, ok := j.pair(b.Events[i].Contact); ok && !met[pair.Old] {
				met[pair.Old] = true
				pairs = append(pairs, pair)
			}
		}
		err = j.merge(ctx, pairs)
	}
	return err
}

// pair is the contact that a key is to be merged into; false for none.
func (j *keyJoin) pair(key string) (MergePair, bool) {
	if key == "" {
		return MergePair{}, false
	}
	normal, err := j.keys.Normalize(key)
	return MergePair{Old: key, New: normal}, err == nil && normal != key
}

// merge merges some pairs as part of the batch, and counts them.
func (j *keyJoin) merge(ctx context.Context, pairs []MergePair) error {
	if len(pairs) == 0 {
		return nil
	}
	end, err := j.store.LastSeq()
	m := hygiene.Moment{At: j.now, Seq: end}
	for from := 0; err == nil && from < len(pairs); from += mergeStep {
		if err := ctx.Err(); err != nil {
			return err
		}
		did := int64(0)
		do := mergePairs(pairs[from:min(from+mergeStep, len(pairs))], m, func(m *Merge) {
			if m.Done && m.OldContact != nil {
				did++
			}
		})
		err = j.store.batchStep(j.policy, &j.batch, j.now, func(w *txWriter, b *Batch) error {
			if err := do(w, b); err != nil {
				return err
			}
			return cmp.Or(counters.Add(w, counters.KeysJoined, did), counters.Set(w, counters.KeysBatch, b.ID))
		})
	}
	return err
}

// lastKeySeen is the key after which to go on.
func (s *Store) lastKeySeen() (key string, err error) {
	err = s.read(func(c engine.Reader) error {
		id, err := counters.Get(c, counters.KeySeen)
		if err == nil && id != 0 {
			key, err = c.Text("SELECT key FROM contacts WHERE id = ?", id)
		}
		return err
	})
	return key, err
}

// keysAfter reads the next contacts by key, with nothing but their key.
func (s *Store) keysAfter(last string) (rows []*engine.Contact, err error) {
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT id, key FROM contacts WHERE key > ? ORDER BY key LIMIT ?", last, keyStep)
		for r.Next() {
			rows = append(rows, &engine.Contact{ID: r.Int(0), Key: r.Text(1)})
		}
		return r.Close()
	})
	return rows, err
}
