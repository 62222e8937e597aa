package provider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"winnow/hygiene"
)

// queryReports is a made-up provider that sends no JSON: the report is in the
// query, its event follows from the method, and the header signs the body.
type queryReports struct{ contact string }

func (q queryReports) parse(r *Request, to *batch) error {
	first := func(name string) string { return strings.Join(r.Query[name], ",") }
	if r.Query["id"] == nil {
		return errors.New("the query names no message")
	}
	to.add(&report{body: r.Body, id: first("id"), event: strings.ToLower(r.Method), code: codeOfText(first("err")), contact: first(q.contact), at: now - hygiene.Instant(len(r.Query["ago"]))})
	return nil
}

func verifyBody(r *Request, secrets []string) error {
	for _, secret := range secrets {
		for _, signature := range r.Header["X-Signature"] {
			if hmac.Equal([]byte(signature), []byte(sign(secret, r.Body))) {
				return nil
			}
		}
	}
	return errors.New("the signature is wrong")
}

func sign(secret string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

var madeUp = preset{
	parser:   func(contact string) parser { return queryReports{contact} },
	verify:   verifyBody,
	outcomes: []Line{{"put", "", hygiene.Delivered}, {"put", "7", hygiene.SoftBounce}},
}

func TestAPresetSeesTheMethodTheQueryAndTheBody(t *testing.T) {
	r, err := newReader(madeUp, Config{Source: "s", Contact: "to", Outcomes: []Line{{"put", "8", hygiene.HardBounce}}})
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]hygiene.Outcome{"": hygiene.Delivered, "7.0": hygiene.SoftBounce, "8": hygiene.HardBounce} {
		request := &Request{Method: "PUT", Query: map[string][]string{"id": {"m"}, "to": {" ann "}, "err": {code}}, Body: []byte("body"), ReceivedAt: now}
		events, bad, err := r.Read(request)
		if err != nil || len(bad) > 0 || len(events) != 1 {
			t.Fatalf("events %v, bad %v, err %v", events, bad, err)
		}
		e := &events[0]
		if e.Outcome != want || e.MessageID != "m" || e.Contact != "ann" || e.Source != "s" || string(e.Body) != "body" || e.At != now || e.ReceivedAt != now {
			t.Errorf("code %q: %+v", code, e)
		}
		request.Body[0] = '#'
		if string(e.Body) != "body" {
			t.Error("the event holds on to the request's body")
		}
	}
}

func TestTheProvidersTimeCountsUnlessItIsLaterThanReceipt(t *testing.T) {
	r, _ := newReader(madeUp, Config{})
	for _, c := range []struct{ received, want hygiene.Instant }{{now, now - 2}, {now - 2, now - 2}, {now - 3, now - 3}, {now + 9, now - 2}} {
		events, _, _ := r.Read(&Request{Method: "PUT", Query: map[string][]string{"id": {"m"}, "ago": {"", ""}}, ReceivedAt: c.received})
		if len(events) != 1 || events[0].At != c.want || events[0].ReceivedAt != c.received {
			t.Errorf("received at %d: %+v, want %d", c.received, events, c.want)
		}
	}
}

func TestARequestThatCannotBeParsedIsQuarantinedWhole(t *testing.T) {
	r, _ := newReader(madeUp, Config{})
	events, bad, err := r.Read(&Request{Body: []byte("whole"), ReceivedAt: now})
	if err != nil || len(events) > 0 || len(bad) != 1 || string(bad[0].Body) != "whole" || bad[0].Why != "the query names no message" {
		t.Errorf("events %v, bad %+v, err %v", events, bad, err)
	}
}

func TestARequestWithAWrongSignatureIsQuarantinedWhole(t *testing.T) {
	body := []byte("body")
	for _, c := range []struct {
		secrets   []string
		signature string
		events    int
	}{
		{nil, "", 1}, // nothing to verify with
		{[]string{"new", "old"}, sign("new", body), 1},
		{[]string{"new", "old"}, sign("old", body), 1}, // while it is being replaced
		{[]string{"new"}, sign("old", body), 0},
		{[]string{"new"}, sign("new", []byte("other")), 0},
		{[]string{"new"}, "", 0},
	} {
		r, err := newReader(madeUp, Config{Secrets: c.secrets})
		if err != nil {
			t.Fatal(err)
		}
		events, bad, _ := r.Read(&Request{Method: "PUT", Query: map[string][]string{"id": {"m"}}, Header: map[string][]string{"X-Signature": {c.signature}}, Body: body})
		if len(events) != c.events || len(events)+len(bad) != 1 || len(bad) == 1 && string(bad[0].Body) != "body" {
			t.Errorf("%q signed with %q: %d events, quarantined %+v", c.secrets, c.signature, len(events), bad)
		}
	}
}

func TestAProviderThatSignsNothingIsReadWithSecretsToo(t *testing.T) {
	event(t, reader(t, Config{Secrets: []string{"unused"}}), `{"id":"a","event":"sent"}`)
}

func TestAnIDEventOrCodeWithU0000IsQuarantined(t *testing.T) {
	for _, body := range []string{
		`{"id":"a\u0000","event":"sent"}`,
		`{"id":"\u0000","event":"sent"}`,
		`{"id":"a","event":"sent\u0000"}`,
		`{"id":"a","event":"undelivered","reason":{"code":"14\u000000"}}`,
	} {
		events, bad, err := readBody(reader(t, Config{}), fmt.Appendf(nil, `[%s, {"id":"b","event":"sent"}]`, body))
		if err != nil || len(events) != 1 || events[0].MessageID != "b" || len(bad) != 1 || string(bad[0].Body) != body || !strings.Contains(bad[0].Why, "U+0000") {
			t.Errorf("%s: events %v, quarantined %+v, err %v", body, events, bad, err)
		}
	}
	// Elsewhere it does no harm: the body is stored as bytes, and a key with it is none.
	e := event(t, reader(t, Config{}), `{"id":"a","event":"sent","reason":{"code":["\u0000"]},"uniqueArgs":{"contact_id":"a\u0000"},"x":"\u0000"}`)
	if e.Code != "" || e.Contact != "" {
		t.Errorf("%+v", e)
	}
}
