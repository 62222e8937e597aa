package provider

import (
	"fmt"
	"strings"
	"testing"
)

func TestBodyFieldsAreThoseThatAPathCanName(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":"m","uniqueArgs":{"contact_id":1042,"a.b":"no","utm":{"x":true,"y":null}},"list":[1],"":"no"}`: `[{id m} {uniqueArgs.contact_id 1042} {uniqueArgs.utm.x } {uniqueArgs.utm.y }]`,
		`{"a":{"b":{"c":{"d":"deep","e":{"f":"deeper"}}}}}`:                                                   `[{a.b.c.d deep}]`,
		`[{"id":"m"}]`: `[]`, `no`: `[]`, ``: `[]`,
	} {
		if got := fmt.Sprint(BodyFields([]byte(body))); got != want {
			t.Errorf("%s has %s, want %s", body, got, want)
		}
	}
	many := "{" + strings.Repeat(`"k":{`, 3)
	for i := range 500 {
		many += fmt.Sprintf(`"f%d":1,`, i)
	}
	if n := len(BodyFields([]byte(many + `"l":1}}}}`))); n != maxBodyFields {
		t.Errorf("%d fields are read", n)
	}
}
