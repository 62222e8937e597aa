package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"winnow/hygiene/instant"
)

// JWT is a JSON Web Token in a header, signed with HS256 or a longer digest. Its claims
// have digests of what is sent. No algorithm without a secret is accepted, whatever the
// token says.
type JWT struct {
	Sent     string // the canonical name of the header
	Prefix   string // before the token, such as "Bearer "
	Issuer   string // the claim iss
	URLHash  string // the claim with the SHA-256 of the URL in hex; empty for none
	BodyHash string // the claim with the SHA-256 of the body in hex
}

// maxToken is the most bytes of a token that are read.
const maxToken = 8 << 10

// leeway is how far the clocks of provider and receiver may be apart.
const leeway = time.Minute

// Headers implements [Scheme].
func (j JWT) Headers() []string { return []string{j.Sent} }

// SignsURL implements [Scheme].
func (j JWT) SignsURL() bool { return j.URLHash != "" }

// Needs implements [Scheme].
func (JWT) Needs() Need { return NeedSecret }

func (j JWT) check(*Keys) error {
	if j.Sent == "" || j.BodyHash == "" {
		return errors.New("a token needs a header, and a claim with the digest of the body")
	}
	return nil
}

func (j JWT) verify(r *Request, k *Keys) error {
	token := r.header(j.Sent)
	if token == "" {
		return ErrUnsigned
	}
	token, ok := strings.CutPrefix(token, j.Prefix)
	if !ok || len(token) > maxToken {
		return errNoToken
	}
	claims, err := readToken(token, k.Values)
	if err != nil {
		return err
	}
	if j.Issuer != "" && claims["iss"] != j.Issuer {
		return errors.New("the token is of another issuer")
	}
	if err := inTime(claims, r.ReceivedAt); err != nil {
		return err
	}
	return j.checkDigests(r, claims)
}

var errNoToken = errors.New("the header has no token that is signed with HS256, HS384 or HS512")

var tokenHashes = map[string]Hash{"HS256": SHA256, "HS384": sha384, "HS512": SHA512}

// readToken verifies a token and returns its claims.
func readToken(token string, secrets []string) (map[string]string, error) {
	signed, encoded, ok := cutLast(token, ".")
	head, body, ok2 := strings.Cut(signed, ".")
	if !ok || !ok2 || strings.Contains(body, ".") {
		return nil, errNoToken
	}
	decoding := base64.RawURLEncoding.Strict()
	header, err := decoding.DecodeString(head)
	if err != nil {
		return nil, errNoToken
	}
	fields, _, err := object(header)
	if err != nil || tokenHashes[fields["alg"]] == "" {
		return nil, errNoToken
	}
	mac, err := decoding.DecodeString(encoded)
	if err != nil {
		return nil, errNoToken
	}
	if !anyMatches(tokenHashes[fields["alg"]], secrets, [][]byte{[]byte(signed)}, [][]byte{mac}) {
		return nil, errWrong
	}
	text, err := decoding.DecodeString(body)
	if err != nil {
		return nil, errNoToken
	}
	claims, _, err := object(text)
	if err != nil {
		return nil, errNoToken
	}
	return claims, nil
}

func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

// inTime says whether the token was valid at that time. One without a claim about it is.
func inTime(claims map[string]string, at instant.Instant) error {
	for _, name := range []string{"nbf", "exp"} {
		text, ok := claims[name]
		if !ok {
			continue
		}
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || seconds < 0 || seconds > 1<<36 {
			return fmt.Errorf("the claim %s of the token is not a time", name)
		}
		bound := instant.Of(time.Unix(int64(seconds), 0))
		switch {
		case name == "nbf" && at.Add(leeway) < bound:
			return errors.New("the token is not valid yet")
		case name == "exp" && at.Add(-leeway) > bound:
			return errors.New("the token has expired")
		}
	}
	return nil
}

// checkDigests compares the claims with what was sent. A body that has no claim is not
// signed, and neither is a claim without a body.
func (j JWT) checkDigests(r *Request, claims map[string]string) error {
	if j.URLHash != "" {
		if r.URL == "" {
			return errors.New("the URL that the provider called is not known; public_url says it")
		}
		if !isDigest(claims[j.URLHash], []byte(r.URL)) {
			return errors.New("the token is for another URL")
		}
	}
	named, ok := claims[j.BodyHash]
	if !ok && len(r.Body) == 0 {
		return nil
	}
	if !isDigest(named, r.Body) {
		return errors.New("the token is for another body")
	}
	return nil
}

// isDigest reports whether the text is the SHA-256 of the data in hex.
func isDigest(text string, data []byte) bool {
	sum := sha256.Sum256(data)
	named, err := hex.DecodeString(text)
	return err == nil && hmac.Equal(named, sum[:])
}
