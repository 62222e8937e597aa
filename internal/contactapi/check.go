package contactapi

import (
	"net/http"
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/store"
)

// Check returns for each contact and then for each phone number, in their order, whether it
// may be texted, if suppressions for the reasons of except do not count.
func Check(cfg *config.Config, s *store.Store, contacts, phones, except []string, now hygiene.Instant) ([]view.Sendable, error) {
	except, err := app.ReadExcept(cfg.Policy, except)
	if err != nil {
		return nil, console.NewAPIError(http.StatusBadRequest, err)
	}
	c := checker{cfg: cfg, store: s, except: except, now: now}
	for _, given := range contacts {
		c.askContact(given)
	}
	for _, given := range phones {
		c.askPhone(given)
	}
	return c.answers, c.find()
}

// checker asks about contacts and numbers, many together. What is asked may stand for
// several of them: for a number and all contacts that have it. It may be texted if each of
// these may.
type checker struct {
	cfg    *config.Config
	store  *store.Store
	except []string // the reasons that do not count
	now    hygiene.Instant

	answers []view.Sendable
	keys    askedFor
	phones  askedFor
}

// askedFor are values to look up, each once, with the answers that they are for.
type askedFor struct {
	values []string
	places map[string][]int
}

func (a *askedFor) add(value string, place int) {
	if a.places == nil {
		a.places = map[string][]int{}
	}
	if a.places[value] == nil {
		a.values = append(a.values, value)
	}
	a.places[value] = append(a.places[value], place)
}

// askContact asks about the contact that has the key. Where keys are text, a phone number
// with its country code also stands for the number.
func (c *checker) askContact(given string) {
	key, err := c.store.Keys(c.cfg.Keys).Given(given)
	phone := ""
	if !c.cfg.Keys.Phone {
		phone, _ = contactkey.ParsePhone(given, "")
	}
	if err != nil && phone == "" {
		c.refuse(given, err)
		return
	}
	place := c.ask(given)
	if err == nil {
		c.keys.add(key, place)
	}
	if phone != "" {
		c.answers[place].Phone = phone
		c.phones.add(phone, place)
	}
}

// askPhone asks about a number. A contact may have it as its key.
func (c *checker) askPhone(given string) {
	phone, err := contactkey.ParsePhone(given, c.cfg.Keys.Region)
	if err != nil {
		c.refuse(given, err)
		return
	}
	place := c.ask(given)
	c.answers[place].Phone = phone
	c.keys.add(phone, place)
	c.phones.add(phone, place)
}

func (c *checker) ask(given string) (place int) {
	unknown := hygiene.SendabilityOf(nil, c.now)
	c.answers = append(c.answers, view.Sendable{Contact: given, Status: unknown.Status, Sendable: unknown.Sendable})
	return len(c.answers) - 1
}

func (c *checker) refuse(given string, err error) {
	c.answers = append(c.answers, view.Sendable{Contact: given, Status: "invalid", Reasons: []string{err.Error()}})
}

// find looks up what was asked about, and what is nearly that.
func (c *checker) find() error {
	known := make([]bool, len(c.answers))
	found := func(asked *askedFor) func(int, *hygiene.Contact) {
		return func(i int, subject *hygiene.Contact) {
			s, excepted := hygiene.SendableExcept(subject, c.except, c.now)
			for _, place := range asked.places[asked.values[i]] {
				known[place] = known[place] || !subject.IsNumber()
				add(&c.answers[place], &s, excepted)
			}
		}
	}
	for _, look := range []struct {
		up    func([]string, func(int, *hygiene.Contact)) error
		asked *askedFor
	}{{c.store.FindContacts, &c.keys}, {c.store.FindContactsByPhone, &c.phones}, {c.store.FindNumbers, &c.phones}} {
		if err := look.up(look.asked.values, found(look.asked)); err != nil {
			return err
		}
	}
	// What is not known may be remembered, since it was forgotten.
	unknown := c.unknown(known)
	ofKey := func(i int, subject *hygiene.Contact) {
		found(&c.keys)(slices.Index(c.keys.values, unknown[i]), subject)
	}
	if err := c.store.FindForgotten(unknown, c.phones.values, ofKey, found(&c.phones)); err != nil {
		return err
	}
	unknown = c.unknown(known)
	return c.store.FindNearlyKnown(unknown, c.cfg.Keys, func(i int, near []string) {
		for _, place := range c.keys.places[unknown[i]] {
			c.answers[place].Nearly = near[0]
		}
	})
}

// unknown are the keys of which no contact is known.
func (c *checker) unknown(known []bool) (keys []string) {
	for _, key := range c.keys.values {
		if !known[c.keys.places[key][0]] {
			keys = append(keys, key)
		}
	}
	return keys
}

// statusRanks is which status outweighs which, the least first.
var statusRanks = []string{"unknown", hygiene.Active.String(), hygiene.RetryDue.String(), hygiene.Cooling.String(), hygiene.IsSuppressed.String()}

// add adds what is known of one of the subjects that were asked about.
func add(answer *view.Sendable, s *hygiene.Sendability, excepted []string) {
	if slices.Index(statusRanks, s.Status) > slices.Index(statusRanks, answer.Status) {
		answer.Status = s.Status
	}
	answer.Sendable = answer.Sendable && s.Sendable
	answer.Reasons = union(answer.Reasons, s.Reasons)
	answer.Excepted = union(answer.Excepted, excepted)
}

// union is the names of both, sorted.
func union(a, b []string) []string {
	a = append(a, b...)
	slices.Sort(a)
	return slices.Compact(a)
}
