package traffic

import "fmt"

// Lie is a way in which a callback is not what it should be.
type Lie uint8

// The lies.
const (
	NoLie         Lie = iota
	Broken            // it ends in the middle
	UnknownCode       // a code that nobody knows
	UnknownEvent      // a word that nobody knows
	UnknownFields     // fields that nobody knows
	WrongType         // an object where the message's id should be
	Oversized         // more than the receiver takes
	WrongToken        // a URL that is not the source's
	WrongSignature
	lies
)

var lieNames = [lies]string{"honest", "broken", "unknown code", "unknown event", "unknown fields", "wrong type", "oversized", "wrong token", "wrong signature"}

// String names the lie.
func (l Lie) String() string {
	if l < lies {
		return lieNames[l]
	}
	return fmt.Sprintf("lie %d", uint8(l))
}

// Lies are all lies.
func Lies() (list []Lie) {
	for l := NoLie + 1; l < lies; l++ {
		list = append(list, l)
	}
	return list
}

// oversizedOf is how many lies there are for one that is oversized: each has as many bytes as
// thousands of others.
const oversizedOf = 50

// pickLie chooses by a place from 0 to 1. Each kind is as frequent as the others, but for
// what is oversized.
func pickLie(kinds []Lie, place float64) Lie {
	sum := 0.0
	for _, k := range kinds {
		sum += weightOf(k)
	}
	for _, k := range kinds {
		if place -= weightOf(k) / sum; place < 0 {
			return k
		}
	}
	return kinds[0]
}

func weightOf(l Lie) float64 {
	if l == Oversized {
		return 1. / oversizedOf
	}
	return 1
}
