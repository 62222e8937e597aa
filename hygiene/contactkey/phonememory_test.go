package contactkey

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

// counted is a parser that counts what it is asked. What is not a number begins with x.
type counted struct{ asked int }

func (c *counted) parse(text, region string) string {
	c.asked++
	if strings.HasPrefix(text, "x") {
		return ""
	}
	if strings.HasPrefix(text, "+") {
		return text
	}
	return map[string]string{"": "+1", "TR": "+90", "DE": "+49", "FR": "+33"}[region] + text
}

func TestAPhoneIsParsedOnce(t *testing.T) {
	for _, c := range []struct{ text, region, want string }{
		{"+905551234567", "", "+905551234567"},
		{"5551234567", "TR", "+905551234567"},
		{"5551234567", "DE", "+495551234567"}, // of another region it is another number
		{"5551234567", "", "+15551234567"},
		{"xyz", "TR", ""},
	} {
		var m phoneMemory
		var p counted
		for range 3 {
			if got := m.parse(c.text, c.region, p.parse); got != c.want {
				t.Errorf("%q of %q is %q, want %q", c.text, c.region, got, c.want)
			}
			if got := m.parse("5551234567", "FR", p.parse); got != "+335551234567" { // another one between
				t.Errorf("%q", got)
			}
		}
		if p.asked != 2 {
			t.Errorf("%q of %q was parsed %d times", c.text, c.region, p.asked-1)
		}
	}
}

func TestALongTextIsParsedEachTime(t *testing.T) {
	var m phoneMemory
	var p counted
	for _, text := range []string{strings.Repeat("5", longestText), strings.Repeat("5", longestText+1), strings.Repeat("5", 300), ""} {
		m.parse(text, "TR", p.parse)
		m.parse(text, "TR", p.parse)
	}
	if p.asked != 8 { // the first is short, but its number is too long to be kept
		t.Errorf("parsed %d times", p.asked)
	}
}

func TestTheMemoryOfPhonesIsBoundedAndNeverWrong(t *testing.T) {
	var m phoneMemory
	if size := phoneShards * phoneSets * int(unsafe.Sizeof([phoneWays]parsedPhone{})); size > 4<<20 {
		t.Errorf("it takes %d bytes", size)
	}
	const numbers = 300_000
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			var p counted
			random := rand.New(rand.NewPCG(rand.Uint64(), 1))
			for range 40_000 {
				text := fmt.Sprint(5_000_000_000 + random.IntN(numbers))
				if got := m.parse(text, "TR", p.parse); got != "+90"+text {
					t.Errorf("%s is %s", text, got)
					return
				}
			}
		})
	}
	workers.Wait()
	for i := range m.shards {
		if n := len(m.shards[i].sets); n > phoneSets {
			t.Fatalf("shard %d has %d sets", i, n)
		}
	}
}

func TestWhatWasUsedLatelyIsKept(t *testing.T) {
	var m phoneMemory
	var p counted
	const list = 50_000
	for round := range 3 {
		p.asked = 0
		for i := range list {
			m.parse(fmt.Sprint("+9055", 10_000_000+i), "", p.parse)
		}
		if round > 0 && p.asked > list/20 {
			t.Errorf("round %d of %d numbers parsed %d of them again", round, list, p.asked)
		}
	}
}

func TestPhonesAreReadTheSameWithTheMemory(t *testing.T) {
	for _, c := range []struct{ text, region string }{
		{"+905551234567", ""}, {"0555 123 45 67", "TR"}, {"0555 123 45 67", ""}, {"0555 123 45 67", "DE"}, {"tel:+905551234567", ""}, {"+1 (212) 555-0123", "US"},
		{"nonsense", ""}, {"491511234567.0", "DE"}, {"+390612345678", ""}, {"+8821600123456", ""}, {"0", "TR"}, {"", "TR"},
	} {
		want := parsePhone(c.text, c.region)
		for range 2 {
			if got, err := ParsePhone(c.text, c.region); got != want || (err == nil) != (want != "") {
				t.Errorf("%q of %q is %q, %v, want %q", c.text, c.region, got, err, want)
			}
		}
	}
}

func BenchmarkParsePhone(b *testing.B) {
	b.Run("known", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = ParsePhone("+905551234567", "")
		}
	})
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			parsePhone("+905551234567", "")
		}
	})
}
