package receiver

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"winnow/hygiene/provider"
	"winnow/internal/presets"
)

// openPreset opens a receiver whose only source has that preset.
func openPreset(t *testing.T, name, contact string) fixture {
	t.Helper()
	h := open(t)
	r, err := provider.New(provider.Config{Source: name, Format: presets.MustFind(name).Format, Contact: contact})
	if err != nil {
		t.Fatal(err)
	}
	h.SetSources([]Source{{Name: name, Tokens: []string{token}, Reader: r}}, nil)
	return h
}

func TestAQueryIsStoredWhereItCarriesTheEvent(t *testing.T) {
	h := openPreset(t, "messagebird", "")
	get := func(method, query string) *httptest.ResponseRecorder {
		return h.do(httptest.NewRequest(method, "/callbacks/"+token+query, nil))
	}
	if w := get(http.MethodGet, "?id=a&status=delivered&recipient=31612345678"); w.Code != 200 || w.Body.String() != "{\"stored\":1,\"quarantined\":0}\n" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if e := h.log.events[0]; e.MessageID != "a" || e.To != "+31612345678" || string(e.Body) != "?id=a&status=delivered&recipient=31612345678" {
		t.Errorf("%+v", e)
	}
	for _, method := range []string{http.MethodHead, http.MethodOptions} {
		if w := get(method, "?id=a&status=delivered"); w.Code != 200 || h.log.size() != 1 {
			t.Errorf("%s stores: %d", method, w.Code)
		}
	}
	if w := get(http.MethodGet, ""); w.Code != 200 || h.log.size() != 1 || h.counter.last() != "messagebird:"+AnswerProbed {
		t.Errorf("%d, %s", w.Code, h.counter.last())
	}
	if w := get(http.MethodGet, "?hello"); w.Code != 200 || len(h.log.bad) != 1 || string(h.log.bad[0].Body) != "?hello" {
		t.Errorf("%d, %+v", w.Code, h.log.bad)
	}
}

func TestAQueryIsAProbeWhereBodiesCarryTheEvents(t *testing.T) {
	h := open(t)
	if w := h.do(httptest.NewRequest(http.MethodGet, "/callbacks/"+token+"?id=a&event=sent", nil)); w.Code != 200 || h.log.size() != 0 || h.counter.last() != "insider:"+AnswerProbed {
		t.Errorf("%d, %d stored, %s", w.Code, h.log.size(), h.counter.last())
	}
}

func TestAFormIsStoredWithTheQueryOfItsURL(t *testing.T) {
	h := openPreset(t, "twilio", "args.contact_id")
	w := h.do(httptest.NewRequest(http.MethodPost, "/callbacks/"+token+"?contact_id=ann", strings.NewReader("MessageSid=a&MessageStatus=delivered")))
	if w.Code != 200 || len(h.log.events) != 1 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if e := h.log.events[0]; e.Contact != "ann" || string(e.Body) != "?contact_id=ann\nMessageSid=a&MessageStatus=delivered" {
		t.Errorf("%+v", e)
	}
}

func TestWhatIsLeftOutIsAnsweredAndCounted(t *testing.T) {
	h := openPreset(t, "bandwidth", "")
	if w := h.post(`[{"type":"message-received","message":{"id":"a","direction":"in"}}]`); w.Code != 200 || h.log.size() != 0 || h.counter.last() != "bandwidth:"+AnswerLeftOut {
		t.Errorf("%d, %d stored, %s", w.Code, h.log.size(), h.counter.last())
	}
}
