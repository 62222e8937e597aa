package receiver

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"strings"
)

// tokenTable maps tokens to sources. It stores digests: they all have the same
// length, and comparing them reveals nothing about a token that is nearly right.
type tokenTable struct {
	entries []tokenEntry
	proxies []netip.Prefix // trusted
}

type tokenEntry struct {
	digest [sha256.Size]byte
	source *Source
}

func newTokenTable(sources []Source, proxies []netip.Prefix) *tokenTable {
	t := &tokenTable{proxies: proxies}
	for i := range sources {
		for _, token := range sources[i].Tokens {
			if sum := tokenDigest(token); sum != tokenDigest("") { // or the bare address would be a callback URL
				t.entries = append(t.entries, tokenEntry{digest: sum, source: &sources[i]})
			}
		}
	}
	return t
}

// lookup returns the source of the token, or nil for an unknown one. It always
// compares with every token, so that its duration does not depend on the match.
func (t *tokenTable) lookup(token string) *Source {
	sum, at := tokenDigest(token), -1
	for i := range t.entries {
		same := subtle.ConstantTimeCompare(sum[:], t.entries[i].digest[:])
		at = subtle.ConstantTimeSelect(same, i, at)
	}
	if at < 0 {
		return nil
	}
	return t.entries[at].source
}

// tokenDigest ignores slashes around the token, which a path may have.
func tokenDigest(token string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Trim(token, "/")))
}
