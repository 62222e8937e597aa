package scrub

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"unicode"

	"winnow/hygiene/contactkey"
)

// valueParser turns the values of a column into what they are looked up by.
type valueParser struct {
	keys       contactkey.Format
	key, phone bool // what a value may be
}

// valueParser returns the parser for --by and --region. Where keys are phone
// numbers, a value is looked up as the phone of a contact only with --by phone.
func (o Options) valueParser(keys contactkey.Format) valueParser {
	keys.Region = cmp.Or(o.Region, keys.Region)
	return valueParser{keys: keys, key: o.By != "phone", phone: o.By == "phone" || o.By == "either" && !keys.Phone}
}

// parse returns the key to look up, and the phone number in E.164, empty for none.
// When only phone numbers are looked up, the number is the key too. The error says why
// the value can't be a new key; with a key all the same, a contact may have that.
func (p valueParser) parse(value string) (key, phone string, err error) {
	key, err = p.keys.NormalizeCell(value)
	switch {
	case err != nil && p.key && !errors.Is(err, contactkey.ErrPlaceholder):
		return strings.TrimSpace(value), "", err
	case err != nil || !p.phone:
		return key, "", err
	}
	if !p.key {
		phone, err = contactkey.ParsePhone(key, p.keys.Region)
		return phone, phone, err
	}
	if p.mayBePhone(key) {
		phone, _ = contactkey.ParsePhone(key, p.keys.Region)
	}
	return key, phone, nil
}

// mayBePhone is a fast check that rules out most ids.
func (p valueParser) mayBePhone(key string) bool {
	foreign := func(r rune) bool { return r == '+' || r > unicode.MaxASCII }
	return (p.keys.Region != "" || strings.ContainsFunc(key, foreign)) && !strings.ContainsFunc(strings.TrimPrefix(key, "tel:"), isLetter)
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' }

// lookupSet is a sorted set of values to look up together, with the lines of each.
type lookupSet struct {
	entries []lookupEntry // sorted by value
	values  []string      // the distinct values
	first   []int         // the index of the first entry of each value
}

// lookupEntry is a value of a line.
type lookupEntry struct {
	value string
	next  uint64 // the 8 bytes after the common prefix of all values
	line  int
}

func (s *lookupSet) reset() { s.entries, s.values, s.first = s.entries[:0], s.values[:0], s.first[:0] }

func (s *lookupSet) add(value string, line int) {
	s.entries = append(s.entries, lookupEntry{value: value, line: line})
}

// entriesOf returns the entries of values[i].
func (s *lookupSet) entriesOf(i int) []lookupEntry {
	if i+1 < len(s.first) {
		return s.entries[s.first[i]:s.first[i+1]]
	}
	return s.entries[s.first[i]:]
}

// sort sorts the entries and collects the distinct values. The values of a list
// mostly share a prefix and differ in the few bytes after it, so that these are
// compared first.
func (s *lookupSet) sort() {
	prefix := s.commonPrefix()
	for i := range s.entries {
		var next [8]byte
		copy(next[:], s.entries[i].value[prefix:])
		s.entries[i].next = binary.BigEndian.Uint64(next[:])
	}
	slices.SortFunc(s.entries, func(a, b lookupEntry) int {
		if a.next != b.next {
			return cmp.Compare(a.next, b.next)
		}
		return strings.Compare(a.value, b.value)
	})
	for i := range s.entries {
		if value := s.entries[i].value; i == 0 || value != s.entries[i-1].value {
			s.values, s.first = append(s.values, value), append(s.first, i)
		}
	}
}

// commonPrefix is the length in bytes of the prefix that all values share.
func (s *lookupSet) commonPrefix() (n int) {
	if len(s.entries) == 0 {
		return 0
	}
	first := s.entries[0].value
	n = len(first)
	for i := range s.entries {
		value := s.entries[i].value
		n = min(n, len(value))
		for first[:n] != value[:n] {
			n--
		}
	}
	return n
}
