package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
)

// FuzzRead holds the laws of reading: nothing panics, nothing is lost, what is
// an event is what encoding/json sees too, and a body is read as JSON exactly
// when it is JSON and nothing about it is ambiguous.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "callbacks", "*.json"))
	if err != nil || len(names) == 0 {
		f.Fatal("no callbacks in testdata")
	}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
		f.Add([]byte("[" + string(body) + ", " + string(body) + "]"))
	}
	for _, body := range []string{
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
		strings.Repeat(`[{"a":`, 70) + "0" + strings.Repeat("}]", 70), `[{"a":[{},[],{"b":{}}],"c":{"d":[1,{"e":2,"e":3}]}}]`,
		"", "[]", "{}", "null", "\ufeff{}", `{"id":"\ud83d\ude00\n\/","event":"\u00e9"}`, `{"a":1,"\u0061":2}`, `{"a":[{"b":{}}],"b":-0.1e+5}`,
		`{"id":"a","event":"sent","reason":{"code":"1400.0"},"uniqueArgs":{"contact_id":12}} x`, "{\"\xff\":\"\\ud800\"}", strings.Repeat("[", 120),
		`{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0,"r":0,"a":0}`,
		insidersAnswer, `{"errors":[{"field":"messages[0]","code":1400}],"messages":[{"to":"+901"}]}`, `{"message_id":"m","error":{"code":"7","message":"no"}}`,
	} {
		f.Add([]byte(body))
	}
	r := reader(f, Config{})
	f.Fuzz(func(t *testing.T, body []byte) {
		events, bad, err := readBody(r, body)
		if again := fmt.Sprint(readBody(r, body)); again != fmt.Sprint(events, bad, err) {
			t.Fatal("read again it is different")
		}
		checkJSON(t, body)
		if err == nil {
			checkNothingLost(t, body, events, bad)
		}
		for i := range events {
			checkEvent(t, &events[i])
		}
		UniqueArgs(body)
		checkRegistrations(t, body)
	})
}

// checkRegistrations checks what a line of a send log says.
func checkRegistrations(t *testing.T, line []byte) {
	all, err := Registrations(line)
	if err == nil && !json.Valid([]byte(strings.TrimPrefix(string(line), "\ufeff"))) {
		t.Fatal("a line that is not JSON was taken")
	}
	for i := range all {
		r := &all[i]
		if err := r.Check(); (err != nil) != r.IsUnnamed() {
			t.Fatalf("%+v: %v", r, err)
		}
		if r.Body != "" && !json.Valid([]byte(r.Body)) || r.said() != (r.Body != "") {
			t.Fatalf("a refusal has the body %q", r.Body)
		}
	}
}

// checkJSON compares the scanner's verdict with encoding/json's.
func checkJSON(t *testing.T, body []byte) {
	s := scan(string(body), uniqueArgs)
	err := s.elements(func(int, int) {})
	plain := strings.TrimPrefix(string(body), "\ufeff")
	valid := json.Valid([]byte(plain))
	strict := errors.Is(err, errTwice) || errors.Is(err, errNotUTF8) || errors.Is(err, errSurrogate)
	switch {
	case err == nil && !valid:
		t.Fatal("taken for JSON, which it is not")
	case err == nil && !utf8.ValidString(plain):
		t.Fatal("taken for UTF-8, which it is not")
	case err == nil && hasKeyTwice(json.NewDecoder(strings.NewReader(plain))):
		t.Fatal("a key twice was not seen")
	case err != nil && !strict && valid:
		t.Fatalf("JSON, but: %v", err)
	case errors.Is(err, errTwice) && valid && !hasKeyTwice(json.NewDecoder(strings.NewReader(plain))):
		t.Fatal("no key is there twice")
	case errors.Is(err, errNotUTF8) && utf8.ValidString(plain):
		t.Fatal("it is UTF-8")
	case errors.Is(err, errDeep) && strings.Count(plain, "[")+strings.Count(plain, "{") <= maxDepth:
		t.Fatal("it is not deep")
	case errors.Is(err, errSurrogate) && !strings.Contains(plain, `\u`):
		t.Fatal("there is no surrogate")
	}
}

