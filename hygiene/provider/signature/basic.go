package signature

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
)

// Basic is HTTP basic authentication: a user and a password that the provider sends with
// each request. It signs nothing, and is what most providers without a signature offer.
type Basic struct{}

const authorization = "Authorization"

// Headers implements [Scheme].
func (Basic) Headers() []string { return []string{authorization} }

// SignsURL implements [Scheme].
func (Basic) SignsURL() bool { return false }

// Needs implements [Scheme].
func (Basic) Needs() Need { return NeedBasic }

func (Basic) check(k *Keys) error {
	for _, v := range k.Values {
		if user, password, ok := strings.Cut(v, ":"); !ok || user == "" || password == "" {
			return errors.New("basic is a user and a password with a colon between them")
		}
	}
	return nil
}

func (Basic) verify(r *Request, k *Keys) error {
	value := r.header(authorization)
	if value == "" {
		return ErrUnsigned
	}
	kind, encoded, _ := strings.Cut(value, " ")
	sent, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if !strings.EqualFold(kind, "Basic") || err != nil {
		return errors.New("the Authorization header is not of HTTP basic authentication")
	}
	sum, same := sha256.Sum256(sent), 0
	for _, v := range k.Values { // digests, which have one length
		of := sha256.Sum256([]byte(v))
		same |= subtle.ConstantTimeCompare(sum[:], of[:])
	}
	if same == 0 {
		return errors.New("the user or password is wrong")
	}
	return nil
}
