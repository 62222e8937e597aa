package signature

import (
	"errors"
	"slices"
	"testing"
	"time"

	"winnow/hygiene/instant"
)

// signedRequests are requests as providers send them, by kind.
func signedRequests() map[string]Request {
	at := instant.Of(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	return map[string]Request{
		"JSON":  {Method: "POST", URL: "https://sms.example.com/callbacks/x?contact_id=a", Header: map[string][]string{contentType: {"application/json"}}, Body: []byte(`{"id":"a","status":"b&c=d"}`), ReceivedAt: at},
		"form":  {Method: "POST", URL: "https://sms.example.com/callbacks/x?contact_id=a", Header: map[string][]string{contentType: {form}}, Body: []byte("id=a&status=b%26c&To=%2B1"), ReceivedAt: at},
		"query": {Method: "GET", URL: "https://sms.example.com/callbacks/x?id=a&status=b", ReceivedAt: at},
	}
}

func TestWhatIsSignedVerifies(t *testing.T) {
	schemes := map[string]Scheme{"basic": Basic{}, "house": HMAC{Hash: SHA512, Sent: []string{"X-Signature"}, Prefix: "v1=", Encoding: Hex,
		Parts: []Part{{Header: "X-Time"}, {Literal: "."}, {Of: PartBody}}, Timestamp: Timestamp{Header: "X-Time", Tolerance: time.Minute}}}
	for _, name := range Presets() {
		for algorithm, s := range presets[name].Schemes {
			schemes[name+" "+algorithm] = s
		}
	}
	tried := 0
	for name, scheme := range schemes {
		value := "user:password"
		for kind, r := range signedRequests() {
			if kind == "JSON" && signsForm(scheme) {
				continue // Twilio signs the digest of such a body in the URL
			}
			err := Sign(scheme, value, &r, "nonce-1")
			if errors.Is(err, ErrCannotSign) {
				if n := scheme.Needs(); n != NeedPublicKey && n != NeedTopic {
					t.Errorf("%s can't be signed", name)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", name, kind, err)
				continue
			}
			tried++
			v, err := New(scheme, Keys{Values: []string{value}})
			if err != nil {
				t.Fatal(err)
			}
			if err := v.Verify(&r); err != nil {
				t.Errorf("%s, %s: %v: %+v", name, kind, err, r)
			}
			other, err := New(scheme, Keys{Values: []string{"other:password"}})
			if err != nil {
				t.Fatal(err)
			}
			if other.Verify(&r) == nil {
				t.Errorf("%s, %s: another secret verifies it", name, kind)
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d requests were signed", tried)
	}
}

func signsForm(s Scheme) bool {
	h, ok := s.(HMAC)
	return ok && slices.ContainsFunc(h.Parts, func(p Part) bool { return p.Of == PartForm })
}
