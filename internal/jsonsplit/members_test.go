package jsonsplit

import (
	"encoding/json"
	"strings"
	"testing"
)

// membersOf reads all members of an object.
func membersOf(object string) (members string, err error) {
	var all []string
	err = Members([]byte(object), func(name string, value []byte) {
		text, err := Text(value)
		if err != nil {
			text = err.Error()
		}
		all = append(all, name+"="+text)
	})
	return strings.Join(all, " "), err
}

func TestABrokenMemberDoesNotAffectTheOthers(t *testing.T) {
	for object, want := range map[string]string{
		`{}`: "",
		` { "a" : "x\n\u00e9" , "b":-1.50,"c":true,"d":null,"e":["x",1],"f":{"g":[1,"}"]}} `: "a=x\né b=-1.50 c=true d= e=x|1 f={\"g\":[1,\"}\"]}",
		`{"a":1,"a":2}`:                         "a=1 a=2",
		"{\"a\":\"\xfd\",\"b\":1}":              "a=not UTF-8 b=1",
		`{"a":"ann","b":"O"Neil","c":1}`:        "a=ann c=1 !",
		`{"b":"O"Neil, "a":"bob" x","a":"ann"}`: "a=ann !",
		`{"b":{"x" 1,"a":"bob"},"a":"ann"}`:     "a=ann !",
		`{"b":{"x" 1,"a":"bob"}}`:               " !",
		`{"a":"ann","b":`:                       "a=ann !",
		`{"a":"ann","b":"cut off`:               "a=ann !",
		`{"a":"an`:                              " !",
		`{"a":"ann"`:                            " !",
		`{"a":12`:                               " !",
		`{"a":"ann",}`:                          "a=ann !",
		`{"a":1}}`:                              " !",
		`{"a":"an"n","b":1}`:                    "b=1 !",
		`{a:1,"b":2}`:                           "b=2 !",
		`{'a':1}`:                               " !",
		"[1]":                                   " !",
		"":                                      " !",
		`{"b":x` + strings.Repeat(",", 300) + `,"a":"ann"}`:    " !",
		`{"b":x` + strings.Repeat(" ", 70_000) + `,"a":"ann"}`: " !",
	} {
		got, err := membersOf(object)
		if err != nil {
			got += " !"
		}
		if got != want {
			t.Errorf("%.80s reads as %q (%v), want %q", object, got, err, want)
		}
	}
}

// What encoding/json reads of an object is what its members are, and no object that it
// refuses is read without an error.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":"x","b":[1,2],"c":{"d":null}}`, `{"a":"x"y","b":1}`, `{"a":1,}`, `{"\u0061":"\ud800"}`, `{"a":{"b":1}`, "{\"\":\"\",\"\":{\"0\xcc\":null}}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		got := map[string]string{}
		err := Members(object, func(name string, value []byte) {
			if !json.Valid(value) {
				t.Fatalf("%q of %q is not JSON", value, object)
			}
			delete(got, name) // the last one counts, and may be none that is read
			if _, err := Text(value); err == nil {
				got[name] = string(value)
			}
		})
		want := map[string]json.RawMessage{}
		wrong := json.Unmarshal(object, &want)
		if wrong != nil && err == nil && !strings.Contains(string(object), "\\ud") {
			t.Fatalf("%q is read, and json says %v", object, wrong)
		}
		if wrong != nil {
			return
		}
		for name, value := range got {
			if w := want[name]; string(w) != value {
				t.Errorf("%q of %q is %q, want %q", name, object, value, w)
			}
		}
	})
}
