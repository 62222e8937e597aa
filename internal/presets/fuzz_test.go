package presets

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
)

// FuzzRead holds the laws of reading over all presets: nothing panics, nothing is made of
// nothing, what is stored reads as it was read, and what is stored is bounded.
func FuzzRead(f *testing.F) {
	type source struct {
		name    string
		readers []*provider.Reader
	}
	var all []source
	for _, name := range Names() {
		p := MustFind(name)
		s := source{name: name}
		for _, contact := range []string{p.Contact, "to", "args", "args.contact_id"} {
			r, err := provider.New(provider.Config{Source: name, Format: p.Format, Contact: contact, Keys: contactkey.Format{Region: "TR"}})
			if err != nil {
				f.Fatal(err)
			}
			s.readers = append(s.readers, r)
		}
		for _, x := range p.Examples {
			f.Add(x.Request.Method == "GET", x.Request.Query, x.Request.Body)
		}
		all = append(all, s)
	}
	for _, body := range []string{
		"", "?", "?\n", "?a=1\n{}", "?a=1\n?b=2\n[]", `{"Message":"[]"}`, `{"Message":"{\"Message\":\"{}\"}"}`, `[[{}]]`, `{"results":{}}`, `{"results":[[],{},null]}`,
		`{"statuses":[{"recipients":["a","b"]},{"recipients":"c"}],"type":"delivery_report_sms","batch_id":"x"}`, "a=%zz", "id=1&id=1", "\ufeffid=1&status=delivered",
		`{"entry":[{"changes":[{"value":{"statuses":[{"id":"a","status":"read"}],"messages":[{"id":"b"}]}}]}]}`, `{"data":{"event_type":"message.sent","payload":{"to":[{}],"id":1}}}`,
	} {
		f.Add(false, "x=1", []byte(body))
		f.Add(true, body, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, isGet bool, query string, body []byte) {
		if strings.ContainsAny(query, "\n\r") {
			return // no request line has them
		}
		request := provider.Request{Method: "POST", Query: query, Body: body, ReceivedAt: received}
		if isGet {
			request.Method = "GET"
		}
		for _, s := range all {
			for _, r := range s.readers {
				is, err := r.Read(&request)
				if err != nil && err != provider.ErrTooMany {
					t.Fatalf("%s: %v", s.name, err)
				}
				checkReading(t, s.name, r, &request, &is)
			}
		}
	})
}

// mostParts is how many bytes of a request are stored at most, beside so many times its own.
const mostParts = 4 << 20

func checkReading(t *testing.T, name string, r *provider.Reader, request *provider.Request, is *provider.Reading) {
	t.Helper()
	stored := 0
	for i := range is.Events {
		e := &is.Events[i]
		stored += len(e.Body)
		checkEvent(t, name, e)
		again, err := r.Read(&provider.Request{Body: e.Body, ReceivedAt: received})
		if err != nil || len(again.Events) != 1 || len(again.Unreadable) > 0 || again.LeftOut > 0 || !same(&again.Events[0], e) {
			t.Fatalf("%s: %+v is stored as %q, which is read as %+v", name, e, e.Body, again)
		}
		if !isIn(e.MessageID, e.Body) {
			t.Fatalf("%s: the message %q is not in %q", name, e.MessageID, e.Body)
		}
	}
	for i := range is.Unreadable {
		u := &is.Unreadable[i]
		stored += len(u.Body)
		if u.Why == "" || u.Body == nil {
			t.Fatalf("%s: quarantined %+v", name, u)
		}
		if again, err := r.Read(&provider.Request{Body: u.Body, ReceivedAt: received}); err == nil && len(again.Events) > 0 {
			t.Fatalf("%s: %q was not read and is read as %+v", name, u.Body, again.Events)
		}
	}
	if most := mostParts + 2*(len(request.Body)+len(request.Query)+2)*max(1, len(is.Events)+len(is.Unreadable)); stored > most {
		t.Fatalf("%s: %d bytes become %d", name, len(request.Body), stored)
	}
	if again, _ := r.Read(request); fmt.Sprint(again) != fmt.Sprint(*is) {
		t.Fatalf("%s: read again it is different", name)
	}
}

func checkEvent(t *testing.T, name string, e *hygiene.Event) {
	t.Helper()
	text := e.MessageID + e.Name + e.Code + e.Contact + e.To
	if e.MessageID == "" || e.Name == "" || len(e.MessageID) > provider.MaxText || len(e.Name) > provider.MaxText || len(e.Code) > provider.MaxText ||
		strings.Contains(text, "\x00") || !utf8.ValidString(text) || e.Outcome.String() == "" || e.Source != name || e.At > e.ReceivedAt || e.At == 0 {
		t.Fatalf("%s: %+v", name, e)
	}
}

// isIn reports whether the letters and digits of an id come from the body, in their order.
func isIn(id string, body []byte) bool {
	if bytes.ContainsAny(body, `\%`) {
		return true // it may be written in another way
	}
	for _, r := range id {
		i := bytes.IndexRune(body, r)
		if i < 0 && r != ':' && r != ' ' && utf8.RuneLen(r) == 1 {
			return false
		}
	}
	return true
}
