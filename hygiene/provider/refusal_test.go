package provider

import (
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
)

// insidersAnswer is the provider's answer to a send to many, of which it refused one.
const insidersAnswer = `{"message":"Accepted",
 "messageIds":[{"phoneNumber":"+905555555555","messageSid":"sms-a1234567-b123-c123-d123-e123f123456"}],
 "errors":[{"field":"messages[1].phoneNumber","error":"This field must be a valid phone number."}]}`

func TestTheErrorsOfAnAnswerAreRefusals(t *testing.T) {
	const accepted = `"messageIds":[{"phoneNumber":"+901","messageSid":"m1"}]`
	const asSent = `,"messages":[{"phoneNumber":"+901","uniqueArgs":{"contact_id":"ann"}},{"phoneNumber":"90 (555) 55","uniqueArgs":{"contact_id":"bob"}},{"to":"+903","contact":"carl"}]`
	for line, want := range map[string][]string{ // id, contact, phone, event, code, error
		insidersAnswer: {"sms-a1234567-b123-c123-d123-e123f123456,,+905555555555,,,", ",,,,,This field must be a valid phone number."},
		`{` + accepted + `,"errors":[{"field":"messages[1].phoneNumber","error":"no"}]` + asSent + `}`:                                        {"m1,,+901,,,", ",bob,90 (555) 55,,,no"},
		`{` + accepted + `,"errors":[{"field":"messages[2]","message":"no"},{"field":"messages[3]"},{"field":"messages[-1]"}]` + asSent + `}`: {"m1,,+901,,,", ",carl,+903,,,no", ",,,,,refused", ",,,,,refused"},
		`{` + accepted + `,"errors":[{"field":"messages[1]","error":"no","contact":"eve","code":1500}]` + asSent + `}`:                        {"m1,,+901,,,", ",eve,,,1500,no"},
		`{"messageIds":null,"errors":[{"message":"no","field":"to"}],"to":"+901","contact":"ann"}`:                                            {",ann,+901,,,no"},
		`{"errors":[{"error":{"code":21610,"message":"unsubscribed recipient"},"phoneNumber":"+901"}]}`:                                       {",,+901,,21610,unsubscribed recipient"},
		`{"messageId":"m1","to":"+901","errors":[{"message":"no"}]}`:                                                                          {"m1,,+901,,,", "m1,,+901,,,no"},
		`{"messageId":"m1","errors":[{"message":"no"}]}`:                                                                                      {"m1,,,,,no"},
		`{"messageIds":[{"messageSid":"m1","to":"+901","event":"failed","code":"1500"},{"to":"+902","error":"no"}]}`:                          {"m1,,+901,failed,1500,", ",,+902,,,no"},
		`{"message_id":"m1","contact":"ann","error":"no"}`:                                                                                    {"m1,ann,,,,no"},
		`{"message_id":"m1","event":" failed ","code":1500}`:                                                                                  {"m1,,,failed,1500,"},
		`{"message":"Accepted","message_id":"m1","contact":"ann","error":null,"code":0,"event":""}`:                                           {"m1,ann,,,,"},
		`{"message_id":"m1","contact":"ann","error":false}`:                                                                                   {"m1,ann,,,,"},
	} {
		all, err := Registrations([]byte(line))
		var got []string
		for _, r := range all {
			got = append(got, strings.Join([]string{r.MessageID, r.Contact, r.Phone, r.Event, r.Code, r.Error}, ","))
			if r.said() != (r.Body != "") || r.IsUnnamed() != strings.HasPrefix(got[len(got)-1], ",,,") {
				t.Errorf("%s: %+v", line, r)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, %v; want\n%q", line, got, err, want)
		}
	}
	for line, want := range map[string]string{
		`{"message_id":"m1","contact":"ann","event":"` + strings.Repeat("x", 257) + `"}`: "the event has 257 bytes",
		`{"message_id":"m1","contact":"ann","event":"\u0000"}`:                           "U+0000",
		`{"errors":[{"message":"no","messageId":"\u0000"}]}`:                             "errors: the message id has the character U+0000",
		`{"error":"no"}`: "the refusal names nobody",
	} {
		if got, err := Registrations([]byte(line)); err == nil || got != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", line, got, err, want)
		}
	}
}

