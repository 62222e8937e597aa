// Package reason has the reasons that are a person's word, and the other words that
// people and other systems have for them.
//
// What a person said is one thing, whatever a list calls it. So all names are one reason
// wherever winnow reads one: in lists, commands, the API, the config and stores of
// earlier versions.
package reason

import (
	"strings"
	"unicode"
)

// The reasons that are a person's word under every policy.
const (
	OptedOut  = "opted_out" // they do not want to be texted
	Complaint = "complaint" // they complained about a message
)

// otherWords are the reasons by the other words for them, as fold writes those.
var otherWords = map[string]string{
	"unsubscribed": OptedOut, "unsubscribe": OptedOut, "unsub": OptedOut, "optedout": OptedOut, "optout": OptedOut,
	"stop": OptedOut, "stopped": OptedOut, "revoked": OptedOut,
	"complaint": Complaint, "spam": Complaint, "spamcomplaint": Complaint,
}

// Of is the reason that a word stands for: one that is a person's word, of which more
// are the names beside those that always are, or the word itself. other reports whether
// it is another word for that reason. Case, blanks, - and _ tell none apart.
func Of(word string, more ...string) (reason string, other bool) {
	folded := fold(word)
	if reason, ok := otherWords[folded]; ok {
		return reason, reason != word
	}
	for _, name := range more {
		if name == word {
			return word, false
		}
	}
	for _, name := range more {
		if fold(name) == folded {
			return name, true
		}
	}
	return word, false
}

// fold is a word without what tells none apart. A Turkish i is an i.
func fold(word string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == '_' || r == '\u0307' || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r):
			return -1
		case r == 'İ' || r == 'ı':
			return 'i'
		}
		return unicode.ToLower(r)
	}, word)
}
