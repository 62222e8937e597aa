package presets

import (
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/instant"
	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/internal/yamldoc"
)

// Case is a callback, and what is read in it.
type Case struct {
	Name        string
	Line        int    // in the file
	Contact     string // where the contact is; empty for where the preset says
	Region      string // of phone numbers without a country code; empty for that of the file
	Request     provider.Request
	Path        string // of the URL
	Verified    *bool  // nil where that is not compared
	Events      []Event
	LeftOut     int
	Quarantined int
}

// Event is what is expected of an event. Empty fields must be empty, but for ID and
// Event, which are not compared then.
type Event struct {
	ID, Event, Code string
	Outcome         hygiene.Outcome
	To, Contact, At string
}

func readExamples(e *yamldoc.Entry) (list []Case) {
	for _, item := range e.Items() {
		x := Case{
			Name: item.Get("name").Text(), Line: item.Line(), Contact: item.Get("read_contact").Text(), Region: item.Get("region").Text(),
			Request: provider.Request{Method: item.Get("method").Text(), Query: item.Get("query").Text(), Header: map[string][]string{}},
			Path:    item.Get("path").Text(), LeftOut: item.Get("left_out").Int(), Quarantined: item.Get("quarantined").Int(),
		}
		x.Request.ReceivedAt = receiptOf(item.Get("received_at"))
		if v := item.Get("verified"); v.Valid() && item.Has("verified") {
			is := v.Bool()
			x.Verified = &is
		}
		for _, h := range item.Get("headers").Items() {
			x.Request.Header[textproto.CanonicalMIMEHeaderKey(h.Key())] = []string{h.Text()}
		}
		if body := item.Get("body"); body != nil {
			x.Request.Body = bodyOf(body)
		}
		for _, event := range item.Get("events").Items() {
			x.Events = append(x.Events, Event{
				ID: event.Get("id").Text(), Event: event.Get("event").Text(), Code: event.Get("code").Text(), Outcome: outcomeOf(event),
				To: event.Get("to").Text(), Contact: event.Get("contact").Text(), At: event.Get("at").Text(),
			})
		}
		list = append(list, x)
	}
	return list
}

// bodyOf is a body: keys, values and lists as JSON, a text as it is.
func bodyOf(e *yamldoc.Entry) []byte {
	if e.IsScalar() {
		return []byte(e.Text())
	}
	return e.JSON()
}

// received is when the callbacks of examples are received: after all that they say
// happened before.
var received = hygiene.InstantOf(time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC))

// receiptOf is when an example is received.
func receiptOf(e *yamldoc.Entry) hygiene.Instant {
	if e == nil {
		return received
	}
	at, err := instant.ParseTime(e.Text())
	if err != nil {
		e.Report(yamldoc.Quote(e.Text())+" is not a time", "write it like 2026-01-02T03:04:05Z")
	}
	return at
}

// Try verifies the example with the account, if it says whether it is verified, reads it as
// a source with that format and contact does, and again from what is stored of it. It
// returns what is not as expected, a sentence each.
func (x *Case) Try(f *provider.Format, contact, region string, account *signature.Account) []string {
	if x.Verified != nil {
		err := account.VerifyNow(x.Request.Method, x.target(), x.Request.Header, x.Request.Body, x.Request.ReceivedAt)
		switch {
		case err != nil && *x.Verified:
			return []string{"it is not verified, so nothing is read: " + err.Error()}
		case err == nil && !*x.Verified:
			return []string{"it is verified, and is expected not to be"}
		case err != nil:
			return nil // nothing is read
		}
	}
	if x.Contact != "" {
		contact = x.Contact
	}
	if x.Region != "" {
		region = x.Region
	}
	r, err := provider.New(provider.Config{Source: "example", Format: f, Contact: contact, Keys: contactkey.Format{Region: region}})
	if err != nil {
		return []string{err.Error()}
	}
	request := x.Request
	is, err := r.Read(&request)
	if err != nil {
		return []string{err.Error()}
	}
	wrong := x.compare(&is)
	for i := range is.Events {
		e := &is.Events[i]
		again, err := r.Read(&provider.Request{Body: e.Body, ReceivedAt: x.Request.ReceivedAt})
		if err != nil || len(again.Events) != 1 || len(again.Unreadable) > 0 || !same(&again.Events[0], e) {
			wrong = append(wrong, fmt.Sprintf("event %d is not read again from what is stored of it: %d events, %d bodies in quarantine", i+1, len(again.Events), len(again.Unreadable)))
		}
	}
	return wrong
}

// target is the path and query that the example was sent to.
func (x *Case) target() string {
	if x.Request.Query == "" {
		return x.Path
	}
	return x.Path + "?" + x.Request.Query
}

func same(a, b *hygiene.Event) bool {
	return a.MessageID == b.MessageID && a.Name == b.Name && a.Code == b.Code && a.Outcome == b.Outcome && a.Contact == b.Contact && a.To == b.To && a.At == b.At && string(a.Body) == string(b.Body)
}

func (x *Case) compare(is *provider.Reading) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if len(is.Events) != len(x.Events) {
		say("%d events are read, %d are expected", len(is.Events), len(x.Events))
	}
	if is.LeftOut != x.LeftOut {
		say("%d parts are left out, %d are expected", is.LeftOut, x.LeftOut)
	}
	if len(is.Unreadable) != x.Quarantined {
		why := []string{}
		for _, u := range is.Unreadable {
			why = append(why, u.Why)
		}
		say("%d parts can't be read, %d are expected: %s", len(is.Unreadable), x.Quarantined, strings.Join(slices.Compact(why), "; "))
	}
	for i := range min(len(is.Events), len(x.Events)) {
		e, want := &is.Events[i], &x.Events[i]
		at := ""
		if e.At != e.ReceivedAt {
			at = e.At.String()
		}
		for _, c := range []struct{ what, is, want string }{
			{"id", e.MessageID, want.ID}, {"event", e.Name, want.Event}, {"code", e.Code, want.Code}, {"outcome", e.Outcome.String(), want.Outcome.String()},
			{"number", e.To, want.To}, {"contact", e.Contact, want.Contact}, {"time", at, want.At},
		} {
			optional := c.what == "id" || c.what == "event"
			if c.is != c.want && !(optional && c.want == "") {
				say("the %s of event %d is %q, %q is expected", c.what, i+1, c.is, c.want)
			}
		}
	}
	return wrong
}
