package simulate

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider/signature"
	"winnow/internal/config"
	"winnow/internal/simulate/bodies"
	"winnow/internal/simulate/load"
	"winnow/internal/simulate/traffic"
)

// signer signs callbacks as the provider does.
type signer struct {
	scheme signature.Scheme
	secret string
	public string // the beginning of the URL that is signed
}

// signerOf is the signer of a source; nil for one that verifies nothing.
func signerOf(cfg *config.Config, s *config.Source) (*signer, error) {
	if s.Signature == nil {
		return nil, nil
	}
	if len(s.Signature.Values) == 0 {
		return nil, fmt.Errorf("the secret with which source %s of %s verifies callbacks is not set here", s.Name, cfg.Path)
	}
	g := &signer{scheme: s.Signature.Scheme, secret: s.Signature.Values[0], public: strings.TrimRight(s.PublicURL, "/")}
	err := signature.Sign(g.scheme, g.secret, &signature.Request{Method: "POST", URL: g.public + "/x?y=z"}, "nonce")
	if errors.Is(err, signature.ErrCannotSign) {
		return nil, fmt.Errorf("source %s of %s verifies callbacks with a key that only the provider has; name another source, or leave its signature out of a copy of the config", s.Name, cfg.Path)
	}
	return g, nil
}

// cannot are the lies that the signer can't sign, so that they would not be what they claim:
// parameters are signed one by one, so a body has to be readable.
func (g *signer) cannot(l traffic.Lie) bool {
	_, parameters := g.scheme.(signature.Parameters)
	return parameters && (l == traffic.Broken || l == traffic.WrongType || l == traffic.UnknownFields)
}

// sign adds the signature to a request.
func (g *signer) sign(out *load.Request, kind string, t *try) {
	r := &signature.Request{Method: out.Method, URL: g.public + out.Target, Body: out.Body, ReceivedAt: hygiene.InstantOf(time.Now()), Header: map[string][]string{}}
	if kind != "" {
		r.Header["Content-Type"] = []string{kind}
	}
	secret := g.secret
	if t.Lie == traffic.WrongSignature {
		secret += "x"
	}
	if signature.Sign(g.scheme, secret, r, fmt.Sprintf("%d-%d", t.N, t.before)) != nil {
		return // it goes unsigned, and is counted as an unexpected answer if that is refused
	}
	out.Target, out.Body = strings.TrimPrefix(r.URL, g.public), r.Body
	for name, values := range r.Header {
		if name != "Content-Type" {
			out.Header = append(out.Header, [2]string{textproto.CanonicalMIMEHeaderKey(name), values[0]})
		}
	}
}

// signed says to the maker of bodies what becomes of a wrong signature.
func (g *signer) signed(reject bool) bodies.Signed {
	switch {
	case g == nil:
		return bodies.Unsigned
	case reject:
		return bodies.RejectsUnsigned
	}
	return bodies.KeepsUnsigned
}
