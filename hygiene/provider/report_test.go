package provider

import (
	"fmt"
	"strings"
	"testing"
)

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
