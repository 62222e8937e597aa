package config

import (
	"fmt"
	"testing"
)

func TestAddressRangesAreRead(t *testing.T) {
	c, err := Parse("winnow.yaml", []byte(`
trusted_proxies: ["${PROXY}", fd00::/8]
sources:
  - {name: a, preset: insider, tokens: [a-token-0123456789], from: [203.0.113.0/24, 198.51.100.7, "2001:db8::1", "::ffff:192.0.2.1", 0.0.0.0/0]}
  - {name: b, preset: insider, tokens: [b-token-0123456789]}
`), Options{Env: func(string) (string, bool) { return "10.0.0.0/8", true }})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.TrustedProxies, c.Sources[0].From, c.Sources[1].From); got != "[10.0.0.0/8 fd00::/8] [203.0.113.0/24 198.51.100.7/32 2001:db8::1/128 192.0.2.1/32 0.0.0.0/0] []" {
		t.Error(got)
	}
}
