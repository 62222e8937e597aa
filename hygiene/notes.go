package hygiene

import "slices"

// EraseNotes erases the notes of operators for which erase says so, and reports whether
// there were any.
func (c *Contact) EraseNotes(erase func(note string) bool) (erased bool) {
	return c.eraseNotes(func(note string, _ int64) bool { return erase(note) })
}

// forgottenGiver is the id of a contact that gave something to a number and was forgotten.
const forgottenGiver = -1

// ForgetGivers erases from a number the notes of operators that came with these contacts,
// and who they are, and reports whether they gave anything. What they gave stays: see
// [Contact.HasForgottenGiver].
func (c *Contact) ForgetGivers(ids []int64) (gave bool) {
	c.eraseNotes(func(_ string, giver int64) bool { return slices.Contains(ids, giver) })
	givers := slices.Clone(c.History.givers)
	for i, id := range givers {
		if slices.Contains(ids, id) {
			givers[i], gave = forgottenGiver, true
		}
	}
	c.History.givers = givers
	return gave
}

// HasForgottenGiver reports whether the number has something of a contact that was
// forgotten: what happens to that contact's evidence is done to the number itself.
func (c *Contact) HasForgottenGiver() bool {
	return slices.Contains(c.History.givers, forgottenGiver)
}

// isIts reports whether the instruction is the subject's own, or that of a contact of the
// number that was forgotten.
func (c *Contact) isIts(in *Instruction) bool {
	return in.IsOwn() || in.from != 0 && c.Giver(in) == forgottenGiver
}

func (c *Contact) eraseNotes(erase func(note string, giver int64) bool) (erased bool) {
	c.Suppressions = slices.Clone(c.Suppressions)
	for i := range c.Suppressions {
		if s := &c.Suppressions[i]; s.Note != "" && erase(s.Note, c.GiverOf(s)) {
			s.Note, erased = "", true
		}
	}
	c.Instructions = slices.Clone(c.Instructions)
	for i := range c.Instructions {
		in := &c.Instructions[i]
		if in.Note != "" && erase(in.Note, c.Giver(in)) {
			in.Note, erased = "", true
		}
		in.Lifted = slices.Clone(in.Lifted)
		for n := range in.Lifted {
			if s := &in.Lifted[n]; s.Note != "" && erase(s.Note, c.Giver(in)) {
				s.Note, erased = "", true
			}
		}
	}
	c.eachPart("", func(part *Contact) { erased = part.eraseNotes(erase) || erased })
	return erased
}
