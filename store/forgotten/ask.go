package forgotten

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// Kept is what is kept of a key or a number.
type Kept struct {
	Hash    []byte
	Reasons []Reason
}

// OfKey is what is kept of a contact's key; nil if nothing is.
func (h *Hasher) OfKey(c engine.Querier, key string) (*Kept, error) { return kept(c, h.Key(key)) }

// OfNumber is what is kept of a phone number; nil if nothing is.
func (h *Hasher) OfNumber(c engine.Querier, phone string) (*Kept, error) {
	return kept(c, h.Number(phone))
}

func kept(c engine.Querier, hash []byte) (k *Kept, err error) {
	r := c.Query("SELECT reason, since, until, of_number, named FROM forgotten WHERE hash = ? AND lifted <= 0 ORDER BY reason, person", hash)
	for r.Next() {
		if k == nil {
			k = &Kept{Hash: hash}
		}
		if r.Text(0) != "" {
			k.Reasons = append(k.Reasons, Reason{r.Text(0), hygiene.Instant(r.Int(1)), hygiene.Instant(r.Int(2)), r.Int(3) != 0, r.Int(4) != 0})
		}
	}
	return k, r.Close()
}

// Memories are the reasons as a contact or a number is given them, each once: the one
// that ends last.
func (k *Kept) Memories() (list []hygiene.Memory) {
	for _, r := range k.Reasons {
		m := hygiene.Memory{Reason: r.Reason, Since: r.Since, Until: r.Until, OfNumber: r.OfNumber, Named: r.Named}
		if n := len(list); n > 0 && list[n-1].Reason == m.Reason && list[n-1].OfNumber == m.OfNumber && list[n-1].Named == m.Named {
			if last := &list[n-1]; last.Until != 0 && (m.Until == 0 || m.Until > last.Until) {
				last.Until = m.Until
			}
			continue
		}
		list = append(list, m)
	}
	return list
}

// Suppressions are the reasons as suppressions, of what is not known any more.
func (k *Kept) Suppressions() (list []hygiene.Suppression) {
	for _, r := range k.Reasons {
		list = append(list, hygiene.Suppression{Reason: r.Reason, Since: hygiene.Moment{At: r.Since}, Until: r.Until, By: hygiene.ByForgotten})
	}
	return list
}

// Link says that a contact, by its id, or a number, by the negative of its id, has the
// name again.
func (k *Kept) Link(w engine.Writer, subject int64) error { return setSubject(w, k.Hash, subject) }

func setSubject(w engine.Writer, hash []byte, subject int64) error {
	return w.Exec("UPDATE forgotten SET subject = ? WHERE hash = ?", subject, hash)
}

// Forgive ends what is kept of the name for the reason. With person it also ends what is
// kept of other names of the person, but of numbers that were named themselves. What lies
// on a number that has it no longer does not stay with keys. What a batch lifts is kept
// aside until that is undone; 0 for none.
func (k *Kept) Forgive(w engine.Writer, reason string, person bool, batch int64) error {
	of, args := "hash = ?", []any{k.Hash}
	if person {
		of, args = "person IN (SELECT person FROM forgotten AS own WHERE own.hash = ?) AND (named = 0 OR hash = ?)", []any{k.Hash, k.Hash}
	}
	if err := liftReason(w, batch, of, reason, args...); err != nil {
		return err
	}
	return liftReason(w, batch, `of_number = 1 AND person IN (SELECT person FROM forgotten AS own WHERE own.hash = ?)
		AND NOT EXISTS (SELECT 1 FROM forgotten AS other WHERE other.person = forgotten.person AND other.reason = forgotten.reason AND other.of_number = 0 AND other.lifted <= 0)`, reason, k.Hash)
}

func liftReason(w engine.Writer, batch int64, of, reason string, args ...any) error {
	if batch == 0 {
		return deleteReason(w, of, reason, args...)
	}
	return w.Exec("UPDATE forgotten SET lifted = ? WHERE lifted <= 0 AND reason = ? AND reason <> '' AND "+of, append([]any{batch, reason}, args...)...)
}

func deleteReason(w engine.Writer, of, reason string, args ...any) error {
	return w.Exec("DELETE FROM forgotten WHERE reason = ? AND reason <> '' AND "+of, append([]any{reason}, args...)...)
}

// Undo restores what the batch lifted, and calls again for each subject that has such a
// name again, with what holds for it. With redo the batch lifts it once more instead. It
// can be repeated.
func Undo(w engine.Writer, batch int64, redo bool, again func(subject int64, m hygiene.Memory) error) error {
	if redo {
		return w.Exec("UPDATE forgotten SET lifted = ? WHERE lifted = ?", batch, -batch)
	}
	if err := w.Exec("UPDATE forgotten SET lifted = ? WHERE lifted = ?", -batch, batch); err != nil {
		return err
	}
	type restored struct {
		subject int64
		hygiene.Memory
	}
	var list []restored
	r := w.Query("SELECT subject, reason, since, until, of_number, named FROM forgotten WHERE lifted = ? AND subject <> 0", -batch)
	for r.Next() {
		list = append(list, restored{r.Int(0), hygiene.Memory{Reason: r.Text(1), Since: hygiene.Instant(r.Int(2)), Until: hygiene.Instant(r.Int(3)), OfNumber: r.Int(4) != 0, Named: r.Int(5) != 0}})
	}
	err := r.Close()
	for i := 0; err == nil && i < len(list); i++ {
		err = again(list[i].subject, list[i].Memory)
	}
	return err
}
