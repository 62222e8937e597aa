package provider

import (
	"errors"
	"testing"
)

func TestStrictAcceptsWhatEveryReaderUnderstandsInTheSameWay(t *testing.T) {
	for _, text := range []string{`{}`, `[]`, ` {"a":{"a":[1,"\ud83d\ude00",null]}} `, "\ufeff{\"a\":1}", `"é"`, `-1.5e3`, `{"a":1,"A":2}`} {
		if err := CheckStrict([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]error{
		"":                       errEmpty,
		`{"a":1`:                 errBroken,
		`{"a":1} {}`:             errMore,
		`{"a":[{"b":1,"b":2}]}`:  errTwice,
		`{"a":1,"\u0061":2}`:     errTwice,
		"[\"jos\xe9\"]":          errNotUTF8,
		"{\"jos\xe9\":1}":        errNotUTF8,
		`["\ud800"]`:             errSurrogate,
		`["\udc00\ud800"]`:       errSurrogate,
		"[\"\xed\xa0\x80\"]":     errNotUTF8,
		"{\"a\":\"\x00\"}":       errBroken,
		`{"contacts":["a",]}`:    errBroken,
		`{"contacts":["a"]}, {}`: errMore,
	} {
		if err := CheckStrict([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}
