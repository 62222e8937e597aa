package hygiene

// EachEvidence visits the places in the log of the events on which rests what stands of
// the contact or number: suppressions, those that are over included, tags and the retry.
// Of a merged contact it also visits those of its parts. A place may be visited twice.
func (c *Contact) EachEvidence(visit func(seq int64)) {
	of := func(g *Cause) {
		for _, seq := range g.Evidence {
			visit(seq)
		}
	}
	for i := range c.Suppressions {
		s := &c.Suppressions[i]
		visit(s.Since.Seq)
		of(&s.Cause)
		if s.Renewal.At != (Moment{}) {
			visit(s.Renewal.At.Seq)
			of(&s.Renewal.Cause)
		}
	}
	for i := range c.Tags {
		visit(c.Tags[i].Since.Seq)
		of(&c.Tags[i].Cause)
	}
	if c.Retry != nil {
		visit(c.Retry.Since.Seq)
		of(&c.Retry.Cause)
	}
	for i := range c.Parts {
		c.Parts[i].EachEvidence(visit)
	}
}
