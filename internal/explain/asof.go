package explain

import (
	"context"
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/store"
)

// ContactAsOf explains the contact as it was known at a time: by the events that had been
// received and the acts that had been done by then, under the policy in force then.
// Attributes, lists, pins, merges and the send log are as now, which the explanation says. The
// result is false when nothing was known of the contact. progress may be nil; it gets the
// events of the log that were read.
//
// What was decided is not judged again, but for retries: it is read from the ledger, which
// is never rewritten. So it is what winnow did at that time, also where a rule has changed
// since.
func ContactAsOf(ctx context.Context, a *app.App, key string, at hygiene.Instant, progress func(int64)) (*Explanation, *config.Config, error) {
	now, ok, err := a.Store.Contact(key)
	if err != nil || !ok {
		return nil, nil, err
	}
	cfg, err := a.ConfigAt(at)
	if err != nil {
		return nil, nil, err
	}
	p := &past{store: a.Store, policy: cfg.Policy, at: at, received: map[int64]hygiene.Instant{}}
	history, err := p.history(ctx, now, progress)
	if err != nil {
		return nil, nil, err
	}
	contact := subject{Contact: &hygiene.Contact{Key: now.Key, Alias: now.Alias, Phone: now.NumberAt(at), Attributes: now.Attributes, History: *history}}
	if contact.ledger, err = p.replay(contact.Contact); err != nil {
		return nil, nil, err
	}
	number, err := p.number(contact.Phone)
	if err != nil {
		return nil, nil, err
	}
	if number.Contact != nil {
		contact.OnNumber = number.Suppressions
	}
	if contact.Retry, err = p.retry(contact.Contact, now.Instructions); err != nil {
		return nil, nil, err
	}
	if len(contact.ledger) == 0 && contact.History.FirstSeen() == 0 && len(contact.OnNumber) == 0 {
		return nil, cfg, nil
	}
	e, err := explainContact(cfg, a.Store, contact, number, at)
	if err != nil {
		return nil, nil, err
	}
	e.setPast(cfg, at)
	return e, cfg, nil
}

// setPast says that it was so then.
func (e *Explanation) setPast(cfg *config.Config, at hygiene.Instant) {
	e.next = fmt.Sprintf("This is what was known and decided by then, under policy %s; attributes, lists, pins, merges and the send log are as they are now", cfg.Hash)
	e.flags = " --as-of " + at.String()
	e.setWhy()
}

// NumberAsOf is [Number] for what was known at a time, without the number's history.
func NumberAsOf(a *app.App, phone string, at hygiene.Instant) (*Explanation, *config.Config, error) {
	cfg, err := a.ConfigAt(at)
	if err != nil {
		return nil, nil, err
	}
	p := &past{store: a.Store, policy: cfg.Policy, at: at, received: map[int64]hygiene.Instant{}}
	number, err := p.number(phone)
	if err != nil || number.Contact == nil || len(number.ledger) == 0 {
		return nil, cfg, err
	}
	e, err := explainNumber(cfg, a.Store, number, at)
	if err != nil {
		return nil, nil, err
	}
	e.setPast(cfg, at)
	return e, cfg, nil
}

// past is what was known at a time.
type past struct {
	store    *store.Store
	policy   *hygiene.Policy
	at       hygiene.Instant
	received map[int64]hygiene.Instant // of events, by seq; 0 for those no longer in the log
}

// number is the number as it was known; an empty subject when nothing ever was on it. It
// keeps the entries that it has now: they say whose evidence its suppressions rest on.
func (p *past) number(phone string) (number subject, err error) {
	if phone == "" {
		return subject{}, nil
	}
	now, ok, err := p.store.Number(phone)
	if err != nil || !ok {
		return subject{}, err
	}
	now.Suppressions, now.Retry, now.Tags = nil, nil, nil
	number.Contact = now
	number.ledger, err = p.replay(now)
	return number, err
}

// history is that of the events received by then. What a contact's history keeps now may
// have pushed out what it kept then, so if it has later events the log is read.
func (p *past) history(ctx context.Context, c *hygiene.Contact, progress func(int64)) (*hygiene.History, error) {
	events, err := p.store.Timeline(c)
	if err != nil {
		return nil, err
	}
	later := false
	for i := range events {
		p.received[events[i].Seq] = events[i].ReceivedAt
		later = later || events[i].ReceivedAt > p.at
	}
	if !later {
		return &c.History, nil
	}
	h := &hygiene.History{}
	err = p.store.EachEventOf(ctx, c.Key, progress, func(e *hygiene.Event, waits bool) {
		if waits {
			return
		}
		p.received[e.Seq] = e.ReceivedAt
		if e.ReceivedAt <= p.at {
			h.Add(e)
		}
	})
	return h, err
}

