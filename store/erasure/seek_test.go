package erasure

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// spell writes a name as bodies may have it.
func spell(r *rand.Rand, name string) string {
	var b strings.Builder
	for _, c := range name {
		switch {
		case c < 0x80 && r.IntN(12) == 0:
			b.WriteString(string([]rune{c, '\u200b'}))
		case '0' <= c && c <= '9' && r.IntN(12) == 0:
			b.WriteRune(c - '0' + []rune{'\uff10', '\u0660'}[r.IntN(2)])
		case '0' <= c && c <= '9' && r.IntN(8) == 0:
			b.WriteString(string(c) + []string{" ", "-", ".", ") "}[r.IntN(4)])
		case r.IntN(6) == 0:
			b.WriteString(strings.ToUpper(string(c)))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// bodyWith is a body with the text: JSON, JSON that escapes, JSON that is cut, or a form.
func bodyWith(r *rand.Rand, text string) []byte {
	text = []string{"", "friend of ", "çok güzel ", "a/", "50% off: ", "😀"}[r.IntN(6)] + text + []string{"", "!", " İ", "\n", "ş"}[r.IntN(5)]
	quoted, _ := json.Marshal(text)
	switch r.IntN(8) {
	case 0:
		var b strings.Builder
		for _, c := range text {
			if c > 0xffff || r.IntN(2) == 0 {
				escaped, _ := json.Marshal(string(c))
				b.WriteString(strings.Trim(string(escaped), `"`))
			} else {
				fmt.Fprintf(&b, "\\u%04x", c)
			}
		}
		return []byte(`{"id":"x-77","to":"` + b.String() + `"}`)
	case 1:
		return []byte(`{"id":"x-77","to":` + string(quoted) + `,"cut":"`)
	case 2:
		return []byte("id=x-77&to=" + url.QueryEscape(text))
	case 4:
		return []byte("?who=" + url.QueryEscape(text) + "\n{\"id\":\"50%\"}")
	case 5:
		inside, _ := json.Marshal(`{"who":` + strconv.QuoteToASCII(text) + `}`)
		return []byte(`{"Message":` + string(inside) + `}`)
	case 3:
		return []byte(`{"n":[1042.0,1.5e3],"to\/x":` + string(quoted) + `}`)
	}
	return []byte(`{"id":"x-77","to":` + string(quoted) + `}`)
}

// What reading a body with care finds is never passed over by the quick look.
func TestTheQuickLookAtABodyMissesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 7))
	keys := []string{"crm-1042", "ann smith", "kış-12", "77001042", "a+b@example.com", "+905551112233"}
	found := 0
	for range 4_000 {
		n := NewNames(contactkey.Format{Region: "TR", Fold: r.IntN(2) == 0})
		name := keys[r.IntN(len(keys))]
		n.AddKey(name, 1)
		n.AddPhone("+905551234567", 1)
		n.AddMessage(engine.MessageKey{Source: "s", ID: "Message-9-of-her"}, 1)
		text := spell(r, []string{name, "05551234567", "(555) 123 45 67", "message-9-of-her", "crm-10420", "nobody", "1.04e4", "7.7001042e7"}[r.IntN(8)])
		body := bodyWith(r, text)
		if r.IntN(10) == 0 {
			body = []byte(fmt.Sprintf(`{"id": %s}`, "7.7001042e7"))
		}
		if n.inBodyRead(body, nil) {
			if found++; !n.InBody(body) {
				t.Errorf("%q with fold %v: passed over in %s", name, n.format.Fold, body)
			}
		}
	}
	if found < 800 {
		t.Errorf("only %d bodies name somebody", found)
	}
}

// BenchmarkNamesInBodies looks for a person with many messages in the bodies of others, and
// prints the time of a body, and how much longer it takes to read all of them with care.
func BenchmarkNamesInBodies(b *testing.B) {
	n := NewNames(contactkey.Format{Region: "TR"})
	n.AddKey("crm-00001042", 1)
	n.AddPhone("+905551234567", 1)
	for i := range 100 {
		n.AddMessage(engine.MessageKey{Source: "insider", ID: fmt.Sprintf("6a1f0c3e-%04d-4b7e-9a55-%012d", i, i*7919)}, 1)
	}
	var bodies [][]byte
	for i := range 2_000 {
		bodies = append(bodies, fmt.Appendf(nil, `{"id":"9b2e4d17-%04d-4c1d-8f21-%012d","event":"soft_bounce","partCount":1,"reason":{"message":"Sınırlı süre \u015fimdi 50%% off","code":1404},"uniqueArgs":{"contact_id":"crm-%08d","campaign":"spring sale","journey":"8812","url":"https:\/\/example.com\/s\/%d"}}`, i%9999, i*104729, i*37, i))
	}
	var quick, careful time.Duration
	for b.Loop() {
		began := time.Now()
		for _, body := range bodies {
			if n.InBody(body) {
				b.Fatalf("found in %s", body)
			}
		}
		quick += time.Since(began)
		began = time.Now()
		for _, body := range bodies {
			if n.inBodyRead(body, nil) {
				b.Fatalf("found in %s", body)
			}
		}
		careful += time.Since(began)
	}
	b.ReportMetric(float64(quick.Nanoseconds())/float64(b.N*len(bodies))/1000, "µs/body")
	b.ReportMetric(careful.Seconds()/quick.Seconds(), "ratio")
}
