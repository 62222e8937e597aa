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
// Attributes, lists, pins and the send log are as now, which the explanation says. The
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
	contact := &hygiene.Contact{Key: now.Key, Phone: now.NumberAt(at), Attributes: now.Attributes, History: *history}
	if err := p.replay(contact); err != nil {
		return nil, nil, err
	}
	if err := p.replayNumber(contact); err != nil {
		return nil, nil, err
	}
	if contact.Retry, err = p.retry(contact, now.Instructions); err != nil {
		return nil, nil, err
	}
	if len(p.ledger) == 0 && contact.History.FirstSeen() == 0 {
		return nil, cfg, nil
	}
	e, err := explainContact(cfg, a.Store, contact, at, p.ledger)
	if err != nil {
		return nil, nil, err
	}
	e.next = fmt.Sprintf("This is what was known and decided by then, under policy %s; attributes, lists, pins and the send log are as they are now", cfg.Hash)
	e.flags = " --as-of " + at.String()
	e.setWhy()
	return e, cfg, nil
}

// past is what was known of a contact at a time.
type past struct {
	store    *store.Store
	policy   *hygiene.Policy
	at       hygiene.Instant
	received map[int64]hygiene.Instant // of events, by seq; 0 for those no longer in the log
	ledger   []store.LedgerEntry       // what was known then, the latest first
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
	err = p.store.EachEventOf(ctx, c.Key, progress, func(e *hygiene.Event) {
		p.received[e.Seq] = e.ReceivedAt
		if e.ReceivedAt <= p.at {
			h.Add(e)
		}
	})
	return h, err
}

// replay gives the contact what the ledger says of it.
func (p *past) replay(c *hygiene.Contact) error {
	all, err := p.store.Ledger(c.Key, maxLedgerRead)
	if err != nil {
		return err
	}
	for i := range slices.Backward(all) {
		l := &all[i]
		if known, err := p.knows(l); err != nil {
			return err
		} else if known {
			p.ledger = append(p.ledger, *l)
			p.apply(c, l)
		}
	}
	slices.Reverse(p.ledger)
	return nil
}

// replayNumber gives the contact what the ledger says of the number that it had then.
func (p *past) replayNumber(c *hygiene.Contact) error {
	if c.Phone == "" {
		return nil
	}
	number := &past{store: p.store, policy: p.policy, at: p.at, received: p.received}
	n := &hygiene.Contact{Key: hygiene.NumberKey(c.Phone)}
	err := number.replay(n)
	c.OnNumber = n.Suppressions
	return err
}

// knows reports whether a ledger entry was known: by when someone acted, or by when the
// event that caused it was received.
func (p *past) knows(l *store.LedgerEntry) (bool, error) {
	if l.At > p.at {
		return false, nil
	}
	if l.By != "" || l.Origin != hygiene.ByRule {
		return true, nil
	}
	received, ok := p.received[l.Seq]
	if !ok {
		e, found, err := p.store.Event(l.Seq)
		if err != nil {
			return false, err
		}
		if found {
			received = e.ReceivedAt
		}
		p.received[l.Seq] = received
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
