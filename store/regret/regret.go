// Package regret counts what rules did, by rule and day, and what later events say of it:
// how often a suppression was followed by a delivery that proved it wrong.
//
// It is counted as contacts and numbers are written, from what each was before and is now:
// an opening counts on its day, and once, whatever ends it; what proves it right or wrong
// later counts on the same day. So it costs no pass, and a sweep that is repeated after a
// crash counts once, as the counts are written with the contacts. Evidence that an operator
// struck is taken back: the rule was not wrong, the evidence was.
//
// Where to change what: which events prove what is in hygiene/proof.go; who writes contacts
// is store/contact.go.
package regret

import (
	"cmp"
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// key is what one row counts: what a rule, reading the same, opened on a day.
type key struct {
	day    int64 // in days since 1970 in UTC
	rule   string
	digest uint64
}

// proofs counts suppressions by what is known of them.
type proofs [hygiene.Regretted + 1]int64

// Tally collects what one transaction changes.
type Tally map[key]proofs

// Subject is what is counted of a contact or a number as it is stored.
type Subject struct{ was []hygiene.Suppression }

// Stored is what is counted of the contact or number, which was just read.
func Stored(c *hygiene.Contact) Subject { return Subject{c.Measured()} }

// Remade is what is counted of the contact, which was made of those by a merge or its undo:
// what is known of them is counted.
func Remade(c *hygiene.Contact, of ...Subject) Subject {
	for i := range of {
		c.KeepProof(of[i].was)
	}
	return Stored(c)
}

// Prove keeps with the contact or number what was known of its suppressions, and what its
// history says of them now. It comes before it is packed.
func (s *Subject) Prove(c *hygiene.Contact) {
	if len(c.Suppressions)+len(c.Instructions) > 0 {
		c.Prove(s.was)
	}
}

// Count counts what became of the contact or number by the changes. Reasons that the policy
// protects are left out. What is now is what is stored then.
func (t Tally) Count(s *Subject, c *hygiene.Contact, p *hygiene.Policy, changes []hygiene.Change) {
	was, is := s.was, c.Measured()
	s.was = is
	if len(was) == 0 && len(is) == 0 && !slices.ContainsFunc(changes, opensByRule) {
		return
	}
	was, is = unprotected(was, p), unprotected(is, p)
	gone, fresh := part(was, is)
	for i := range fresh {
		now := &fresh[i]
		if n := slices.IndexFunc(gone, func(old hygiene.Suppression) bool { return reopens(&old, now) }); n >= 0 { // late evidence moved it
			t.add(&gone[n], gone[n].Proof, -1)
			gone = slices.Delete(gone, n, n+1)
		}
		t.add(now, now.Proof, +1)
	}
	for i := range was {
		for n := range is {
			if was[i].IsSame(&is[n]) {
				t.move(&is[n], was[i].Proof, is[n].Proof)
			}
		}
	}
	for i := range gone {
		if old := &gone[i]; c.WasStruck(old) {
			t.add(old, old.Proof, -1)
		} else {
			t.move(old, old.Proof, max(old.Proof, c.ProofOf(old, lifted(old, changes))))
		}
	}
	for i := range changes {
		if s := passing(&changes[i], p); s != nil && !within(was, s) && !within(is, s) {
			t.add(s, c.ProofOf(s, lifted(s, changes[i:])), +1)
		}
	}
}

// part parts what was and is no longer from what is and was not.
func part(was, is []hygiene.Suppression) (gone, fresh []hygiene.Suppression) {
	lacks := func(list []hygiene.Suppression) func(hygiene.Suppression) bool {
		return func(s hygiene.Suppression) bool {
			return slices.ContainsFunc(list, func(other hygiene.Suppression) bool { return s.IsSame(&other) })
		}
	}
	return slices.DeleteFunc(slices.Clone(was), lacks(is)), slices.DeleteFunc(slices.Clone(is), lacks(was))
}

// reopens reports whether the new suppression is the old one with another beginning: of
// the same rule, and not after that was over.
func reopens(old, now *hygiene.Suppression) bool {
	return old.SameRule(&now.Cause) && old.Reason == now.Reason && (old.Until == 0 || now.Since.At < old.Until)
}

func unprotected(list []hygiene.Suppression, p *hygiene.Policy) []hygiene.Suppression {
	if p == nil {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(s hygiene.Suppression) bool { return p.Protects(s.Reason) })
}

func opensByRule(c hygiene.Change) bool {
	return c.Act == hygiene.Suppressed && c.Origin == hygiene.ByRule && c.Rule != "" && c.Held == 0
}

// passing is the suppression that the entry opened by a rule of the policy; nil for
// anything else.
func passing(c *hygiene.Change, p *hygiene.Policy) *hygiene.Suppression {
	if !opensByRule(*c) || p == nil || p.Protects(c.Reason) {
		return nil
	}
	s := &hygiene.Suppression{Reason: c.Reason, Since: hygiene.Moment{At: c.At, Seq: c.Seq}, Until: c.Until, Cause: hygiene.Cause{Rule: c.Rule, Evidence: c.Evidence}}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.Name == c.Rule {
			s.Digest = r.Digest()
			return s
		}
	}
	return nil
}

