package signature

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
)

// Ed25519 is a signature with the provider's own key over parts of the request, in
// base64 in a header.
type Ed25519 struct {
	Sent      []string // as in [HMAC]
	Parts     []Part
	Timestamp Timestamp
}

// Headers implements [Scheme].
func (e Ed25519) Headers() []string { return allHeaders(e.Sent, e.Parts, e.Timestamp) }

// SignsURL implements [Scheme].
func (e Ed25519) SignsURL() bool { return signsURL(e.Parts) }

// Needs implements [Scheme].
func (Ed25519) Needs() Need { return NeedPublicKey }

func (e Ed25519) check(k *Keys) error {
	for _, v := range k.Values {
		if _, err := publicKey(v); err != nil {
			return err
		}
	}
	if len(e.Sent) == 0 {
		return errors.New("a signature needs a header")
	}
	return checkParts(e.Parts, e.Timestamp)
}

// publicKey reads a public key: its 32 bytes in base64.
func publicKey(text string) (ed25519.PublicKey, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("public_key is not an Ed25519 public key, which is 32 bytes in base64")
	}
	return key, nil
}

func (e Ed25519) verify(r *Request, k *Keys) error {
	signatures, err := sent(r, e.Sent, "", Base64)
	if err != nil {
		return err
	}
	texts, err := join(r, e.Parts)
	if err != nil {
		return err
	}
	for _, v := range k.Values {
		key, err := publicKey(v)
		if err != nil {
			return err
		}
		for _, text := range texts {
			for _, s := range signatures {
				if ed25519.Verify(key, text, s) {
					return e.Timestamp.check(r)
				}
			}
		}
	}
	return errWrong
}
