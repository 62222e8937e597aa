package person

import (
	"context"

	"winnow/hygiene"
	"winnow/internal/explain"
	"winnow/store"
	"winnow/store/erasure"
	"winnow/store/personal"
)

// contact writes all that is known of a contact.
func (x *Export) contact(ctx context.Context, d *document, key string) {
	contact, known, err := x.Store.Contact(key)
	if err != nil || !known {
		d.fail(err)
		return
	}
	e, known, err := explain.Contact(x.Config, x.Store, key, x.Now)
	if err != nil || !known {
		d.fail(err)
		return
	}
	names, former, err := x.Store.NamesAndNumbers(contact.Key)
	d.fail(err)
	keys, err := x.Store.Names(contact.Key)
	d.fail(err)
	holds, err := x.Store.HoldsOn(contact.Key)
	d.fail(err)

	d.member("contact", contact.Key)
	d.member("state", &e.Explanation)
	d.member("names", orEmpty(names))
	d.member("numbers", tenuresOf(contact))
	d.member("former_numbers", orEmpty(former))
	d.array("merged_parts", func() {
		for i := range contact.Parts {
			d.element(partOf(&contact.Parts[i]))
		}
	})
	d.member("history", entriesOf(contact))
	d.member("suppressions", suppressionsOf(contact.Suppressions))
	d.member("acts", actsOf(contact.Instructions))
	d.member("legal_holds", orEmpty(holds))
	x.ledger(ctx, d, contact.Key)
	who := &personal.Who{Keys: keys, Phones: contact.AllNumbers()}
	x.messages(ctx, d, who)
	named := x.namesOf(d, contact, who)
	x.events(ctx, d, contact.Key, named)
	x.quarantined(ctx, d, named)
	x.conflicts(ctx, d, who)
	d.array("runs", func() {
		d.fail(x.Store.EachRunWith(ctx, keys, func(r personal.Run) error { d.element(r); return d.err }))
	})
}

// number writes all that is known of a phone number beside the contacts that have it.
func (x *Export) number(ctx context.Context, d *document, phone string) {
	d.member("phone", phone)
	number, known, err := x.Store.Number(phone)
	d.fail(err)
	if known {
		e, _, err := explain.Number(x.Config, x.Store, phone, x.Now)
		d.fail(err)
		if e != nil {
			d.member("state", &e.Explanation)
		}
		d.member("history", entriesOf(number))
		d.member("suppressions", suppressionsOf(number.Suppressions))
		d.member("acts", actsOf(number.Instructions))
		x.ledger(ctx, d, hygiene.NumberKey(phone))
	}
	x.messages(ctx, d, &personal.Who{Phones: []string{phone}})
	d.array("events", func() {
		d.fail(x.Store.EachEventOnNumber(ctx, phone, func(e *hygiene.Event) error { d.element(eventOf(e, true)); return d.err }))
	})
	named := erasure.NewNames(x.Config.Keys)
	named.AddPhone(phone, 1)
	x.quarantined(ctx, d, named)
}

func orEmpty[T any](list []T) []T { return append([]T{}, list...) }

func (x *Export) ledger(ctx context.Context, d *document, key string) {
	d.array("ledger", func() {
		d.fail(x.Store.EachLedgerEntry(ctx, key, func(e *store.LedgerEntry) error { d.element(ledgerOf(e)); return d.err }))
	})
}

func (x *Export) messages(ctx context.Context, d *document, who *personal.Who) {
	d.array("messages", func() {
		d.fail(x.Store.EachMessageTo(ctx, who, func(m personal.Message) error { d.element(m); return d.err }))
	})
}

func (x *Export) conflicts(ctx context.Context, d *document, who *personal.Who) {
	d.array("conflicts", func() {
		d.fail(x.Store.EachConflictOf(ctx, who, func(c personal.Conflict) error { d.element(c); return d.err }))
	})
}

// tenure is a number with the time from which the contact had it.
type tenure struct {
	Phone     string          `json:"phone"`
	Since     hygiene.Instant `json:"since,omitempty"`
	BySendLog bool            `json:"by_send_log,omitempty"`
}

func tenuresOf(c *hygiene.Contact) []tenure {
	list := []tenure{}
	for _, n := range c.Numbers {
		list = append(list, tenure(n))
	}
	if len(list) == 0 && c.Phone != "" {
		list = append(list, tenure{Phone: c.Phone})
	}
	return list
}

