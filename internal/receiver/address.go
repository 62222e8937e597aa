package receiver

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// isFrom reports whether a request comes from one of the source's addresses, and from
// which address it comes. Without addresses it may come from anywhere.
func (s *Source) isFrom(req *http.Request, proxies []netip.Prefix) (address netip.Addr, ok bool) {
	if len(s.From) == 0 {
		return address, true
	}
	address = clientAddress(req, proxies)
	return address, contains(s.From, address)
}

// clientAddress is the address that a request comes from: that of the peer or, where the
// peer is a trusted proxy, the last one of X-Forwarded-For that is not a trusted proxy
// too. Each proxy appends the address that it was called from, so what is before that
// one is what the client says. A header that can't be read is not believed.
func clientAddress(req *http.Request, proxies []netip.Prefix) netip.Addr {
	peer, ok := parseAddress(req.RemoteAddr)
	if !ok || !contains(proxies, peer) {
		return peer
	}
	hops := strings.Split(strings.Join(req.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, ok := parseAddress(strings.Trim(hop, " \t"))
		if !ok {
			return peer
		}
		if !contains(proxies, address) {
			return address
		}
	}
	return peer
}

// parseAddress reads an address with or without a port.
func parseAddress(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		pair, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		address = pair.Addr()
	}
	return address.Unmap().WithZone(""), true
}

func contains(ranges []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Contains(address) })
}
