package lint

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"winnow/hygiene/provider/signature"
	"winnow/internal/config"
	"winnow/internal/presets"
	"winnow/internal/yamldoc"
)

// checkAddresses warns of addresses by which no callback is accepted, or any.
func (l *linter) checkAddresses(root *yamldoc.Entry) {
	proxies := root.Get("trusted_proxies")
	for _, item := range proxies.Items() {
		if prefix, err := netip.ParsePrefix(item.Text()); err == nil && prefix.Bits() == 0 {
			l.warn(item, "this trusts every address, so anyone can claim in X-Forwarded-For to be the provider", "list only the proxies in front of winnow")
		}
	}
	restricted := false
	for i, s := range l.config.Sources {
		if len(s.From) == 0 {
			continue
		}
		restricted = true
		if proxies == nil && listensOnLoopback(l.config.Listen) && !slices.ContainsFunc(s.From, isLoopback) {
			l.warn(root.Get("sources").Items()[i].Get("from"), "every callback of this source is answered 404: listen is an address of this machine only, so callbacks come from a proxy here",
				`write trusted_proxies: [127.0.0.0/8, "::1"]`)
		}
	}
	if proxies != nil && !restricted {
		l.warnKey(root, "trusted_proxies", "trusted_proxies has no effect, because no source has from", "add from to a source, or remove it")
	}
}

// checkSignatures warns of sources that do not look at the signatures of their provider, of
// signatures that leave out what is read, and of a public URL without effect.
func (l *linter) checkSignatures(sources []*yamldoc.Entry) {
	for i := range l.config.Sources {
		s := &l.config.Sources[i]
		schemes := s.Format.Signs.Schemes
		switch {
		case s.Signature == nil && len(schemes) > 0:
			l.warn(sources[i], "its provider signs callbacks, and nothing verifies them: anybody who learns the URL can send callbacks", "write "+signatureFor(s.Format.Signs))
		case s.PublicURL != "" && (s.Signature == nil || !s.Signature.Scheme.SignsURL()):
			l.warnKey(sources[i], "public_url", "public_url has no effect, because no signature of this source covers the URL", "remove it")
		}
		if s.Signature == nil || len(s.From) > 0 || s.RequireSendLog {
			continue
		}
		if left := signature.Uncovered(s.Signature.Scheme, s.Format.ReadsQuery()); left != "" {
			l.warn(sources[i].Get("signature"), "what is signed does not include "+left+", so anybody who has seen one callback can send another with its signature",
				"add from: with the provider's addresses, or require_send_log: true")
		}
	}
}

// signatureFor is an example of what verifies the callbacks of a provider.
func signatureFor(c signature.Choice) string {
	need, algorithm := signature.Need(""), ""
	for _, s := range c.Schemes {
		need = s.Needs()
	}
	if names := c.Algorithms(); len(names) > 0 && c.Default == "" {
		algorithm = ", algorithm: " + strings.Join(names, "|")
	}
	value := `"${NAME}"`
	if need == signature.NeedTopic {
		value = "ARN"
	}
	return "signature: {" + string(need) + ": " + value + algorithm + "}"
}

// Callbacks is what is known of how far the callbacks of a source can be trusted.
type Callbacks struct {
	Source   string `json:"source"`
	Verified bool   `json:"verified"`
	// With is the key of signature that verifies them; empty for none.
	With        string `json:"with,omitempty"`
	Unconfirmed string `json:"unconfirmed,omitempty"` // by its preset
}

// CallbacksOf is that of every source.
func CallbacksOf(c *config.Config) []Callbacks {
	list := []Callbacks{}
	for i := range c.Sources {
		s := &c.Sources[i]
		is := Callbacks{Source: s.Name, Verified: s.Signature != nil}
		if is.Verified {
			is.With = string(s.Signature.Scheme.Needs())
		}
		if s.Preset != "" {
			is.Unconfirmed = presets.MustFind(s.Preset).Unconfirmed
		}
		list = append(list, is)
	}
	return list
}

