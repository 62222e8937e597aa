package signature

import (
	"strings"

	"winnow/hygiene/callback"
	"winnow/hygiene/instant"
)

// WhyConfirm says why a body in quarantine is there that asks to confirm a subscription.
const WhyConfirm = "Amazon SNS asks whether to deliver the messages of a topic; winnow source confirm answers yes"

// Why says why a body in quarantine is there that was not verified.
func Why(err error) string { return "unverified: " + err.Error() }

// Account verifies the callbacks of one source, as they come and again later.
type Account struct {
	*Verifier
	// PublicURL is what stands before the path in the URL that the provider calls; empty
	// where no signature needs it.
	PublicURL string
	Tokens    []string // one of which ends the path
}

// Requires reports whether every callback has to be signed. Without an account none has.
func (a *Account) Requires() bool { return a != nil && !a.keys.Optional }

// Rest is what is kept of a request beside its body, when it can't be verified: all that
// the verifier needs, without the token. Of what is too long to keep nothing is.
func (a *Account) Rest(method, target, token string, header map[string][]string) *callback.Unverified {
	u := &callback.Unverified{Method: method, Target: mask(target, token)}
	for _, name := range a.Scheme().Headers() {
		if values := header[name]; len(values) > 0 {
			if u.Header == nil {
				u.Header = map[string]string{}
			}
			u.Header[name] = values[0]
		}
	}
	if !u.IsShort() {
		return &callback.Unverified{Target: "/" + callback.TokenMark}
	}
	return u
}

// mask replaces the token in the path of a target.
func mask(target, token string) string {
	path, query, found := strings.Cut(target, "?")
	switch {
	case token != "" && strings.Contains(path, token):
		path = strings.Replace(path, token, callback.TokenMark, 1)
	default: // it is written in another way
		path = "/" + callback.TokenMark
	}
	if found {
		path += "?" + query
	}
	return path
}

// VerifyNow verifies a request to a target, which is the path and query as they were sent.
func (a *Account) VerifyNow(method, target string, header map[string][]string, body []byte, at instant.Instant) error {
	return a.Verify(&Request{Method: method, URL: a.url(target), Header: header, Body: body, ReceivedAt: at})
}

// url is the URL of a target. Where no public URL is known, only its path and query are
// what the provider called.
func (a *Account) url(target string) string {
	if a.PublicURL == "" {
		return "https://unknown.invalid" + target
	}
	return strings.TrimSuffix(a.PublicURL, "/") + target
}

// VerifyKept verifies a request of which [Account.Rest] was kept.
func (a *Account) VerifyKept(u *callback.Unverified, body []byte, at instant.Instant) error {
	header := map[string][]string{}
	for name, value := range u.Header {
		header[name] = []string{value}
	}
	err := a.VerifyNow(u.Method, u.Target, header, body, at)
	if !a.Scheme().SignsURL() {
		return err
	}
	for _, token := range a.Tokens {
		if err = a.VerifyNow(u.Method, strings.Replace(u.Target, callback.TokenMark, token, 1), header, body, at); err == nil {
			break
		}
	}
	return err
}
