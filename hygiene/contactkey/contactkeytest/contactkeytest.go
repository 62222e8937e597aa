// Package contactkeytest makes spellings of keys for tests.
package contactkeytest

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"winnow/hygiene/contactkey"
)

var (
	unseen = []string{"\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202a", "\u202c", "\u200e", "\u2066", "\U000e0020"}
	blanks = []string{" ", "\t", "\u00a0", "\u2003", "\u3000", "\u202f", "\r\n", "\u2028", "\u0085"}
	dashes = []string{"-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\ufe63", "\uff0d"}
	zeros  = []rune{'0', '\u0660', '\u06f0', '\u0966', '\uff10', '\U0001d7ce'} // of some scripts
)

// Random is a source of random numbers, such as a rand.Rand.
type Random interface {
	IntN(n int) int // from 0 to n-1
}

// Spelling is another spelling of a key that is normalized as the format has it: each
// normalizes to the same.
func Spelling(r Random, f contactkey.Format, key string) string {
	if f.Phone {
		return spelledPhone(r, key)
	}
	if r.IntN(2) == 0 {
		key = norm.NFD.String(key)
	}
	var b strings.Builder
	around(r, &b)
	for _, c := range key {
		switch {
		case c == ' ':
			for range 1 + r.IntN(3) {
				b.WriteString(blanks[r.IntN(len(blanks))])
			}
		case f.Fold && r.IntN(2) == 0:
			b.WriteString(otherCase(c))
		default:
			b.WriteRune(c)
		}
		if r.IntN(6) == 0 {
			b.WriteString(unseen[r.IntN(len(unseen))])
		}
	}
	around(r, &b)
	return b.String()
}

// around adds what may stand around a key.
func around(r Random, b *strings.Builder) {
	for range r.IntN(3) {
		b.WriteString(blanks[r.IntN(len(blanks))])
		b.WriteString(unseen[r.IntN(len(unseen))])
	}
}

// otherCase is the upper case of a letter that folds to the letter.
func otherCase(c rune) string {
	if c == 'ß' {
		return "SS"
	}
	upper := unicode.ToUpper(c)
	if folded, err := (contactkey.Format{Fold: true}).Normalize(string(upper)); err != nil || folded != string(c) {
		return string(c)
	}
	return string(upper)
}

func spelledPhone(r Random, e164 string) string {
	var b strings.Builder
	around(r, &b)
	zero := zeros[r.IntN(len(zeros))]
	b.WriteString([]string{"+", "\uff0b"}[r.IntN(2)])
	for i, c := range strings.TrimPrefix(e164, "+") {
		if i > 0 && r.IntN(3) == 0 {
			b.WriteString([]string{blanks[r.IntN(len(blanks))], dashes[r.IntN(len(dashes))], unseen[r.IntN(len(unseen))]}[r.IntN(3)])
		}
		b.WriteRune(zero + c - '0')
	}
	around(r, &b)
	return b.String()
}
