package contactkey

import (
	"hash/maphash"
	"strconv"
	"strings"
	"sync"
)

// A provider calls back several times about a message, and a list is texted again, so
// the same numbers are parsed again and again. Parsing one takes the library 15 µs, a
// third of what winnow does for a callback; to find it here takes a hundredth of that.
//
// The memory has places for 131,072 numbers in 4 MiB, which it takes as they are filled.
const (
	phoneShards = 64  // each with a lock of its own
	phoneSets   = 256 // of a shard
	phoneWays   = 8   // places for numbers whose texts have the same hash
	longestText = 21  // in bytes; longer texts are not kept
)

// phoneMemory keeps what texts were parsed to. The zero value is empty. It is safe for
// use by many goroutines.
type phoneMemory struct {
	shards [phoneShards]phoneShard
}

type phoneShard struct {
	mu   sync.Mutex
	sets [][phoneWays]parsedPhone // the latest used first; nil before the first use
}

// parsedPhone is a text with its region, and the digits of the number that it is; 0 for
// an invalid one.
type parsedPhone struct {
	text   phoneText
	digits uint64
}

// phoneText is a text and the region that it was parsed for.
type phoneText struct {
	region [2]byte // the first bytes of International, which no region begins with
	length uint8   // of the text; 0 in an empty place
	bytes  [longestText]byte
}

// newPhoneText returns the text to look for; false for one that is not kept.
func newPhoneText(text, region string) (t phoneText, ok bool) {
	if text == "" || len(text) > longestText || len(region) > len(t.region) && region != International {
		return t, false
	}
	t.length = uint8(copy(t.bytes[:], text))
	copy(t.region[:], region)
	return t, true
}

var phoneSeed = maphash.MakeSeed()

func (m *phoneMemory) placeOf(t *phoneText) (shard *phoneShard, set int) {
	hash := maphash.Bytes(phoneSeed, t.bytes[:t.length])
	return &m.shards[hash%phoneShards], int(hash / phoneShards % phoneSets)
}

// parse returns the number that the text is: what was kept, or else what parse returns,
// which is kept. parse must return E.164, or "" for an invalid number.
func (m *phoneMemory) parse(text, region string, parse func(text, region string) string) string {
	key, ok := newPhoneText(text, region)
	if !ok {
		return parse(text, region)
	}
	shard, set := m.placeOf(&key)
	if digits, ok := shard.find(set, &key); ok {
		return formatDigits(digits, text)
	}
	number := parse(text, region)
	digits, err := strconv.ParseUint(strings.TrimPrefix(number, "+"), 10, 64)
	if err == nil || number == "" {
		shard.add(set, parsedPhone{key, digits})
	}
	return number
}

// formatDigits is the number of digits in E.164: the text itself where it is that.
func formatDigits(digits uint64, text string) string {
	if digits == 0 {
		return ""
	}
	number := strconv.AppendUint(append(make([]byte, 0, 24), '+'), digits, 10)
	if string(number) == text {
		return text
	}
	return string(number)
}

// find returns the digits of a text that is kept, and makes it the latest used.
func (s *phoneShard) find(set int, text *phoneText) (digits uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets == nil {
		return 0, false
	}
	ways := &s.sets[set]
	for i := range ways {
		if found := ways[i]; found.text == *text {
			copy(ways[1:i+1], ways[:i])
			ways[0] = found
			return found.digits, true
		}
	}
	return 0, false
}

// add keeps a parsed text in place of the one of its set that was not used for longest.
func (s *phoneShard) add(set int, p parsedPhone) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets == nil {
		s.sets = make([][phoneWays]parsedPhone, phoneSets)
	}
	ways := &s.sets[set]
	copy(ways[1:], ways[:])
	ways[0] = p
}
