package console

import (
	"context"
	"strings"
	"testing"
)

// misread are bodies that readers differ about, with what is said of them.
var misread = []struct{ name, check, suppress, says string }{
	{"invalid UTF-8", "{\"contacts\":[\"jos\xe9\"]}", "{\"reason\":\"complaint\",\"note\":\"jos\xe9\"}", "not UTF-8, at byte "},
	{"half a surrogate pair", `{"contacts":["a\ud800b"]}`, `{"reason":"complaint","note":"a\udc00"}`, "half of a surrogate pair"},
	{"a key twice", `{"contacts":["bob"],"contacts":["nobody"]}`, `{"reason":"complaint","reason":"spam"}`, "the same key twice"},
	{"a key twice, once escaped", `{"contacts":["bob"],"cont\u0061cts":["nobody"]}`, `{"reason":"complaint","r\u0065ason":"spam"}`, "the same key twice"},
	{"a key in other case", `{"Contacts":["nobody"]}`, `{"REASON":"complaint"}`, "no such key"},
	{"a key in both cases", `{"contacts":["bob"],"Contacts":["nobody"]}`, `{"reason":"complaint","Reason":"spam"}`, "no such key"},
	{"a letter that folds", `{"contact` + "\u017f" + `":["nobody"]}`, `{"rea` + "\u017f" + `on":"complaint"}`, "no such key"},
	{"an unknown key", `{"contacts":["bob"],"x":1}`, `{"reason":"complaint","untill":""}`, "no such key"},
	{"a second value", `{"contacts":["bob"]} {}`, `{"reason":"complaint"}{}`, "there is more after the end"},
	{"half of it", `{"contacts":["bob"]`, `{"reason":"complaint"`, "not JSON"},
	{"no object", `["bob"]`, `"complaint"`, "no object"},
	{"the wrong type", `{"contacts":"bob"}`, `{"reason":["complaint"]}`, "of another type"},
	{"nothing but null", `null`, `null`, "no object"},
}

func TestABodyThatReadersDifferAboutIsRefusedAsAWhole(t *testing.T) {
	c := Config{
		Check:    func(context.Context, []string) ([]Answer, error) { t.Error("it was checked"); return nil, nil },
		Instruct: func(context.Context, Instruction) (any, error) { t.Error("it was taken"); return nil, nil },
	}
	for _, m := range misread {
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
	c := Config{Check: func(_ context.Context, contacts []string) ([]Answer, error) { got = contacts; return nil, nil }}
	wantJSON(t, ask(c, "POST", "/api/v1/check", "\ufeff{\"contacts\":[\"jos\u00e9\", 7, \"\\ud83d\\ude00\"]}"), `{"results":[]}`)
	if want := "jos\u00e9 7 \U0001f600"; strings.Join(got, " ") != want {
		t.Errorf("asked about %q, want %q", got, want)
	}
}

func TestAnUnknownKeyIsNotRepeatedWithoutEnd(t *testing.T) {
	c := Config{Check: func(context.Context, []string) ([]Answer, error) { return nil, nil }}
	w := ask(c, "POST", "/api/v1/check", `{"`+strings.Repeat("k", 100_000)+`":1}`)
	wantProblem(t, w, 400, "no such key")
	if w.Body.Len() > 1000 {
		t.Errorf("the answer has %d bytes", w.Body.Len())
	}
}
