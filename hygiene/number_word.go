package hygiene

import "slices"

// OpensOnNumber reports whether an event of that outcome may open a suppression on a
// number.
func (p *Policy) OpensOnNumber(o Outcome) bool { return p.HasNumbers() && p.opening.Has(o) }

// Withdraw takes entries out of a number that turned out to be of a contact's events, by
// their places in the log, and judges the number again. The contact gives them.
func (p *Policy) Withdraw(number *Contact, seqs []int64, cause Moment) []Change {
	left := func(e Entry) bool {
		return e.from == 0 && (slices.Contains(seqs, e.Seq) || e.lastSeq != 0 && slices.Contains(seqs, e.lastSeq))
	}
	var gone []int64
	for o := range number.History.outcomes {
		trail := &number.History.outcomes[o]
		kept := slices.DeleteFunc(slices.Clone(trail.Entries), left)
		if len(kept) == len(trail.Entries) {
			continue
		}
		for _, e := range trail.Entries {
			if left(e) {
				gone = append(gone, e.Seq)
			}
			if left(e) && e.lastSeq != 0 {
				gone = append(gone, e.lastSeq)
			}
		}
		trail.refill(kept, nil, false)
	}
	if gone == nil {
		return nil
	}
	return p.rejudge(number, remake{cause: cause, gone: slices.DeleteFunc(gone, number.History.has)})
}

// HasWords reports whether a word names the number itself.
func (p *Policy) HasWords(c *Contact) bool {
	return slices.ContainsFunc(c.Instructions, func(in Instruction) bool { return p.namesNumber(&in) }) ||
		slices.ContainsFunc(c.ownEntries(), func(e *Entry) bool { return p.opening.Has(e.outcome) })
}

// namesNumber reports whether the instruction of a number is a person's word that names
// it and no contact.
func (p *Policy) namesNumber(in *Instruction) bool {
	return in.Kind == Suppress && in.IsOwn() && p.Protects(in.Reason)
}

// words are the person's words that name the number and no contact: acts, and what rules
// of one event make of its own entries. What a rule that counts makes of several stays
// with the number.
func (p *Policy) words(number *Contact) (list []Instruction) {
	for _, in := range number.Instructions {
		if p.namesNumber(&in) {
			list = append(list, in)
		}
	}
	j := judge{p: p, c: number}
	for _, e := range number.ownEntries() {
		for _, n := range p.triggers[e.outcome] {
			r := &p.Rules[n]
			s := r.Then.Suppress
			if s == nil || !p.Protects(s.Reason) || e.held != 0 || !r.isOfOneEvent() || !r.When.triggeredBy(e.outcome, number.History.Kind(e)) {
				continue
			}
			if struck := j.struckByRange(s.Reason, r.Name); struck(e) {
				continue
			}
			of := p.suppressionOf(r, e, tally{seqs: []int64{e.Seq}, oldest: e.At})
			list = append(list, Instruction{Moment: e.Moment, Kind: SuppressByReview, Reason: s.Reason, Until: of.Until, Rule: r.Name, Digest: r.digest, Evidence: of.Evidence})
		}
	}
	return list
}

// struckByRange is the test whether evidence of a range that has the entry was
// invalidated. To allow the number is about what lies on it, not about its contacts.
func (j *judge) struckByRange(reason, rule string) func(*Entry) bool {
	c := j.c
	return func(e *Entry) bool {
		return slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
			return in.Kind == Strike && in.strikes(reason, rule, e, c.History.Kind(e))
		})
	}
}

// TakeWords gives the contact the words that name its number and no contact, in place of
// those that it had, and judges it again. numbers are those that are subjects of their
// own. It reports whether that changed anything.
func (p *Policy) TakeWords(c *Contact, numbers []*Contact, cause Moment) (changes []Change, changed bool) {
	var have []Instruction
	c.eachPart("", func(part *Contact) {
		p.TakeWords(part, numbers, cause)
		for _, in := range part.Instructions {
			if in.OfNumber != "" && !slices.ContainsFunc(have, in.sameWord) {
				have = append(have, in)
			}
		}
	})
	for _, n := range numbers {
		phone := NumberIn(n.Key)
		for _, in := range p.words(n) {
			if c.Parts == nil && c.NumberAt(in.At) == phone {
				in.OfNumber = phone
				have = append(have, in)
			}
		}
	}
	slices.SortStableFunc(have, func(a, b Instruction) int { return a.Moment.Compare(b.Moment) })
	var had, list []Instruction
	for _, in := range c.Instructions {
		if in.OfNumber != "" {
			had = append(had, in)
		} else {
			list = append(list, in)
		}
	}
	if slices.EqualFunc(had, have, func(a, b Instruction) bool { return a.sameWord(b) }) {
		return nil, false
	}
	c.Instructions = list
	for _, in := range have {
		c.record(in)
	}
	return p.rejudge(c, remake{cause: cause, gone: c.unfounded(had, have)}), true
}

// SaidOf is the number of which the word was said that suppresses the contact; empty when
// it was said of the contact.
func (c *Contact) SaidOf(s *Suppression) string {
	for i := range c.Instructions {
		if in := &c.Instructions[i]; in.OfNumber != "" && in.opens() && !in.Undone && in.Moment == s.Since && in.Reason == s.Reason && in.Origin == s.Origin {
			return in.OfNumber
		}
	}
	return ""
}

// unfounded is the evidence of words that the contact had, and that nothing shows any more.
func (c *Contact) unfounded(had, have []Instruction) (seqs []int64) {
	for _, in := range had {
		for _, seq := range in.Evidence {
			if !c.History.has(seq) && !slices.ContainsFunc(have, func(in Instruction) bool { return slices.Contains(in.Evidence, seq) }) {
				seqs = append(seqs, seq)
			}
		}
	}
	return seqs
}

// sameWord reports whether both are the same word of one number, undone or not alike.
func (in *Instruction) sameWord(b Instruction) bool {
	return in.sameAct(b) && in.Undone == b.Undone && in.OfNumber == b.OfNumber
}