// within reports whether the list has the suppression, as far as the ledger tells.
func within(list []hygiene.Suppression, s *hygiene.Suppression) bool {
	return slices.ContainsFunc(list, func(other hygiene.Suppression) bool {
		return other.SameRule(&s.Cause) && other.Reason == s.Reason && other.Since.At == s.Since.At
	})
}

// lifted is when the suppression was lifted by one of the changes; the zero moment if none
// did.
func lifted(s *hygiene.Suppression, changes []hygiene.Change) hygiene.Moment {
	for i := range changes {
		if c := &changes[i]; c.Act == hygiene.Released && c.Reason == s.Reason && c.Origin == hygiene.ByRule && c.At >= s.Since.At {
			return hygiene.Moment{At: c.At, Seq: c.Seq}
		}
	}
	return hygiene.Moment{}
}

// Proved counts what became known of a suppression of which something else was known.
func (t Tally) Proved(s *hygiene.Suppression, was hygiene.Proof, p *hygiene.Policy) {
	if p == nil || !p.Protects(s.Reason) {
		t.move(s, was, s.Proof)
	}
}

func (t Tally) move(s *hygiene.Suppression, was, is hygiene.Proof) {
	if was != is {
		t.add(s, was, -1)
		t.add(s, is, +1)
	}
}

func (t Tally) add(s *hygiene.Suppression, proof hygiene.Proof, n int64) {
	k := key{DayOf(s.Since.At), s.Rule, s.Digest}
	counts := t[k]
	counts[proof] += n
	t[k] = counts
}

const dayMicros = 24 * 60 * 60 * 1_000_000

// DayOf is the day of t, in days since 1970 in UTC.
func DayOf(t hygiene.Instant) int64 { return int64(t) / dayMicros }

// Save writes what was collected of the days from the given time on. It is the one writer
// of regret.
func (t Tally) Save(w engine.Writer, from hygiene.Instant) error {
	keys := slices.SortedFunc(maps.Keys(t), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.rule, b.rule), cmp.Compare(a.digest, b.digest))
	})
	for _, k := range keys {
		n := t[k]
		if n == (proofs{}) || k.day < DayOf(from) {
			continue
		}
		if err := w.Exec(`INSERT INTO regret (day, rule, digest, unmeasured, found_right, regretted) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (day, rule, digest) DO UPDATE SET unmeasured = regret.unmeasured + excluded.unmeasured,
				found_right = regret.found_right + excluded.found_right, regretted = regret.regretted + excluded.regretted`,
			k.day, k.rule, int64(k.digest), n[hygiene.Unmeasured], n[hygiene.FoundRight], n[hygiene.Regretted]); err != nil {
			return err
		}
	}
	clear(t)
	return nil
}
