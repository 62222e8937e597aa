package forecast

import (
	"slices"

	"winnow/hygiene"
)

// WithItsNumber is the contact as if it were its own number: what the number has for a
// fault, on evidence of this contact alone, is the contact's. So a plan counts what rules
// open and lift on the number of a contact. What rests on the evidence of others with the
// number stays as it is.
func WithItsNumber(p *hygiene.Policy, c *hygiene.Contact) *hygiene.Contact {
	if !p.HasNumbers() || c.Phone == "" {
		return c
	}
	view := *c
	view.Phone, view.Numbers, view.Sendings, view.OnNumber = "", nil, nil, nil
	var seqs []int64
	for _, s := range c.OnNumber {
		if seqs == nil {
			seqs = c.History.Seqs()
		}
		its := s.Origin == hygiene.ByRule && p.IsFault(s.Reason) && len(s.Evidence) > 0 &&
			!slices.ContainsFunc(s.Evidence, func(seq int64) bool { return !slices.Contains(seqs, seq) })
		if its {
			view.Suppressions = append(slices.Clip(view.Suppressions), s)
		} else {
			view.OnNumber = append(view.OnNumber, s)
		}
	}
	return &view
}