// replay gives the contact or number what the ledger says of it, and returns the entries
// that were known then, the latest first.
func (p *past) replay(c *hygiene.Contact) ([]store.LedgerEntry, error) {
	all, err := p.store.Ledger(c.Key, maxLedgerRead)
	if err != nil {
		return nil, err
	}
	ledger := []store.LedgerEntry{}
	for i := range slices.Backward(all) {
		l := &all[i]
		if known, err := p.knows(l, c.IsNumber()); err != nil {
			return nil, err
		} else if known {
			ledger = append(ledger, *l)
			p.apply(c, l)
		}
	}
	slices.Reverse(ledger)
	return ledger, nil
}

// knows reports whether a ledger entry was known: by when someone acted, or by when the
// event that caused it was received.
func (p *past) knows(l *store.LedgerEntry, ofNumber bool) (bool, error) {
	if l.At > p.at {
		return false, nil
	}
	if l.By != "" || l.Origin != hygiene.ByRule {
		return true, nil
	}
	cause := l.Seq
	if n := len(l.Evidence); ofNumber && n > 0 {
		cause = l.Evidence[n-1] // the entry names what made winnow look at the number, which may be later
	}
	received, ok := p.received[cause]
	if !ok {
		e, found, err := p.store.Event(cause)
		if err != nil {
			return false, err
		}
		if found {
			received = e.ReceivedAt
		}
		p.received[cause] = received
	}
	return received <= p.at, nil
}

// apply does to the contact what the entry says.
func (p *past) apply(c *hygiene.Contact, l *store.LedgerEntry) {
	same := func(s hygiene.Suppression) bool {
		return s.Reason == l.Reason && s.Origin == l.Origin && s.Held == l.Held
	}
	switch l.Act {
	case hygiene.Suppressed, hygiene.Renewed:
		if i := slices.IndexFunc(c.Suppressions, same); i >= 0 && l.Act == hygiene.Renewed {
			c.Suppressions[i].Until, c.Suppressions[i].Renewal = l.Until, hygiene.Renewal{At: hygiene.Moment{At: l.At, Seq: l.Seq}, Cause: p.cause(l)}
			return
		}
		c.Suppressions = append(slices.DeleteFunc(c.Suppressions, same), hygiene.Suppression{Reason: l.Reason, Origin: l.Origin, Held: l.Held, Since: hygiene.Moment{At: l.At, Seq: l.Seq},
			Until: l.Until, By: l.By, Note: l.Note, Cause: p.cause(l)})
	case hygiene.Released:
		c.Suppressions = slices.DeleteFunc(c.Suppressions, same)
	case hygiene.Tagged:
		c.Tags = append(c.Tags, hygiene.Tag{Name: l.Reason, Since: hygiene.Moment{At: l.At, Seq: l.Seq}, Cause: p.cause(l)})
	case hygiene.Untagged:
		c.Tags = slices.DeleteFunc(c.Tags, func(t hygiene.Tag) bool { return t.Name == l.Reason })
	}
}

// retry is that of the contact: what the policy makes of its history and of what had been
// done. The ledger does not have every end of a retry, such as one by an event that came
// late.
func (p *past) retry(c *hygiene.Contact, instructions []hygiene.Instruction) (*hygiene.Retry, error) {
	judged := *c
	judged.Suppressions, judged.Tags = nil, nil
	judged.Instructions = slices.DeleteFunc(slices.Clone(instructions), func(in hygiene.Instruction) bool { return in.At > p.at })
	p.policy.Rejudge(&judged, hygiene.Moment{At: p.at}, "")
	if judged.Retry == nil {
		return nil, nil
	}
	retry := *judged.Retry
	e, ok, err := p.store.Event(retry.Since.Seq)
	if ok {
		retry.MessageID = e.MessageID
	}
	return &retry, err
}

// cause is why the entry was made, by the rule of that name in the policy of then.
func (p *past) cause(l *store.LedgerEntry) hygiene.Cause {
	cause := hygiene.Cause{Rule: l.Rule, Evidence: l.Evidence}
	for i := range p.policy.Rules {
		if r := &p.policy.Rules[i]; r.Name == l.Rule {
			cause.Digest = r.Digest()
		}
	}
	return cause
}
