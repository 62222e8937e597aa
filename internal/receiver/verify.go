package receiver

import (
	"errors"
	"net/http"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
)

// errUnverified is the error of a callback that the source refuses, because it is not the
// provider's.
var errUnverified = errors.New("the signature is missing or wrong")

// verify verifies a callback. What is not verified is returned as it is kept, or the error
// is errUnverified. Where it returns nothing the body may be read. A body that asks to confirm a
// subscription is kept, too: only people confirm.
func (s *Source) verify(req *http.Request, body []byte, now hygiene.Instant) (kept provider.Reading, err error) {
	if s.Account != nil {
		err := s.Account.VerifyNow(req.Method, targetOf(req), req.Header, body, now)
		if s.Reject && err != nil && !errors.Is(err, signature.ErrNoCertificate) {
			return kept, errUnverified
		}
		if err != nil {
			return s.unverified(req, err, body, now), nil
		}
	}
	if s.handshake() == provider.HandshakeSNS && signature.AsksToConfirm(body) {
		return s.unreadable(signature.WhyConfirm, body, now), nil
	}
	return kept, nil
}

func (s *Source) handshake() provider.Handshake { return s.Reader.Format().Handshake }

// unverified is a body that is kept until it can be verified.
func (s *Source) unverified(req *http.Request, err error, body []byte, now hygiene.Instant) provider.Reading {
	is := s.unreadable(signature.Why(err), body, now)
	u := &is.Unreadable[0]
	u.Unverified = s.Account.Rest(req.Method, targetOf(req), strings.Trim(tokenIn(req.URL.Path), "/"), req.Header)
	u.Unverified.Waits = errors.Is(err, signature.ErrNoCertificate)
	if req.Method == http.MethodGet && u.Unverified.Method == "" { // its query, which is all of it, was too long to keep there
		u.Body = append([]byte("?"), req.URL.RawQuery...)
	}
	return is
}

// unreadable is a body that nothing is read in.
func (s *Source) unreadable(why string, body []byte, now hygiene.Instant) provider.Reading {
	return provider.Reading{Unreadable: []hygiene.Unreadable{{ReceivedAt: now, Source: s.Name, Why: why, Body: append([]byte{}, body...)}}}
}

// broken is a body that can't be read as it was sent. Where callbacks are verified it is
// not: nothing may read it later without that.
func (s *Source) broken(req *http.Request, why string, body []byte, now hygiene.Instant) (provider.Reading, error) {
	switch {
	case s.Account == nil:
		return s.unreadable(why, body, now), nil
	case s.Reject:
		return provider.Reading{}, errUnverified
	}
	return s.unverified(req, errors.New(why), body, now), nil
}

// targetOf is the path and query of a request, as they were sent.
func targetOf(req *http.Request) string {
	if strings.HasPrefix(req.RequestURI, "/") {
		return req.RequestURI
	}
	return req.URL.RequestURI()
}
