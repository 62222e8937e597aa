package provider

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
)

const now = hygiene.Instant(1_795_000_000_000_000)

func reader(tb testing.TB, c Config) *Reader {
	tb.Helper()
	c.Source, c.Format = "insider", insider
	if c.Contact == "" {
		c.Contact = "uniqueArgs.contact_id"
	}
	r, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func callback(tb testing.TB, name string) []byte {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "callbacks", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// readBody reads a body that was received now.
func readBody(r *Reader, body []byte) ([]hygiene.Event, []hygiene.Unreadable, error) {
	is, err := r.Read(&Request{Body: body, ReceivedAt: now})
	return is.Events, is.Unreadable, err
}

// event reads a body that is one event and nothing else.
func event(tb testing.TB, r *Reader, body string) hygiene.Event {
	tb.Helper()
	events, bad, err := readBody(r, []byte(body))
	if err != nil || len(bad) != 0 || len(events) != 1 {
		tb.Fatalf("%.200s: events %v, bad %v, err %v", body, events, bad, err)
	}
	return events[0]
}

func TestProvidersOwnBodiesMeanWhatItsPageSays(t *testing.T) {
	r := reader(t, Config{})
	for name, want := range map[string]struct {
		outcome hygiene.Outcome
		code    string
	}{
		"scheduled":         {hygiene.Scheduled, ""},
		"sent":              {hygiene.Sent, ""},
		"delivered":         {hygiene.Delivered, ""},
		"hard_bounce":       {hygiene.HardBounce, "1400"},
		"soft_bounce":       {hygiene.SoftBounce, "1404"},
		"carrier_violation": {hygiene.CarrierViolation, "1408"},
		"unknown_delivery":  {hygiene.UnknownDelivery, "1409"},
		"invalid_number":    {hygiene.InvalidNumber, "1500"},
	} {
		body := callback(t, name)
		e := event(t, r, string(body))
		if e.Outcome != want.outcome || e.Code != want.code {
			t.Errorf("%s is %s with code %q, want %s with %q", name, e.Outcome, e.Code, want.outcome, want.code)
		}
		if !bytes.Equal(e.Body, bytes.TrimSpace(body)) {
			t.Errorf("%s: body %s", name, e.Body)
		}
	}
}

func TestEventIsRecordedAsReceived(t *testing.T) {
	e := event(t, reader(t, Config{}), ` {"id":"sms-1","event":" Delivered ","uniqueArgs":{"contact_id":" ann "}} `)
	want := hygiene.Event{
		ReceivedAt: now, At: now, Source: "insider", MessageID: "sms-1", Name: " Delivered ",
		Outcome: hygiene.Delivered, Contact: "ann",
	}
	body := string(e.Body)
	if e.Body = nil; fmt.Sprint(e) != fmt.Sprint(want) {
		t.Errorf("got %+v\nwant %+v", e, want)
	}
	if body != `{"id":"sms-1","event":" Delivered ","uniqueArgs":{"contact_id":" ann "}}` {
		t.Errorf("body %s", body)
	}
}

func TestUnknownDeliveryIsNotASoftBounce(t *testing.T) {
	e := event(t, reader(t, Config{}), string(callback(t, "unknown_delivery")))
	if e.Outcome != hygiene.UnknownDelivery {
		t.Errorf("a body with message Soft Bounce and code 1409 is %s", e.Outcome)
	}
}

func TestACodeIsTheSameHoweverItIsWritten(t *testing.T) {
	r := reader(t, Config{})
	for reason, want := range map[string]string{
		`{"code":1400}`:          "1400",
		`{"code":"1400"}`:        "1400",
		`{"code":1400.0}`:        "1400",
		`{"code":" 1400 "}`:      "1400",
		`{"code":"1400.00"}`:     "1400",
		`{"code":1.4e3}`:         "1400",
		`{"code":14E2}`:          "1400",
		`{"c\u006fde":1400}`:     "1400",
		`{"code":"\u0031400"}`:   "1400",
		`{"code":1.4005e3}`:      "1.4005e3",
		`{"code":-1}`:            "-1",
		`{"code":"1E3"}`:         "1E3",
		`{"code":"007"}`:         "007",
		`{"code":"5.10"}`:        "5.10",
		`{"code":"1400."}`:       "1400.",
		`{"code":" EC_ABSENT "}`: "EC_ABSENT",
		`{"code":1e999999999}`:   "1e999999999",
		`{"code":""}`:            "",
		`{"code":null}`:          "",
		`{"code":true}`:          "",
		`{"code":{"code":1400}}`: "",
		`{"code":[1400]}`:        "",
		`{"Code":1400}`:          "",
		`{"code":"` + strings.Repeat("x", 64) + `"}`: strings.Repeat("x", 64),
		`{"code":"` + strings.Repeat("x", 65) + `"}`: "",
		`{"code":` + strings.Repeat("9", 400) + `}`:  "",
		`null`:             "",
		`"1400"`:           "",
		`1400`:             "",
		`[{"code":1400}]`:  "",
		`{"message":"no"}`: "",
	} {
		e := event(t, r, `{"id":"a","event":"undelivered","reason":`+reason+`}`)
		if e.Code != want {
			t.Errorf("reason %s has code %q, want %q", reason, e.Code, want)
		}
		if got := e.Outcome == hygiene.HardBounce; got != (want == "1400") {
			t.Errorf("reason %s is %s", reason, e.Outcome)
		}
	}
}

func TestUnknownEventsAndCodesAreKeptAndNotGuessed(t *testing.T) {
	r := reader(t, Config{})
	for _, body := range []string{
		`{"id":"a","event":"undelivered"}`,
		`{"id":"a","event":"undelivered","reason":{"message":"Hard Bounce"}}`,
		`{"id":"a","event":"undelivered","reason":{"code":1499}}`,
		`{"id":"a","event":"failed","reason":{"code":1400}}`,
		`{"id":"a","event":"resubscribed"}`,
		`{"id":"a","event":"gelöscht"}`,
		`{"id":"a","event":" "}`,
	} {
		if e := event(t, r, body); e.Outcome != hygiene.Unrecognized {
			t.Errorf("%s is %s", body, e.Outcome)
		}
	}
}

func TestOutcomesOfASourceAddAndOverride(t *testing.T) {
	r := reader(t, Config{Outcomes: []Line{
		{"undelivered", "1499", hygiene.SoftBounce},
		{" UNDELIVERED ", "1408.0", hygiene.HardBounce},
		{"undelivered", "", hygiene.UnknownDelivery},
		{"START", "", hygiene.Resubscribed},
	}})
	for _, c := range []struct {
		event, code string
		want        hygiene.Outcome
	}{
		{"undelivered", "1499", hygiene.SoftBounce},
		{"Undelivered", " 1499.0 ", hygiene.SoftBounce},
		{"undelivered", "1408", hygiene.HardBounce},
		{"undelivered", "1400", hygiene.HardBounce},
		{"undelivered", "1234", hygiene.UnknownDelivery},
		{"undelivered", "", hygiene.UnknownDelivery},
		{"start", "", hygiene.Resubscribed},
		{"delivered", "7", hygiene.Delivered},
		{"failed", "", hygiene.Unrecognized},
	} {
		if got := r.Outcome(c.event, c.code); got != c.want {
			t.Errorf("%q with code %q is %s, want %s", c.event, c.code, got, c.want)
		}
	}
	if got := reader(t, Config{}).Outcome("undelivered", "1408"); got != hygiene.CarrierViolation {
		t.Errorf("one source's line changed the preset: 1408 is %s", got)
	}
}

func TestContactIsATextOrANumber(t *testing.T) {
	for args, want := range map[string]string{
		`{"contact_id":"ann"}`:                              "ann",
		`{"contact_id":"  ann "}`:                           "ann",
		`{"contact_id":"J\u00f6rg \ud83d\ude00"}`:           "Jörg 😀",
		`{"contact_id":90555123456789012345}`:               "90555123456789012345",
		`{"contact_id":1.50e2}`:                             "150",
		`{"contact_id":1042.0}`:                             "1042",
		`{"contact_id":1042.5}`:                             "1042.5",
		`{"contact_id":1e300}`:                              "",
		`{"contact_id":0}`:                                  "", // programs write it for nothing, as what follows
		`{"contact_id":"{{contact.id}}"}`:                   "",
		`{"contact_id":"undefined"}`:                        "",
		`{"contact_id":"NULL"}`:                             "",
		`{"contact_id":"-"}`:                                "",
		`{"contact_id":"crm\u200b-1\ufeff"}`:                "crm-1",
		`{"contact_id":"Jo\u0308rg\u00a0 \n B."}`:           "Jörg B.",
		`{"contact_id":""}`:                                 "",
		`{"contact_id":"   "}`:                              "",
		`{"contact_id":true}`:                               "",
		`{"contact_id":null}`:                               "",
		`{"contact_id":{"contact_id":"x"}}`:                 "",
		`{"contact_id":["x"]}`:                              "",
		`{"contact_id":"a\u0000b"}`:                         "",
		`{"Contact_ID":"x"}`:                                "",
		`{"contact_id":"` + strings.Repeat("x", 257) + `"}`: "",
		`null`:                   "",
		`[{"contact_id":"x"}]`:   "",
		`"contact_id"`:           "",
		`{"a":{"contact_id":1}}`: "",
	} {
		e := event(t, reader(t, Config{}), `{"uniqueArgs":`+args+`,"event":"sent","id":"a"}`)
		if e.Contact != want {
			t.Errorf("uniqueArgs %.60s names %q, want %q", args, e.Contact, want)
		}
	}
}

func TestContactFollowsItsPathAndKeyFormat(t *testing.T) {
	for _, c := range []struct {
		path string
		keys contactkey.Format
		want string
	}{
		{"uniqueArgs.crm.key", contactkey.Format{}, "0532 123 45 67"},
		{"uniqueArgs.crm.key", contactkey.Format{Phone: true, Region: "TR"}, "+905321234567"},
		{"uniqueArgs.crm.key", contactkey.Format{Phone: true}, ""},
		{"to", contactkey.Format{}, "someone"},
		{"id", contactkey.Format{}, "a"},
		{"uniqueArgs.crm", contactkey.Format{}, ""},
		{"uniqueArgs.crm.key.deeper", contactkey.Format{}, ""},
	} {
		r := reader(t, Config{Contact: c.path, Keys: c.keys})
		e := event(t, r, `{"id":"a","event":"sent","to":"someone","uniqueArgs":{"crm":{"key":"0532 123 45 67"}}}`)
		if e.Contact != c.want || e.MessageID != "a" {
			t.Errorf("%s is %q of message %q, want %q", c.path, e.Contact, e.MessageID, c.want)
		}
	}
}

func TestConfigOfASourceIsChecked(t *testing.T) {
	for _, c := range []Config{
		{Format: &Format{}},
		{},
		{Format: insider, Contact: "uniqueArgs..id"},
		{Format: insider, Contact: "."},
		{Format: insider, Outcomes: []Line{{" ", "1", hygiene.Sent}}},
		{Format: insider, Outcomes: []Line{{"x", "1", 0}}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

func TestUniqueArgsOfAStoredBody(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":"a","uniqueArgs":{"x": [1, {}]},"event":"sent"}`: `{"x": [1, {}]}`,
		`{"uniqueArgs":{}}`:            `{}`,
		`{"uniqueArgs":null}`:          ``,
		`{"uniqueArgs":["a"]}`:         ``,
		`{"uniqueArgs":"{}"}`:          ``,
		`{"id":"a"}`:                   ``,
		`{"x":{"uniqueArgs":{"a":1}}}`: ``,
		`broken`:                       ``,
		``:                             ``,
	} {
		got := UniqueArgs([]byte(body))
		if string(got) != want || (got == nil) != (want == "") {
			t.Errorf("%s has %q, want %q", body, got, want)
		}
	}
}
