package traffic

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"winnow/hygiene/contactkey"
)

// contactOf is the contact at a place from 0 to 1, of so many. With skew 1 how often a
// contact is drawn falls as one over its rank: Zipf's law, of which this is the continuous
// form, whose inverse needs no table.
func contactOf(place float64, contacts int64, skew float64) int64 {
	most := float64(contacts)
	var rank float64
	switch {
	case skew == 0:
		rank = place * most
	case skew == 1:
		rank = math.Exp(place*math.Log(most+1)) - 1
	default:
		rank = math.Pow(1+place*(math.Pow(most+1, 1-skew)-1), 1/(1-skew)) - 1
	}
	return min(int64(rank), contacts-1)
}

// Key is the key of a contact, where keys are texts.
func Key(contact int64) string { return Prefix + strconv.FormatInt(contact, 10) }

// IsContact reports whether a key is one that simulated contacts have, and that no other may
// have.
func IsContact(key string) bool {
	if _, err := strconv.ParseUint(strings.TrimPrefix(key, Prefix), 10, 64); strings.HasPrefix(key, Prefix) && err == nil {
		return true
	}
	return len(key) == len("+12015550100") && strings.HasPrefix(key, "+1") && key[5:8] == "555"
}

// lineNumbers are the numbers of the exchange 555 in an area of North America: those for
// fiction come first, and services that had one are left out.
var lineNumbers = sync.OnceValue(func() (list []int) {
	for n := range 10_000 {
		if place := (n + 100) % 10_000; place != 1212 && place != 4334 {
			list = append(list, place)
		}
	}
	return list
})

// fiction is how many of these numbers in an area are reserved for films and books.
const fiction = 100

// areas are the codes of the areas of North America.
var areas = sync.OnceValue(func() (list []int) {
	for code := 201; code < 990; code++ {
		if code/10%10 == code%10 { // 800 and the like, which are not areas
			continue
		}
		if _, err := contactkey.ParsePhone(fmt.Sprintf("+1%d5550100", code), ""); err == nil {
			list = append(list, code)
		}
	}
	return list
})

// Fictional is how many contacts have a number that is reserved for fiction. Those of more
// contacts are of the same exchange, in which no person has a number.
func Fictional() int64 { return int64(len(areas()) * fiction) }

// Phones is how many contacts can have a number.
func Phones() int64 { return int64(len(areas()) * len(lineNumbers())) }

// Phone is the phone number of a contact in E.164: one that no person has.
func Phone(contact int64) string {
	codes, lines := areas(), lineNumbers()
	contact %= Phones()
	inFiction, rest := contact, int64(0)
	if contact >= Fictional() {
		inFiction, rest = 0, contact-Fictional()
		code, line := rest%int64(len(codes)), rest/int64(len(codes))+fiction
		return fmt.Sprintf("+1%d555%04d", codes[code], lines[line])
	}
	return fmt.Sprintf("+1%d555%04d", codes[inFiction%int64(len(codes))], lines[inFiction/int64(len(codes))])
}
