package scrub

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"winnow/hygiene"
)

// lookup is how contacts are found by a value of a list.
type lookup struct {
	keys       hygiene.KeyFormat
	key, phone bool // which of the two a value may be
}

// lookup is what --by and --region say. Where keys are phone numbers no other is
// looked for unless it is named.
func (o Options) lookup(keys hygiene.KeyFormat) lookup {
	keys.Region = cmp.Or(o.Region, keys.Region)
	return lookup{keys: keys, key: o.By != "phone", phone: o.By == "phone" || o.By == "either" && !keys.Phone}
}

// of gives the key to look for, and the phone number in E.164, empty for none. A
// number that is looked for alone is the key, too.
func (l lookup) of(value string) (key, phone string, err error) {
	if key, err = l.keys.Normalize(value); err != nil || !l.phone {
		return key, "", err
	}
	if !l.key {
		phone, err = hygiene.ParsePhone(key, l.keys.Region)
		return phone, phone, err
	}
	if l.mayBePhone(key) {
		phone, _ = hygiene.ParsePhone(key, l.keys.Region)
	}
	return key, phone, nil
}

// mayBePhone tells most ids from phone numbers at once.
func (l lookup) mayBePhone(key string) bool {
	return (l.keys.Region != "" || strings.Contains(key, "+")) && !strings.ContainsFunc(strings.TrimPrefix(key, "tel:"), isLetter)
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' }

// batch is what is looked up together: the nearer the values lie to each other in
// an index, the sooner they are found.
type batch struct {
	places []batchPlace // in order of the values
	values []string     // each once
	from   []int        // the first place of each value
}

// batchPlace is a value of a line.
type batchPlace struct {
	value string
	next  uint64 // its bytes after those that all begin with
	line  int
}

func (a *batch) reset() { a.places, a.values, a.from = a.places[:0], a.values[:0], a.from[:0] }

func (a *batch) add(value string, line int) {
	a.places = append(a.places, batchPlace{value: value, line: line})
}

// of are the places of the value of that number.
func (a *batch) of(i int) []batchPlace {
	if i+1 < len(a.from) {
		return a.places[a.from[i]:a.from[i+1]]
	}
	return a.places[a.from[i]:]
}

// sort puts the values in order. Most of a list begin alike, and the few bytes
// after that tell nearly all of them apart.
func (a *batch) sort() {
	alike := a.alike()
	for i := range a.places {
		var next [8]byte
		copy(next[:], a.places[i].value[alike:])
		a.places[i].next = binary.BigEndian.Uint64(next[:])
	}
	slices.SortFunc(a.places, func(a, b batchPlace) int {
		if a.next != b.next {
			return cmp.Compare(a.next, b.next)
		}
		return strings.Compare(a.value, b.value)
	})
	for i := range a.places {
		if value := a.places[i].value; i == 0 || value != a.places[i-1].value {
			a.values, a.from = append(a.values, value), append(a.from, i)
		}
	}
}

// alike is with how many bytes all values begin alike.
func (a *batch) alike() (n int) {
	if len(a.places) == 0 {
		return 0
	}
	first := a.places[0].value
	n = len(first)
	for i := range a.places {
		value := a.places[i].value
		n = min(n, len(value))
		for first[:n] != value[:n] {
			n--
		}
	}
	return n
}
