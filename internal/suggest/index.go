package suggest

import "math/bits"

// Index is many known words, to find the nearest of each of many others: most words are
// left out by a look at their letters. The zero value is empty.
type Index struct {
	words   []string
	letters []uint64 // a bit for each letter that the word has
}

// Add adds a known word.
func (x *Index) Add(word string) {
	x.words, x.letters = append(x.words, word), append(x.letters, lettersOf(word))
}

func lettersOf(word string) (set uint64) {
	for i := range len(word) {
		set |= 1 << (word[i] & 63)
	}
	return set
}

// Within is [Within] among the known words.
func (x *Index) Within(word string, limit int) string {
	nearest := ""
	limit = min(limit, len(word)-1)
	letters := lettersOf(word)
	for i, other := range x.letters {
		if limit < 0 {
			break
		}
		k := x.words[i]
		// An edit changes the length by one at most, and the set of letters by two.
		if bits.OnesCount64(other^letters) > 2*limit || len(k)-len(word) > limit || len(word)-len(k) > limit {
			continue
		}
		if n := Distance(word, k); n <= limit {
			nearest, limit = k, n-1
		}
	}
	return nearest
}
