package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
)

// readerOf makes the reader of a format. Its only line says that ok is a delivery.
func readerOf(t *testing.T, contact string, keys contactkey.Format, f Format) *Reader {
	t.Helper()
	f.Outcomes = append(f.Outcomes, Line{"ok", "", hygiene.Delivered})
	r, err := New(Config{Source: "s", Format: &f, Contact: contact, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// readAll reads a request, and again what is stored of it: each event must be the same.
func readAll(t *testing.T, r *Reader, request Request) Reading {
	t.Helper()
	request.ReceivedAt = now
	is, err := r.Read(&request)
	if err != nil {
		t.Fatal(err)
	}
	for i := range is.Events {
		again, err := r.Read(&Request{Body: is.Events[i].Body, ReceivedAt: now})
		if err != nil || fmt.Sprint(again.Events) != fmt.Sprint(is.Events[i:i+1]) || len(again.Unreadable) > 0 {
			t.Errorf("event %d is stored as %s, which is read as %+v, %v", i, is.Events[i].Body, again, err)
		}
	}
	for i := range is.Unreadable {
		again, err := r.Read(&Request{Body: is.Unreadable[i].Body, ReceivedAt: now})
		if err != nil || len(again.Events) > 0 || len(again.Unreadable) != 1 || again.Unreadable[0].Why != is.Unreadable[i].Why {
			t.Errorf("%s is read as %+v, %v, and was refused because %s", is.Unreadable[i].Body, again, err, is.Unreadable[i].Why)
		}
	}
	return is
}

var batchFormat = Format{Shapes: []Shape{{
	Each: "groups[].to[]", Only: []Condition{{"/kind", []string{"out"}}}, ID: []string{"/batch", "number"}, Event: "^.state", Code: []string{"err", "^.err"}, To: "number", Plus: true,
}}}

func TestEachEventOfABatchIsStoredWithWhatStandsAroundIt(t *testing.T) {
	r := readerOf(t, "", contactkey.Format{}, batchFormat)
	is := readAll(t, r, Request{Body: []byte(`{"groups":[ {"state":"ok","to":[{"number":"905321234567","err":0},{"number":"+905321234568","err":7}],"err":0}, {"to":[ {"number":"905321234569"} , 5],"err":"9","state":"no"},{"to":[]}],"batch":12,"kind":"out"}`)})
	var got []string
	for _, e := range is.Events {
		got = append(got, e.MessageID+" "+e.Name+" "+e.Code+" "+e.Outcome.String()+" "+e.To+" "+string(e.Body))
	}
	want := []string{
		`12:905321234567 ok  delivered +905321234567 {"groups":[{"state":"ok","to":[{"number":"905321234567","err":0}],"err":0}],"batch":12,"kind":"out"}`,
		`12:905321234568 ok 7 delivered +905321234568 {"groups":[{"state":"ok","to":[{"number":"+905321234568","err":7}],"err":0}],"batch":12,"kind":"out"}`,
		`12:905321234569 no ^.err:9 unrecognized +905321234569 {"groups":[{"to":[{"number":"905321234569"}],"err":"9","state":"no"}],"batch":12,"kind":"out"}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || len(is.Unreadable) != 1 {
		t.Errorf("read\n%s\nwant\n%s\nand %+v", strings.Join(got, "\n"), strings.Join(want, "\n"), is.Unreadable)
	}
}

func TestABodyWithOneEventIsStoredAsItWasReceived(t *testing.T) {
	r := readerOf(t, "", contactkey.Format{}, batchFormat)
	body := " {\"groups\" : [ { \"state\":\"ok\",\n\"to\":[ {\"number\":\"905321234567\"} ] } ], \"batch\":\"b\", \"kind\":\"OUT\"}"
	is := readAll(t, r, Request{Body: []byte(body + "\n")})
	if len(is.Events) != 1 || string(is.Events[0].Body) != strings.TrimSpace(body) {
		t.Errorf("%+v", is)
	}
}

func TestWhatIsNotAboutASentMessageIsLeftOut(t *testing.T) {
	r := readerOf(t, "", contactkey.Format{}, batchFormat)
	for body, want := range map[string]Reading{
		`{"kind":"in","batch":1,"groups":[{"state":"ok","to":[{"number":"905321234567"}]}]}`: {LeftOut: 1},
		`{"kind":"in"}`:                           {LeftOut: 1},
		`[{"kind":"in"},{"kind":"in"}]`:           {LeftOut: 2},
		`{"kind":"out","groups":[{"to":[]}]}`:     {},
		`{"kind":"out"}`:                          {Unreadable: make([]hygiene.Unreadable, 1)},
		`{"kind":"out","groups":[]}`:              {Unreadable: make([]hygiene.Unreadable, 1)},
		`{"kind":"out","groups":[{"to":"text"}]}`: {Unreadable: make([]hygiene.Unreadable, 1)},
	} {
		if is := readAll(t, r, Request{Body: []byte(body)}); len(is.Events) > 0 || is.LeftOut != want.LeftOut || len(is.Unreadable) != len(want.Unreadable) {
			t.Errorf("%s: %+v", body, is)
		}
	}
}

// What a condition asks for may be missing because the provider changed its bodies, or
// sends another form of them: then every event would be lost without a trace.
func TestWhatMayBeAboutASentMessageIsNotLeftOut(t *testing.T) {
	outbound := []Condition{{"type", []string{"outbound"}}}
	whole := Shape{Each: "[]", Only: outbound, ID: []string{"id"}, Event: "event"}
	inArray, form, other := whole, whole, whole
	inArray.Each, form.Each, other.Only = "results[]", ".", []Condition{{"type", []string{"other"}}}
	for name, c := range map[string]struct {
		shapes          []Shape
		body            string
		kept, left, bad int
	}{
		"whole":              {[]Shape{whole}, `[{"id":"a","event":"ok"},{"id":"b","event":"ok","type":"inbound"},{"id":"c","event":"ok","type":null}]`, 0, 1, 2},
		"in an array":        {[]Shape{inArray}, `{"results":[{"id":"a","event":"ok"},{"id":"b","event":"ok","type":"inbound"},{"id":"c","event":"ok","type":"outbound"}]}`, 1, 1, 1},
		"nothing else there": {[]Shape{inArray}, `{"results":[{"id":"a","event":"ok"}]}`, 0, 0, 1},
		"a form":             {[]Shape{form}, "id=a&event=ok", 0, 0, 1},
		"a form that says":   {[]Shape{form}, "id=a&event=ok&type=inbound", 0, 1, 0},
		"two shapes":         {[]Shape{whole, other}, `[{"id":"a","event":"ok"},{"id":"b","event":"ok","type":"x"}]`, 0, 1, 1},
		"of the body":        {batchFormat.Shapes, `{"batch":1,"groups":[{"state":"ok","to":[{"number":"905321234567"}]}]}`, 0, 0, 1},
	} {
		is := readAll(t, readerOf(t, "", contactkey.Format{}, Format{Shapes: c.shapes}), Request{Method: post, Body: []byte(c.body)})
		if len(is.Events) != c.kept || is.LeftOut != c.left || len(is.Unreadable) != c.bad {
			t.Errorf("%s: %+v", name, is)
		}
	}
}

func TestWhatStandsAroundEventsIsBounded(t *testing.T) {
	r := readerOf(t, "", contactkey.Format{}, batchFormat)
	long := `{"kind":"out","x":"` + strings.Repeat("x", 500_000) + `","batch":1,"groups":[{"state":"ok","to":[`
	is, err := r.Read(&Request{Body: []byte(long + strings.Repeat(`{"number":"905321234567"},`, 20) + `{}]}]}`)})
	if err != nil || len(is.Events) > 0 || len(is.Unreadable) != 1 || is.Unreadable[0].Why != errAround.Error() {
		t.Errorf("%d events, %d unreadable, %v", len(is.Events), len(is.Unreadable), err)
	}
	many := `{"kind":"out","batch":1,"groups":[{"state":"ok","to":[` + strings.Repeat(`{"number":"905321234567"},`, MaxEvents)
	if is, _ := r.Read(&Request{Body: []byte(many + `{}]}]}`)}); len(is.Events) > 0 || len(is.Unreadable) != 1 || !strings.Contains(is.Unreadable[0].Why, "more than 10000 events") {
		t.Errorf("%d events, %d unreadable", len(is.Events), len(is.Unreadable))
	}
	if is, _ := r.Read(&Request{Body: []byte(strings.TrimSuffix(many, ",") + `]}]}`)}); len(is.Events) != MaxEvents {
		t.Errorf("%d events", len(is.Events))
	}
}

var formFormat = Format{Methods: []string{post, get}, Shapes: []Shape{{Each: ".", ID: []string{"id"}, Event: "status", Code: []string{"price[code]"}, To: "to", Args: Query}}}

func TestAFormAndAQueryAreReadAlike(t *testing.T) {
	r := readerOf(t, "args.contact_id", contactkey.Format{}, formFormat)
	const form = "id=a%2Fb+c&status=ok&price%5Bcode%5D=7&to=%2B905321234567&x=1&x=2&&y"
	for stored, request := range map[string]Request{
		form:                           {Method: post, Body: []byte(form)},
		"?contact_id=ann\n" + form:     {Method: post, Query: "contact_id=ann", Body: []byte(form)},
		"?contact_id=ann&" + form:      {Method: get, Query: "contact_id=ann&" + form, Body: []byte("not read")},
		`{"id":"a/b c","status":"ok"}`: {Method: post, Body: []byte(`{"id":"a/b c","status":"ok"}`)},
		"?contact_id=ann\n" + `{"id":"a/b c","status":"ok"}`: {Method: post, Query: "contact_id=ann", Body: []byte(`{"id":"a/b c","status":"ok"}`)},
	} {
		is := readAll(t, r, request)
		if len(is.Events) != 1 || is.Events[0].MessageID != "a/b c" || string(is.Events[0].Body) != stored || (is.Events[0].Contact == "ann") != (request.Query != "") {
			t.Errorf("%+v: %+v", request, is)
		}
		if strings.Contains(stored, "%5B") && (is.Events[0].Code != "7" || is.Events[0].To != "+905321234567") {
			t.Errorf("%+v", is.Events[0])
		}
	}
}

func TestAFormThatReadersUnderstandDifferentlyIsNotRead(t *testing.T) {
	r := readerOf(t, "", contactkey.Format{}, formFormat)
	for body, why := range map[string]error{
		"id=a&status=ok&id=b":   errTwoNames,
		"id=a&status=ok&%69d=b": errTwoNames,
		"id=a&status=ok&x=%":    errEscape,
		"id=a&status=ok&x=%2g":  errEscape,
		"id=a&status=ok&x=%ff":  errNotUTF8,
		"id=a&status=ok&x=\xff": errNotUTF8,
		"{\"id\":\"a\"":         errBroken,
		" [1, {\"id\":\"a\"} x": errBroken,
	} {
		is := readAll(t, r, Request{Method: post, Body: []byte(body)})
		if len(is.Events) > 0 || len(is.Unreadable) != 1 || !strings.HasPrefix(is.Unreadable[0].Why, why.Error()) {
			t.Errorf("%s: %+v", body, is)
		}
	}
}

func TestTheContactIsInWhatWasAttached(t *testing.T) {
	format := Format{Shapes: []Shape{{Each: "[]", ID: []string{"id"}, Event: "event", To: "to", Plus: true, Args: "ref"}}}
	for _, c := range []struct{ contact, ref, want string }{
		{"args", `"crm-1"`, "crm-1"},
		{"args", `1042.0`, "1042"},
		{"args", `"a=b"`, "a=b"},
		{"args", `{"a":1}`, ""},
		{"args.crm", `{"crm":"x"}`, "x"},
		{"args.crm", `"{\"crm\":7}"`, "7"},
		{"args.crm", `"y=1&crm=a%20b"`, "a b"},
		{"args.crm.id", `"{\"crm\":{\"id\":\"z\"}}"`, "z"},
		{"args.crm", `"{\"crm\":7,\"crm\":8}"`, ""},
		{"args.crm", `"crm=1&crm=2"`, ""},
		{"args.crm", `"nothing"`, ""},
		{"args[1]", `["a","b"]`, "b"},
		{"args[1]", `"a"`, ""},
		{"to", `""`, "+905321234567"},
	} {
		r := readerOf(t, c.contact, contactkey.Format{}, format)
		is := readAll(t, r, Request{Body: []byte(`{"id":"a","event":"ok","to":"905321234567","ref":` + c.ref + `}`)})
		if len(is.Events) != 1 || is.Events[0].Contact != c.want || is.Events[0].To != "+905321234567" {
			t.Errorf("%s in %s: %+v, want %q", c.contact, c.ref, is.Events, c.want)
		}
	}
}

func TestWhereNumbersAreKeysTheRecipientIsTheContact(t *testing.T) {
	format := Format{Shapes: []Shape{{Each: "[]", ID: []string{"id"}, Event: "event", To: "to", Args: "ref"}}}
	keys := contactkey.Format{Phone: true, Region: "TR"}
	for contact, want := range map[string][2]string{"": {"+905321234567"}, "to": {"+905321234567"}, "args": {"+905321234568", "+905321234567"}} {
		is := readAll(t, readerOf(t, contact, keys, format), Request{Body: []byte(`{"id":"a","event":"ok","to":"0532 123 45 67","ref":"05321234568"}`)})
		if e := is.Events[0]; e.Contact != want[0] || e.To != want[1] {
			t.Errorf("contact %q: %q, to %q", contact, e.Contact, e.To)
		}
	}
}

func TestATimeIsUsedOnlyIfItsZoneIsKnown(t *testing.T) {
	istanbul, err := time.LoadLocation("Europe/Istanbul")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		time       Time
		text, want string
	}{
		{Time{Layout: RFC3339}, `"2026-01-02T03:04:05.5+03:00"`, "2026-01-02T00:04:05.5Z"},
		{Time{Layout: Unix}, `1700000000`, "2023-11-14T22:13:20Z"},
		{Time{Layout: Unix}, `"1700000000.25"`, "2023-11-14T22:13:20.25Z"},
		{Time{Layout: UnixMilli}, `1700000000123`, "2023-11-14T22:13:20.123Z"},
		{Time{Layout: "2006-01-02 15:04:05", Zone: istanbul}, `"2026-01-02 03:04:05"`, "2026-01-02T00:04:05Z"},
		{Time{Layout: "2006-01-02 15:04:05"}, `"2026-01-02 03:04:05"`, ""},
		{Time{Layout: "0601021504", Zone: time.UTC}, `"2601020304"`, "2026-01-02T03:04:59.999999Z"}, // the end of its minute
		{Time{Layout: "2006-01-02T15:04:05.000-0700"}, `"2026-01-02T03:04:05.000+0300"`, "2026-01-02T00:04:05Z"},
		{Time{Layout: RFC3339}, `"2226-01-02T03:04:05Z"`, ""}, // later than it was received
		{Time{Layout: RFC3339}, `"0026-01-02T03:04:05Z"`, ""},
		{Time{Layout: RFC3339}, `"soon"`, ""},
		{Time{Layout: Unix}, `"NaN"`, ""},
		{Time{Layout: Unix}, `1e300`, ""},
		{Time{Layout: RFC3339}, `null`, ""},
	} {
		c.time.Path = "at"
		r := readerOf(t, "", contactkey.Format{}, Format{Shapes: []Shape{{Each: "[]", ID: []string{"id"}, Event: "event", At: c.time}}})
		e := readAll(t, r, Request{Body: []byte(`{"id":"a","event":"ok","at":` + c.text + `}`)}).Events[0]
		got := e.At.String()
		if e.At == e.ReceivedAt {
			got = ""
		}
		if got != c.want {
			t.Errorf("%s as %s is %q, want %q", c.text, c.time.Layout, got, c.want)
		}
	}
	for _, layout := range []string{"HH:mm", "15:04", "2006-01-02", "", "2006-01-02 03:04:05"} {
		if CheckTime(layout, time.UTC) == nil {
			t.Errorf("%q is a layout", layout)
		}
	}
}

func TestATextInsideABodyIsReadAsItsBody(t *testing.T) {
	r := readerOf(t, "", contactkey.Format{}, Format{Inside: "Message", Shapes: []Shape{{Each: "list[]", ID: []string{"id"}, Event: "event"}}})
	one, two := `{"Message":"{\"list\":[{\"id\":\"a\",\"event\":\"ok\"}]}"}`, `{"Message":"{\"list\":[{\"id\":\"a\",\"event\":\"ok\"},{\"id\":\"b\",\"event\":\"ok\"}]}"}`
	if is := readAll(t, r, Request{Body: []byte(one)}); len(is.Events) != 1 || string(is.Events[0].Body) != one {
		t.Errorf("%+v", is)
	}
	if is := readAll(t, r, Request{Body: []byte(two)}); len(is.Events) != 2 || string(is.Events[1].Body) != `{"list":[{"id":"b","event":"ok"}]}` {
		t.Errorf("%+v", is)
	}
	if is := readAll(t, r, Request{Body: []byte(`{"list":[{"id":"a","event":"ok"}]}`)}); len(is.Events) != 1 {
		t.Errorf("%+v", is)
	}
	if is := readAll(t, r, Request{Body: []byte(`{"Message":"hello"}`)}); len(is.Unreadable) != 1 {
		t.Errorf("%+v", is)
	}
}

func TestOfSeveralShapesTheFirstThatFitsCounts(t *testing.T) {
	r := readerOf(t, "", contactkey.Format{}, Format{Shapes: []Shape{
		{Each: ".", Only: []Condition{{"type", []string{"one"}}}, ID: []string{"id"}, Event: "event"},
		{Each: "all[]", Only: []Condition{{"/type", []string{"many"}}}, ID: []string{"."}, Event: "/event"},
	}})
	for body, want := range map[string]string{
		`{"type":"one","id":"a","event":"ok","all":["x"]}`:  "[a] 0 0",
		`{"type":"many","id":"a","event":"ok","all":["x"]}`: "[x] 0 0",
		`{"type":"none","id":"a","event":"ok","all":["x"]}`: "[] 0 1",
		`{"type":"none"}`:        "[] 0 1",
		`{"type":"many"}`:        "[] 0 1", // nothing fits, and one is about something else
		`type=one&id=a&event=ok`: "[a] 0 0",
	} {
		is := readAll(t, r, Request{Body: []byte(body)})
		ids := []string{}
		for _, e := range is.Events {
			ids = append(ids, e.MessageID)
		}
		if got := fmt.Sprint(ids, len(is.Unreadable), is.LeftOut); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestALineMayBeForEventsWithoutACode(t *testing.T) {
	table, err := (&Format{}).Table([]Line{{"failed", NoCode, hygiene.UnknownDelivery}, {"failed", "7", hygiene.HardBounce}})
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]hygiene.Outcome{"": hygiene.UnknownDelivery, "7": hygiene.HardBounce, "8": hygiene.Unrecognized} {
		if is := table.outcome("failed", code); is != want {
			t.Errorf("code %q is %s", code, is)
		}
	}
}

func TestWhatWasAttachedIsAnObject(t *testing.T) {
	inBody := Format{Shapes: []Shape{{Each: "list[]", ID: []string{"id"}, Event: "event", Args: "/ref"}}}
	for raw, want := range map[string]string{
		`{"a": [1]}`:          `{"a": [1]}`,
		`"{\"a\":1}"`:         `{"a":1}`,
		`"a=1&b=x%20y"`:       `{"a":"1","b":"x y"}`,
		`"a=1&a=2"`:           `{"args":"a=1\u0026a=2"}`,
		`"crm-1"`:             `{"args":"crm-1"}`,
		`"{\"a\":1,\"a\":2}"`: `{"args":"{\"a\":1,\"a\":2}"}`,
		`["x","y"]`:           `{"args":["x","y"]}`,
		`7`:                   `{"args":7}`,
		`""`:                  ``,
		`null`:                ``,
	} {
		r := readerOf(t, "", contactkey.Format{}, inBody)
		if got := string(r.Args([]byte(`{"ref":` + raw + `,"list":[{"id":"a","event":"ok"}]}`))); got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
	r := readerOf(t, "", contactkey.Format{}, formFormat)
	for body, want := range map[string]string{
		"?contact_id=ann&x=%22\nid=a&status=ok": `{"contact_id":"ann","x":"\""}`,
		"?id=a&status=ok":                       `{"id":"a","status":"ok"}`,
		"id=a&status=ok":                        ``,
		"?x=1\nnothing":                         ``,
	} {
		if got := string(r.Args([]byte(body))); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestAnEventInTheQueryOfAnEmptyPostIsRead(t *testing.T) {
	f := Format{Methods: []string{"GET", "POST"}, Shapes: []Shape{{Each: ".", ID: []string{"id"}, Event: "status"}}}
	is := readAll(t, readerOf(t, "", contactkey.Format{}, f), Request{Method: "POST", Query: "id=a&status=ok"})
	if len(is.Events) != 1 || is.Events[0].MessageID != "a" || string(is.Events[0].Body) != "?id=a&status=ok" {
		t.Errorf("%+v", is)
	}
	f.Methods = nil
	if is := readAll(t, readerOf(t, "", contactkey.Format{}, f), Request{Method: "POST", Query: "id=a&status=ok"}); len(is.Events) != 0 || len(is.Unreadable) != 1 {
		t.Errorf("where queries are not read: %+v", is)
	}
}

func TestAFormMayBeginWithAByteOrderMark(t *testing.T) {
	r := readerOf(t, "", contactkey.Format{}, Format{Shapes: []Shape{{Each: ".", ID: []string{"id"}, Event: "status"}}})
	if is := readAll(t, r, Request{Method: "POST", Body: []byte("\ufeffid=a&status=ok")}); len(is.Events) != 1 || is.Events[0].MessageID != "a" {
		t.Errorf("%+v", is)
	}
}

// +5551234567 is a number of Brazil; 5551234567, without its plus, one of Turkey.
func TestAPlusThatAFormDoesNotEscapeIsThatOfTheNumber(t *testing.T) {
	r := readerOf(t, "to", contactkey.Format{Phone: true, Region: "TR"}, Format{Shapes: []Shape{{Each: ".", ID: []string{"id"}, Event: "status", To: "to"}}})
	for body, want := range map[string]string{
		"id=a&status=ok&to=+905551234567":   "+905551234567",
		"id=a&status=ok&to=%2B905551234567": "+905551234567",
		"id=a&status=ok&to=5551234567":      "+905551234567",
		"id=a&status=ok&to=+5551987654321":  "+5551987654321",
		"id=a&status=ok&to=+5551234567":     "",
		"id=a&status=ok&to=+05551234567":    "+905551234567",
	} {
		if is := readAll(t, r, Request{Method: "POST", Body: []byte(body)}); len(is.Events) != 1 || is.Events[0].Contact != want {
			t.Errorf("%s: %+v, want %s", body, is, want)
		}
	}
}

// A body may have events of two shapes: each is read if it can be stored without the other.
func TestEventsOfOtherShapesAreReadWhereTheyAreApart(t *testing.T) {
	status := Shape{Each: "changes[].value.statuses[]", ID: []string{"id"}, Event: "event"}
	stop, in := status, status
	stop.Each = "changes[].value.stops[]"
	in.Each, in.Only = "changes[].value.messages[]", []Condition{{"id", []string{""}}}
	r := readerOf(t, "", contactkey.Format{}, Format{Shapes: []Shape{status, stop, in}})
	const a, b, c = `{"value":{"statuses":[{"id":"a","event":"ok"}]}}`, `{"value":{"stops":[{"id":"b","event":"ok"}]}}`, `{"value":{"messages":[{"id":"c"}]}}`
	const both = `{"value":{"statuses":[{"id":"a","event":"ok"}],"stops":[{"id":"b","event":"ok"}]}}`
	for body, want := range map[string]string{
		a + "," + b:                 "a b",
		b + "," + a + "," + c:       "a b 1",
		c + "," + b:                 "b 1",
		c:                           " 1",
		both:                        "a",
		both + "," + b + "," + both: "a a b",
	} {
		is := readAll(t, r, Request{Body: []byte(`{"changes":[` + body + `]}`)})
		got := ""
		for _, e := range is.Events {
			got += " " + e.MessageID
		}
		if is.LeftOut > 0 {
			got += fmt.Sprintf(" %d", is.LeftOut)
		}
		if want = " " + strings.TrimSpace(want); got != want || len(is.Unreadable) > 0 {
			t.Errorf("%s:%s, want%s", body, got, want)
		}
	}
}