// Sentences are short ones about every source: whether its callbacks are verified, and what
// its preset leaves unconfirmed.
func Sentences(c *config.Config) (list []string) {
	unverifiable := Unverifiable(c)
	for i, is := range CallbacksOf(c) {
		s := &c.Sources[i]
		switch {
		case is.Verified && s.Signature.Optional:
			list = append(list, fmt.Sprintf("source %s: callbacks are verified with signature.%s if they are signed; those without a signature are read, too", s.Name, is.With))
		case is.Verified:
			list = append(list, fmt.Sprintf("source %s: callbacks are verified with signature.%s", s.Name, is.With))
		case len(s.Format.Signs.Schemes) > 0:
			list = append(list, fmt.Sprintf("source %s: callbacks are not verified, though they are signed", s.Name))
		default:
			list, unverifiable = append(list, unverifiable[0]), unverifiable[1:]
		}
		if is.Unconfirmed != "" {
			first, _, more := strings.Cut(is.Unconfirmed, ". ")
			first = strings.TrimSuffix(first, ".") + "."
			if more {
				first += " winnow source show " + s.Preset + " says more."
			}
			list = append(list, fmt.Sprintf("source %s: not confirmed: %s", s.Name, first))
		}
	}
	return list
}

// Unverifiable are the sources without a signature whose providers sign nothing that is
// known here, a sentence each.
func Unverifiable(c *config.Config) (list []string) {
	for i := range c.Sources {
		s := &c.Sources[i]
		if s.Signature != nil || len(s.Format.Signs.Schemes) > 0 {
			continue
		}
		of := s.Preset
		if of == "" {
			of = "read"
		}
		list = append(list, fmt.Sprintf("source %s: callbacks can't be verified (%s has no signature), so the token in the URL is all that proves where they come from", s.Name, of))
	}
	return list
}

func listensOnLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// isLoopback reports whether a range includes an address of this machine only.
func isLoopback(r netip.Prefix) bool {
	return r.Addr().IsLoopback() || r.Contains(netip.MustParseAddr("127.0.0.1")) || r.Contains(netip.IPv6Loopback())
}

// checkContacts warns of sources whose contact is where the provider's bodies have none.
func (l *linter) checkContacts(sources []*yamldoc.Entry) {
	for i, s := range l.config.Sources {
		sender, at := s.Format.Sender(), sources[i].Get("contact")
		if sender == "" || !sources[i].Has("contact") || isShort(s.Contact) {
			continue
		}
		first, rest, nested := strings.Cut(s.Contact, ".")
		switch {
		case s.Contact == sender && s.Format.Strict:
			l.warn(at, sender+" is an object, so it names no contact", fmt.Sprintf("write the member that does, like %q", sender+".contact_id"))
		case first != sender:
			meant := s.Contact
			if nested && strings.EqualFold(first, sender) {
				meant = rest
			}
			l.warn(at, fmt.Sprintf("this is outside %s, the only member of %s callback that the sender fills, so it names no contact", sender, article(s.Preset)),
				fmt.Sprintf("did you mean %q?", sender+"."+meant))
		}
	}
}

// article is a preset with its article, for a sentence.
func article(preset string) string {
	if preset != "" && strings.ContainsRune("aeiou", rune(preset[0])) {
		return "an " + preset
	}
	return strings.TrimSpace("a " + preset)
}

// isShort reports whether a contact is said by what the format of its source finds.
func isShort(contact string) bool {
	return contact == "to" || contact == "args" || strings.HasPrefix(contact, "args.") || strings.HasPrefix(contact, "args[")
}

// checkSecrets warns of secrets that are written in the file itself.
func (l *linter) checkSecrets(root *yamldoc.Entry) {
	for _, e := range root.LiteralSecrets() {
		l.warn(e, "this secret is written in the file itself, so it is in every copy of the file", `write "${NAME}" and set it in the environment, or name a file that holds it`)
	}
}
