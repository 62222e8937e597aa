package signature

import (
	"net/url"
	"strings"
)

// spellings are the ways in which a sender may have written the URL that it signed: as it
// is, without its port, and with the port that its scheme has by default. Twilio's own
// libraries try these, because the port is not written the same in all of its products.
func spellings(text string) []string {
	all := []string{text}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return all
	}
	_, rest, _ := strings.Cut(text, "://")
	_, rest, _ = strings.Cut(rest, u.Host) // as written, whatever is escaped in it
	name := u.Hostname()
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if u.Port() != "" {
		return append(all, u.Scheme+"://"+name+rest)
	}
	port := ":443"
	if u.Scheme == "http" {
		port = ":80"
	}
	return append(all, u.Scheme+"://"+name+port+rest)
}

// address is the URL without its query.
func address(text string) string {
	text, _, _ = strings.Cut(text, "?")
	return text
}

// query is the query of a URL, without the question mark.
func query(text string) string {
	_, text, _ = strings.Cut(text, "?")
	return text
}
