package receiver

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// keyring knows whose a token is. It keeps digests: they all have one length,
// and comparing them tells nothing about a token that is nearly right.
type keyring []key

type key struct {
	digest [sha256.Size]byte
	source *Source
}

func newKeyring(sources []Source) *keyring {
	var k keyring
	for i := range sources {
		for _, token := range sources[i].Tokens {
			if sum := digest(token); sum != digest("") { // or the bare address would be a callback URL
				k = append(k, key{digest: sum, source: &sources[i]})
			}
		}
	}
	return &k
}

// find gives the source of the token; nil for an unknown one. It compares with
// every token there is, however early one fits.
func (k *keyring) find(token string) *Source {
	sum, at := digest(token), -1
	for i := range *k {
		same := subtle.ConstantTimeCompare(sum[:], (*k)[i].digest[:])
		at = subtle.ConstantTimeSelect(same, i, at)
	}
	if at < 0 {
		return nil
	}
	return (*k)[at].source
}

// digest is of the token without the slashes around it, which a path may have.
func digest(token string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Trim(token, "/")))
}
