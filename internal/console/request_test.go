package console

import (
	"context"
	"strings"
	"testing"

	"winnow/internal/console/view"
)

// ambiguous are bodies that JSON readers differ about, with the error of each.
var ambiguous = []struct{ name, check, suppress, says string }{
	{"invalid UTF-8", "{\"contacts\":[\"jos\xe9\"]}", "{\"reason\":\"complaint\",\"note\":\"jos\xe9\"}", "not UTF-8, at byte "},
	{"half a surrogate pair", `{"contacts":["a\ud800b"]}`, `{"reason":"complaint","note":"a\udc00"}`, "half of a surrogate pair"},
	{"a key twice", `{"contacts":["bob"],"contacts":["nobody"]}`, `{"reason":"complaint","reason":"spam"}`, "the same key twice"},
	{"a key twice, once escaped", `{"contacts":["bob"],"cont\u0061cts":["nobody"]}`, `{"reason":"complaint","r\u0065ason":"spam"}`, "the same key twice"},
	{"a key in other case", `{"Contacts":["nobody"]}`, `{"REASON":"complaint"}`, "unknown key"},
	{"a key in both cases", `{"contacts":["bob"],"Contacts":["nobody"]}`, `{"reason":"complaint","Reason":"spam"}`, "unknown key"},
	{"a letter that folds", `{"contact` + "\u017f" + `":["nobody"]}`, `{"rea` + "\u017f" + `on":"complaint"}`, "unknown key"},
	{"an unknown key", `{"contacts":["bob"],"x":1}`, `{"reason":"complaint","untill":""}`, "unknown key"},
	{"a second value", `{"contacts":["bob"]} {}`, `{"reason":"complaint"}{}`, "there is more after the end"},
	{"half of it", `{"contacts":["bob"]`, `{"reason":"complaint"`, "not JSON"},
	{"not a JSON object", `["bob"]`, `"complaint"`, "not a JSON object"},
	{"the wrong type", `{"contacts":"bob"}`, `{"reason":["complaint"]}`, "wrong type"},
	{"nothing but null", `null`, `null`, "not a JSON object"},
}

func TestAnAmbiguousBodyIsRefused(t *testing.T) {
	c := Config{
		Check: func(context.Context, []string, []string, []string) ([]view.Sendable, error) {
			t.Error("it was checked")
			return nil, nil
		},
		Instruct: func(context.Context, view.Instruction) (*view.Explanation, error) {
			t.Error("it was taken")
			return nil, nil
		},
	}
	for _, m := range ambiguous {
		for path, body := range map[string]string{"/check": m.check, "/contacts/ann/suppress": m.suppress, "/contacts/ann/allow": m.suppress} {
			w := ask(c, "POST", "/api/v1"+path, body)
			if w.Code != 400 || !strings.Contains(w.Body.String(), m.says) {
				t.Errorf("%s: %s: answer %d %s", path, m.name, w.Code, w.Body)
			}
			wantProblem(t, w, 400, "send JSON like")
		}
	}
}

func TestABodyWithAByteOrderMarkIsRead(t *testing.T) {
	var got []string
	c := Config{Check: func(_ context.Context, contacts, _, _ []string) ([]view.Sendable, error) {
		got = contacts
		return nil, nil
	}}
	wantJSON(t, ask(c, "POST", "/api/v1/check", "\ufeff{\"contacts\":[\"jos\u00e9\", 7, \"\\ud83d\\ude00\"]}"), `{"results":[]}`)
	if want := "jos\u00e9 7 \U0001f600"; strings.Join(got, " ") != want {
		t.Errorf("asked about %q, want %q", got, want)
	}
}

func TestALongUnknownKeyIsShortened(t *testing.T) {
	c := Config{Check: func(context.Context, []string, []string, []string) ([]view.Sendable, error) { return nil, nil }}
	w := ask(c, "POST", "/api/v1/check", `{"`+strings.Repeat("k", 100_000)+`":1}`)
	wantProblem(t, w, 400, "unknown key")
	if w.Body.Len() > 1000 {
		t.Errorf("the answer has %d bytes", w.Body.Len())
	}
}
