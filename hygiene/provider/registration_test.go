package provider

import (
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
)

func went(source, id, contact, phone string, sent hygiene.Instant) Registration {
	return Registration{Source: source, MessageID: id, Contact: contact, Phone: phone, SentAt: sent}
}

func TestSendLogIsReadInItsOwnFormAndTheProviders(t *testing.T) {
	sent := hygiene.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	for line, want := range map[string][]Registration{
		`{"message_id":"sms-1","contact":"ann"}`:                                                                           {went("", "sms-1", "ann", "", 0)},
		`{"message_id":"sms-1","contact":17,"phone":"+905551234567"}`:                                                      {went("", "sms-1", "17", "+905551234567", 0)},
		`{"message_id":"sms-1","contact":"ann","sent_at":"2026-01-02T03:04:05Z"}`:                                          {went("", "sms-1", "ann", "", sent)},
		`{"message_id":"sms-1","contact":"ann","sent_at":"2026-01-02T04:04:05+01:00"}`:                                     {went("", "sms-1", "ann", "", sent)},
		`{"message_id":"sms-1","contact":"ann","sent_at":null,"phone":null}`:                                               {went("", "sms-1", "ann", "", 0)},
		`{"message":"Accepted","messageId":"sms-1","contact":"ann"}`:                                                       {went("", "sms-1", "ann", "", 0)},
		`{"message":"Accepted","messageId":"sms-1","to":"+905551234567"}`:                                                  {went("", "sms-1", "", "+905551234567", 0)},
		`{"source":"acme","message_id":"sms-1","contact":"ann"}`:                                                           {went("acme", "sms-1", "ann", "", 0)},
		`{"source":"acme","sent_at":"2026-01-02T03:04:05Z","messageIds":[{"phoneNumber":"+905551","messageSid":"sms-1"}]}`: {went("acme", "sms-1", "", "+905551", sent)},
		`{"messageSid":"sms-1","phoneNumber":"+905551234567"}`:                                                             {went("", "sms-1", "", "+905551234567", 0)},
		`{"message":"Accepted","messageIds":[{"phoneNumber":"+905551","messageSid":"sms-1"},{"phoneNumber":"+905552","messageSid":"sms-2","contact":"bob"}],"errors":[]}`: {
			went("", "sms-1", "", "+905551", 0), went("", "sms-2", "bob", "+905552", 0)},
		`{"messageIds":[],"errors":[]}`: nil,
		`{"errors":[]}`:                 nil,
		"\ufeff" + `{"message_id":"sms-1","contact":"ann"}` + "\r\n": {went("", "sms-1", "ann", "", 0)},
	} {
		got, err := Registrations([]byte(line))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", line, got, err, want)
		}
	}
}

func TestSendLogLineSaysWhatIsMissing(t *testing.T) {
	for line, want := range map[string]string{
		`{"contact":"ann"}`:                                         "message id is missing",
		`{"message_id":"","contact":"ann"}`:                         "message id is missing",
		`{"message_id":{"a":1},"contact":"ann"}`:                    "message id is missing",
		`{"message":"Accepted","messageId":"sms-1"}`:                "contact is missing",
		`{"messageId":"sms-1","contact":null}`:                      "contact is missing",
		`{"message_id":"a","contact":"ann","sent_at":"yesterday"}`:  `sent_at: "yesterday" is not a date`,
		`{"message_id":"a","contact":"ann","sent_at":1700000000}`:   `sent_at: "1700000000" is not a date`,
		`{"messageIds":{"a":1}}`:                                    "messageIds is not an array",
		`{"messageIds":[{"messageSid":"a","to":"1"},{"to":"+90"}]}`: "messageIds[1]: the message id is missing",
		`{"messageIds":[7]}`:                                        "messageIds[0]: the message id is missing",
		`[{"message_id":"a","contact":"ann"}]`:                      "one JSON object",
		`"a"`:                                                       "one JSON object",
		`[]`:                                                        "one JSON object",
		``:                                                          "the text is empty",
		`{"message_id":"a","message_id":"b","contact":"ann"}`:       "same key twice",
		`{"message_id":"a","contact":"ann"} {}`:                     "more after the end",
		`message_id,contact`:                                        "not JSON",
		`{"message_id":"a\u0000","contact":"ann"}`:                  "U+0000",
		`{"message_id":"` + strings.Repeat("x", 257) + `"}`:         "at most 256 bytes",
	} {
		got, err := Registrations([]byte(line))
		if err == nil || got != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, error %v; want one with %q", line, got, err, want)
		}
	}
}
