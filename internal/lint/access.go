package lint

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

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
