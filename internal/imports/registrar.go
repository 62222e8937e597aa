package imports

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
)

// Registrar turns registrations of messages, as a send log has them, into those that
// the store keeps. The API and the import of messages share it.
type Registrar struct {
	readers map[string]store.KeyReader       // by source
	tables  map[string]provider.OutcomeTable // by source
	sources []string
	source  string // of registrations that name none; empty when they must
}

// NewRegistrar makes the registrar of a config. source is that of registrations which name
// none; it may be empty, and is then the only source of the config. region is that of
// phone numbers without a country code; empty for that of their source. The error says
// that there is no such source.
func NewRegistrar(cfg *config.Config, s *store.Store, source, region string) (*Registrar, error) {
	r := &Registrar{readers: map[string]store.KeyReader{}, tables: map[string]provider.OutcomeTable{}, source: source}
	for i := range cfg.Sources {
		from := &cfg.Sources[i]
		r.sources = append(r.sources, from.Name)
		keys := cfg.KeysOf(from)
		keys.Region = cmp.Or(region, keys.Region)
		r.readers[from.Name] = s.Keys(keys)
		r.tables[from.Name] = from.Table()
	}
	if source != "" {
		return r, r.checkSource(source)
	}
	if len(r.sources) == 1 {
		r.source = r.sources[0]
	}
	return r, nil
}

func (r *Registrar) checkSource(name string) error {
	if slices.Contains(r.sources, name) {
		return nil
	}
	return fmt.Errorf("there is no source %q in the config; it has %s", name, r.known())
}

// errNoSource is the error of a registration whose source can't be known.
func (r *Registrar) errNoSource() error {
	return fmt.Errorf("the source is missing, and the config has %s: %s; add one as source", ui.Count(int64(len(r.sources)), "source"), r.known())
}

func (r *Registrar) known() string {
	if len(r.sources) == 0 {
		return "none"
	}
	return ui.JoinFirst(r.sources, 20)
}

// Normalized is a registration as the store keeps it.
type Normalized struct {
	store.Registration
	// Registers reports whether there is anything to register: a refusal may name the
	// message alone.
	Registers bool
	Refusal   *hygiene.Event // of the message, if it was refused; nil otherwise
}

// Normalize normalizes the message's id, and the contact's key and phone number. An invalid
// phone number beside a contact is left empty. With phone numbers as keys, a phone number
// alone is the contact. now is when a refusal is received. The error says why the
// registration is invalid.
func (r *Registrar) Normalize(g provider.Registration, now hygiene.Instant) (n Normalized, err error) {
	g.MessageID = contactkey.MessageID(g.MessageID)
	if err := g.Check(); err != nil {
		return n, err
	}
	g.Source = cmp.Or(strings.TrimSpace(g.Source), r.source)
	if g.Source == "" {
		return n, r.errNoSource()
	}
	if err := r.checkSource(g.Source); err != nil {
		return n, about(&g, err)
	}
	if !g.IsRefusal(r.tables[g.Source]) {
		g.Refusal = provider.Refusal{} // a code that the table does not have
		if err := g.Check(); err != nil {
			return n, err
		}
	}
	invalid := r.normalizeNames(&g)
	if invalid != nil {
		return n, about(&g, invalid)
	}
	if g.MessageID == "" {
		g.MessageID = g.RefusalID()
	}
	n.Registration = store.Registration{Source: g.Source, MessageID: g.MessageID, Contact: g.Contact, Phone: g.Phone, SentAt: g.SentAt}
	n.Registers = g.Contact != "" || g.Phone != ""
	if g.Body != "" {
		e := g.RefusalEvent(g.Source, g.MessageID, r.tables[g.Source], now)
		n.Refusal = &e
	}
	return n, nil
}

// about adds to an error which message it is about, if that has an id.
func about(g *provider.Registration, err error) error {
	if g.MessageID == "" {
		return err
	}
	return fmt.Errorf("message %q: %w", g.MessageID, err)
}

// normalizeNames normalizes the contact and the phone number.
func (r *Registrar) normalizeNames(g *provider.Registration) (err error) {
	reader := r.readers[g.Source]
	if g.Contact == "" && reader.Format().Phone {
		g.Contact = g.Phone
	}
	if g.Contact != "" {
		if g.Contact, err = reader.Cell(g.Contact); err != nil {
			return err
		}
	}
	if g.Phone != "" {
		if g.Phone, err = contactkey.ParsePhone(g.Phone, reader.Format().Region); g.Contact != "" {
			return nil
		}
	}
	return err
}

// AppendRefusals appends the events of refusals to the log, as an import of events does.
// What is appended twice is a repeat.
func AppendRefusals(ctx context.Context, s *store.Store, events []hygiene.Event) error {
	for some := range slices.Chunk(events, appendEvents) {
		if err := appendPatiently(ctx, s, some, nil); err != nil {
			return err
		}
	}
	return nil
}