func TestTheOutcomeOfARefusalIsWhatItsCodeMeans(t *testing.T) {
	table, err := insider.Table([]Line{{"undelivered", "1500", hygiene.Blocked}, {"Refused", "21610", hygiene.Unsubscribed}})
	if err != nil {
		t.Fatal(err)
	}
	const now = hygiene.Instant(1_800_000_000_000_000)
	for line, want := range map[string]hygiene.Outcome{
		`{"message_id":"m","contact":"ann","error":"no"}`:                                  hygiene.SenderFault,
		`{"message_id":"m","contact":"ann","error":"no","code":1400}`:                      hygiene.HardBounce,
		`{"message_id":"m","contact":"ann","error":"no","code":"1408.0"}`:                  hygiene.CarrierViolation,
		`{"message_id":"m","contact":"ann","error":"no","code":1500}`:                      hygiene.SenderFault, // which has two meanings
		`{"message_id":"m","contact":"ann","error":"no","code":21610}`:                     hygiene.Unsubscribed,
		`{"message_id":"m","contact":"ann","error":"no","code":7}`:                         hygiene.SenderFault,
		`{"message_id":"m","contact":"ann","event":"failed","code":1500}`:                  hygiene.InvalidNumber,
		`{"message_id":"m","contact":"ann","event":"Undelivered","code":1404}`:             hygiene.SoftBounce,
		`{"message_id":"m","contact":"ann","event":"vanished"}`:                            hygiene.Unrecognized,
		`{"message_id":"m","contact":"ann","event":"delivered","error":"but late"}`:        hygiene.Delivered,
		`{"message_id":"m","contact":"ann","code":1400}`:                                   hygiene.HardBounce,
		`{"message_id":"m","contact":"ann","code":200}`:                                    0,
		`{"message_id":"m","contact":"ann"}`:                                               0,
		`{"message_id":"m","contact":"ann","sent_at":"2026-01-02T03:04:05Z","error":"no"}`: hygiene.SenderFault,
		`{"message_id":"m","contact":"ann","sent_at":"2126-01-02T03:04:05Z","error":"no"}`: hygiene.SenderFault,
	} {
		all, err := Registrations([]byte(line))
		if err != nil || len(all) != 1 {
			t.Fatal(line, all, err)
		}
		if !all[0].IsRefusal(table) {
			if want != 0 {
				t.Errorf("%s is no refusal", line)
			}
			continue
		}
		e := all[0].RefusalEvent("insider", "m", table, now)
		dated := strings.Contains(line, "2026-")
		if e.Outcome != want || e.Source != "insider" || e.MessageID != "m" || e.ReceivedAt != now || e.Received == dated || (e.At < now) != dated || string(e.Body) != line {
			t.Errorf("%s: %+v, want %v", line, e, want)
		}
		if again := table.outcome(e.Name, e.Code); again != e.Outcome {
			t.Errorf("%s: classified again it is %v", line, again)
		}
	}
}

func TestTheSameRefusalHasTheSameID(t *testing.T) {
	ids := map[string]string{}
	for _, line := range []string{
		`{"contact":"ann","error":"no"}`, `{"contact":"ann","error":"no ","note":"again"}`,
		`{"contact":"bob","error":"no"}`, `{"contact":"ann","error":"yes"}`, `{"contact":"ann","code":1400,"error":"no"}`, `{"contact":"ann","phone":"+901","error":"no"}`,
		`{"contact":"ann","error":"no","sent_at":"2026-01-02"}`, `{"contact":"anno","error":"n"}`,
	} {
		all, err := Registrations([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		ids[all[0].RefusalID()] += line
	}
	if len(ids) != 7 {
		t.Errorf("%d ids: %v", len(ids), ids)
	}
}
