package imports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
)

// Registrar turns registrations of messages, as a send log has them, into those that
// the store keeps. The API and the import of messages share it.
type Registrar struct {
	readers map[string]store.KeyReader // by source
	sources []string
	source  string // of registrations that name none; empty when they must
}

// NewRegistrar makes the registrar of a config. source is that of registrations which name
// none; it may be empty, and is then the only source of the config. region is that of
// phone numbers without a country code; empty for that of their source. The error says
// that there is no such source.
func NewRegistrar(cfg *config.Config, s *store.Store, source, region string) (*Registrar, error) {
	r := &Registrar{readers: map[string]store.KeyReader{}, source: source}
	for i := range cfg.Sources {
		from := &cfg.Sources[i]
		r.sources = append(r.sources, from.Name)
		keys := cfg.KeysOf(from)
		keys.Region = cmp.Or(region, keys.Region)
		r.readers[from.Name] = s.Keys(keys)
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

// Normalize normalizes the message's id, and the contact's key and phone number. An invalid
// phone number beside a contact is left empty. With phone numbers as keys, a phone number
// alone is the contact. The error says why the registration is invalid.
func (r *Registrar) Normalize(g provider.Registration) (store.Registration, error) {
	g.MessageID = contactkey.MessageID(g.MessageID)
	n := store.Registration{MessageID: g.MessageID, SentAt: g.SentAt, Source: cmp.Or(strings.TrimSpace(g.Source), r.source)}
	if err := g.Check(); err != nil {
		return n, err
	}
	if n.Source == "" {
		return n, r.errNoSource()
	}
	err := r.checkSource(n.Source)
	reader := r.readers[n.Source]
	if g.Contact == "" && reader.Format().Phone {
		g.Contact = g.Phone
	}
	if err == nil && g.Contact != "" {
		n.Contact, err = reader.Cell(g.Contact)
	}
	if err == nil && g.Phone != "" {
		if n.Phone, err = contactkey.ParsePhone(g.Phone, reader.Format().Region); n.Contact != "" {
			err = nil
		}
	}
	if err != nil {
		return n, fmt.Errorf("message %q: %w", g.MessageID, err)
	}
	return n, nil
}
