package config

import (
	"fmt"
	"strings"
)

// minDistinct is how many different characters a token must have. 16 random
// hexadecimal digits have fewer about once in 30,000 times.
const minDistinct = 6

// exampleWords are parts of tokens that stand in documentation for the real one. Case,
// hyphens, dots and underscores do not matter.
var exampleWords = []string{"changeme", "password", "passwort", "yourtoken", "yoursecret", "mytoken", "mysecret", "exampletoken", "replaceme", "secrettoken", "letmein", "qwerty"}

// weakness says why a token can be guessed; empty if nothing shows that it can.
func weakness(token string) string {
	plain := strings.NewReplacer("-", "", "_", "", ".", "", "~", "").Replace(strings.ToLower(token))
	for _, word := range exampleWords {
		if strings.Contains(plain, word) {
			return fmt.Sprintf("it contains %q, which examples do", word)
		}
	}
	if n := repeats(token); n > 1 {
		return fmt.Sprintf("it repeats its first characters %d times", n)
	}
	distinct := map[rune]bool{}
	for _, r := range token {
		distinct[r] = true
	}
	if len(distinct) < minDistinct {
		return fmt.Sprintf("it has only %d different characters", len(distinct))
	}
	return ""
}

// repeats is how many times a token consists of its own beginning; 1 for once.
func repeats(token string) int {
	for n := 1; n <= len(token)/2; n++ {
		if strings.HasPrefix(token, token[n:]) {
			return len(token) / n
		}
	}
	return 1
}
