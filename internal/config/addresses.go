package config

import (
	"net/netip"
	"strconv"

	"winnow/internal/yamldoc"
)

var addressRange = &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^[0-9A-Fa-f:.]+(/[0-9]+)?$`, Expect: "a range of addresses like 203.0.113.0/24",
	Hints: yamldoc.Hints{Number: "write a whole address instead of %s, like 203.0.113.0/24"}}

var addressRanges = listOf(1, addressRange, "a list of address ranges like [203.0.113.0/24]")

// readRanges reads ranges of addresses. A single address is a range of one.
func readRanges(e *yamldoc.Entry) []netip.Prefix {
	var ranges []netip.Prefix
	for _, item := range e.Items() {
		if item.Unset() {
			continue
		}
		if prefix, ok := readRange(item); ok {
			ranges = append(ranges, prefix)
		}
	}
	return ranges
}

func readRange(e *yamldoc.Entry) (netip.Prefix, bool) {
	text := e.Text()
	if text == "" {
		return netip.Prefix{}, false // it has a problem of its own
	}
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		e.Report(yamldoc.Quote(text)+" is not a range of addresses", "write an address, a slash and the number of its fixed bits, like 203.0.113.0/24 or 2001:db8::/32")
		return prefix, false
	}
	if prefix.Addr().Is4In6() {
		e.Report(yamldoc.Quote(text)+" is a range of IPv4 addresses written as IPv6", "write it as IPv4, like 203.0.113.0/24")
		return prefix, false
	}
	if masked := prefix.Masked(); masked != prefix {
		e.Report(yamldoc.Quote(text)+" has bits beyond the first "+strconv.Itoa(prefix.Bits()), "write "+masked.String()+" for the whole range, or "+prefix.Addr().String()+" for the one address")
		return prefix, false
	}
	return prefix, true
}
