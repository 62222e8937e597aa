package hygiene

import "slices"

// EraseNotes erases the notes of operators for which erase says so, and reports whether
// there were any.
func (c *Contact) EraseNotes(erase func(note string) bool) (erased bool) {
	return c.eraseNotes(func(note string, _ int64) bool { return erase(note) })
}

// EraseNotesOf erases from a number the notes of operators that came with these contacts,
// and reports whether there were any.
func (c *Contact) EraseNotesOf(givers []int64) (erased bool) {
	return c.eraseNotes(func(_ string, giver int64) bool { return slices.Contains(givers, giver) })
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