// hasKeyTwice reads one value with encoding/json and looks for an object that
// has a key twice.
func hasKeyTwice(d *json.Decoder) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	switch token {
	case json.Delim('['):
		for d.More() {
			if hasKeyTwice(d) {
				return true
			}
		}
		_, _ = d.Token()
	case json.Delim('{'):
		seen := map[string]bool{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return false
			}
			if seen[key.(string)] || hasKeyTwice(d) {
				return true
			}
			seen[key.(string)] = true
		}
		_, _ = d.Token()
	}
	return false
}

// checkNothingLost requires that the body is all there: whole in quarantine, or
// the elements in their order, and between them only what holds an array
// together.
func checkNothingLost(t *testing.T, body []byte, events []hygiene.Event, bad []hygiene.Unreadable) {
	if len(events) == 0 && len(bad) == 1 && string(bad[0].Body) == string(body) {
		return
	}
	const space = " \t\r\n"
	rest := strings.Trim(strings.TrimPrefix(string(body), "\ufeff"), space)
	if strings.HasPrefix(rest, "[") {
		rest = rest[1 : len(rest)-1]
	}
	for len(events)+len(bad) > 0 {
		rest = strings.TrimLeft(rest, space+",")
		switch {
		case len(events) > 0 && strings.HasPrefix(rest, string(events[0].Body)):
			rest, events = rest[len(events[0].Body):], events[1:]
		case len(bad) > 0 && strings.HasPrefix(rest, string(bad[0].Body)):
			rest, bad = rest[len(bad[0].Body):], bad[1:]
		default:
			t.Fatalf("lost: %.100q", rest)
		}
	}
	if rest = strings.Trim(rest, space); rest != "" {
		t.Fatalf("lost: %.100q", rest)
	}
}

func checkEvent(t *testing.T, e *hygiene.Event) {
	var object map[string]json.RawMessage // numbers stay as they are, however large
	if err := json.Unmarshal(e.Body, &object); err != nil {
		t.Fatalf("the body of an event is no JSON object: %v", err)
	}
	var id, event string
	if json.Unmarshal(object["id"], &id) != nil || json.Unmarshal(object["event"], &event) != nil || id != e.MessageID || event != e.Name {
		t.Fatalf("id %q and event %q, but encoding/json sees %s and %s", e.MessageID, e.Name, object["id"], object["event"])
	}
	if e.MessageID == "" || e.Name == "" || len(e.MessageID) > MaxText || len(e.Name) > MaxText || len(e.Code) > maxCode || len(e.Contact) > contactkey.Max {
		t.Fatalf("out of its bounds: %+v", e)
	}
	if strings.Contains(e.MessageID+e.Name+e.Code, "\x00") {
		t.Fatalf("U+0000 in %+v", e)
	}
	if e.At != now || e.ReceivedAt != now || e.Outcome.String() == "" {
		t.Fatalf("not recorded whole: %+v", e)
	}
	if e.Contact != "" {
		var args map[string]json.RawMessage
		if json.Unmarshal(object["uniqueArgs"], &args) != nil || args["contact_id"] == nil || UniqueArgs(e.Body) == nil {
			t.Fatalf("contact %q from nowhere", e.Contact)
		}
	}
}

// typical is a callback of the usual size, 240 bytes.
const typical = `{"id":"sms-66944540-5ade-4c1b-9f0e-0d7b5f3a9c21","uniqueArgs":{"contact_id":"crm-0001234567","campaign":"2026-11-black-friday","variant":"b","batch":"17"},"event":"undelivered","reason":{"message":"Soft Bounce","code":1404},"partCount":1}`

// unmarshalled is what a reader with encoding/json would look at.
type unmarshalled struct {
	ID         string         `json:"id"`
	Event      string         `json:"event"`
	UniqueArgs map[string]any `json:"uniqueArgs"`
	Reason     struct {
		Code json.Number `json:"code"`
	} `json:"reason"`
}

// BenchmarkRead prints how many times longer encoding/json takes to unmarshal
// the same body into a struct, with none of the checks.
func BenchmarkRead(b *testing.B) {
	r, body := reader(b, Config{}), []byte(typical)
	const rounds = 50_000
	began := time.Now()
	for range rounds {
		var v unmarshalled
		if err := json.Unmarshal(body, &v); err != nil {
			b.Fatal(err)
		}
	}
	plain := float64(time.Since(began).Nanoseconds()) / rounds
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if events, _, _ := readBody(r, body); len(events) != 1 {
			b.Fatal("no event")
		}
	}
	b.ReportMetric(plain/(float64(b.Elapsed().Nanoseconds())/float64(b.N)), "x-faster-than-json")
}
