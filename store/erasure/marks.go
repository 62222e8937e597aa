package erasure

import (
	"maps"
	"slices"
)

// marks says of nearly all texts, in one pass and however many words there are, that they
// have none of the words. It looks at three bytes of each word: its last, since keys and
// numbers begin alike. Digits may have others between them.
type marks struct {
	ends [1 << 16]bool
	any  bool
}

func (m *marks) add(word string) {
	m.any = true
	m.ends[hashOf(word[len(word)-3], word[len(word)-2], word[len(word)-1])] = true
}

func hashOf(a, b, c byte) uint16 {
	return uint16((uint32(a)*0x9e3779b1 ^ uint32(b)*0x85ebca6b ^ uint32(c)*0xc2b2ae35) >> 12)
}

// notIn reports whether the text, in ASCII, surely has none of the words.
func (m *marks) notIn(text []byte) bool {
	if !m.any {
		return true
	}
	var a, b, digitA, digitB byte
	for _, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if m.ends[hashOf(a, b, c)] {
			return false
		}
		a, b = b, c
		if '0' <= c && c <= '9' {
			if m.ends[hashOf(digitA, digitB, c)] {
				return false
			}
			digitA, digitB = digitB, c
		}
	}
	return true
}

func sorted(set map[string]int64) []string { return slices.Sorted(maps.Keys(set)) }