// part is a contact that was merged.
type part struct {
	Contact      string             `json:"contact"`
	Phone        string             `json:"phone,omitempty"`
	Numbers      []tenure           `json:"numbers"`
	Attributes   hygiene.Attributes `json:"attributes,omitempty"`
	MergedAt     hygiene.Instant    `json:"merged_at"`
	History      []entry            `json:"history"`
	Suppressions []suppression      `json:"suppressions"`
	Acts         []act              `json:"acts"`
}

func partOf(p *hygiene.Part) part {
	return part{p.Key, p.Phone, tenuresOf(&p.Contact), p.Attributes, p.Joined.At, entriesOf(&p.Contact), suppressionsOf(p.Suppressions), actsOf(p.Instructions)}
}

// entry is what a history keeps of an event.
type entry struct {
	Outcome string          `json:"outcome"`
	At      hygiene.Instant `json:"at"`
	Seq     int64           `json:"seq"`
	Source  string          `json:"source"`
	Code    string          `json:"code,omitempty"`
}

func entriesOf(c *hygiene.Contact) []entry {
	list := []entry{}
	for _, name := range hygiene.OutcomeNames() {
		o, _ := hygiene.ParseOutcome(name)
		entries := c.History.Outcome(o).Entries
		for i := range entries {
			k := c.History.Kind(&entries[i])
			list = append(list, entry{name, entries[i].At, entries[i].Seq, k.Source, k.Code})
		}
	}
	return list
}

// suppression is one as it is stored, over or not.
type suppression struct {
	Reason   string          `json:"reason"`
	Since    hygiene.Instant `json:"since"`
	Until    hygiene.Instant `json:"until,omitempty"`
	Origin   string          `json:"origin"`
	By       string          `json:"by,omitempty"`
	Note     string          `json:"note,omitempty"`
	Rule     string          `json:"rule,omitempty"`
	Held     int64           `json:"held,omitempty"`
	Evidence []int64         `json:"evidence,omitempty"`
}

func suppressionsOf(of []hygiene.Suppression) []suppression {
	list := []suppression{}
	for _, s := range of {
		list = append(list, suppression{s.Reason, s.Since.At, s.Until, s.Origin.String(), s.By, s.Note, s.Rule, s.Held, s.Evidence})
	}
	return list
}

// act is what an operator, an import or a review decided.
type act struct {
	Kind   string          `json:"kind"`
	At     hygiene.Instant `json:"at"`
	Reason string          `json:"reason,omitempty"`
	Until  hygiene.Instant `json:"until,omitempty"`
	By     string          `json:"by,omitempty"`
	Note   string          `json:"note,omitempty"`
	Batch  int64           `json:"batch,omitempty"`
	Undone bool            `json:"undone,omitempty"`
	Number string          `json:"number,omitempty"` // that it named, and no contact
}

func actsOf(of []hygiene.Instruction) []act {
	list := []act{}
	for i := range of {
		in := &of[i]
		list = append(list, act{in.Kind.String(), in.At, in.Reason, in.Until, in.By, in.Note, in.Batch, in.Undone, in.OfNumber})
	}
	return list
}

// ledgerEntry is a change in the ledger.
type ledgerEntry struct {
	At       hygiene.Instant `json:"at"`
	Seq      int64           `json:"seq"`
	Act      string          `json:"act"`
	Reason   string          `json:"reason,omitempty"`
	Origin   string          `json:"origin"`
	Until    hygiene.Instant `json:"until,omitempty"`
	Attempt  int             `json:"attempt,omitempty"`
	Rule     string          `json:"rule,omitempty"`
	Policy   string          `json:"policy,omitempty"`
	Evidence []int64         `json:"evidence,omitempty"`
	By       string          `json:"by,omitempty"`
	Note     string          `json:"note,omitempty"`
	Batch    int64           `json:"batch,omitempty"`
}

func ledgerOf(e *store.LedgerEntry) ledgerEntry {
	return ledgerEntry{e.At, e.Seq, string(e.Act), e.Reason, e.Origin.String(), e.Until, e.Attempt, e.Rule, e.Policy, e.Evidence, e.By, e.Note, e.Batch}
}
