package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/erasure"
	"winnow/store/forgotten"
)

// hardBounce is the reason that keeps a forgotten person away beside what is their word.
const hardBounce = "hard_bounce"

// remember keeps, as hashes, what keeps a person away who is about to be erased. It comes
// before anything of them is erased, in the transaction that decides it. It can be
// repeated.
func remember(w engine.Writer, policy *hygiene.Policy, p *erasure.Person, now hygiene.Instant) error {
	r := rememberer{Writer: w, policy: policy, now: now}
	of, err := r.person(p)
	if err != nil {
		return err
	}
	return forgotten.Remember(w, of)
}

// rememberMessages keeps hashes of messages that were for a person who was remembered,
// before these are erased. It can be repeated.
func rememberMessages(w engine.Writer, p *erasure.Person, messages []engine.MessageKey) error {
	names := &forgotten.Person{}
	for _, key := range p.Keys {
		names.Keys = append(names.Keys, forgotten.Name{Text: key})
	}
	for _, n := range p.Numbers {
		names.Numbers = append(names.Numbers, forgotten.Name{Text: n.Phone})
	}
	return forgotten.RememberMessages(w, names, messages)
}

// rememberer finds out what keeps a person away.
type rememberer struct {
	engine.Writer
	policy *hygiene.Policy
	now    hygiene.Instant
}

// person is what is to be kept of the person. What lies on the number that they have
// keeps their keys away too, as long as these are not known with another number.
func (r *rememberer) person(p *erasure.Person) (*forgotten.Person, error) {
	of := &forgotten.Person{}
	k := &contactRow{}
	if len(p.Keys) > 0 {
		if err := k.load(r, p.Keys[0]); err != nil {
			return nil, err
		}
	}
	own := r.reasons(k.Suppressions, nil)
	for _, n := range p.Numbers {
		number := &contactRow{}
		if err := number.load(r, hygiene.NumberKey(n.Phone)); err != nil {
			return nil, err
		}
		name := forgotten.Name{Text: n.Phone}
		present := n.Phone == k.Phone || len(p.Keys) == 0
		if present || slices.ContainsFunc(number.Givers(), func(id int64) bool { return slices.Contains(p.IDs, id) }) {
			name.Reasons = r.reasons(number.Suppressions, &number.Contact)
		}
		if present || len(name.Reasons) > 0 {
			of.Numbers = append(of.Numbers, name)
		}
		if present {
			own = append(own, onNumber(name, own)...)
		}
	}
	for _, key := range p.Keys {
		of.Keys = append(of.Keys, forgotten.Name{Text: key, Reasons: own})
	}
	return of, nil
}

// onNumber are the reasons of the number that its contact does not have itself.
func onNumber(number forgotten.Name, own []forgotten.Reason) (list []forgotten.Reason) {
	for _, r := range number.Reasons {
		if !slices.ContainsFunc(own, func(o forgotten.Reason) bool { return o.Reason == r.Reason }) {
			r.OfNumber, r.Named = true, false
			list = append(list, r)
		}
	}
	return list
}

// reasons are those that keep a forgotten person away: their word, also one that a breaker
// holds, and a hard bounce. number is the number that has the suppressions; nil for a
// contact's.
func (r *rememberer) reasons(list []hygiene.Suppression, number *hygiene.Contact) (reasons []forgotten.Reason) {
	for i := range list {
		s := &list[i]
		word := r.policy.Protects(s.Reason)
		if !word && (s.Reason != hardBounce || s.Held != 0) || s.Until != 0 && s.Until <= r.now {
			continue
		}
		reasons = append(reasons, forgotten.Reason{Reason: s.Reason, Since: s.Since.At, Until: s.Until,
			Named: word && number != nil && number.IsNamed(s)})
	}
	return reasons
}
