package erasure

import (
	"slices"
	"testing"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
)

func TestEveryTableIsKnownToTheEraser(t *testing.T) {
	enginetest.SQLite(t)
	e := enginetest.Open(t, enginetest.Location(t))
	var there []string
	list := func(c engine.Querier) error {
		names, err := textsOf(c, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
		there = append(there, names...)
		return err
	}
	if err := e.Read(func(c engine.Reader) error { return list(c) }); err != nil {
		t.Fatal(err)
	}
	if err := e.ReadLog(func(l engine.LogReader) error { return list(l) }); err != nil {
		t.Fatal(err)
	}
	for _, name := range there {
		if _, ok := Tables[name]; !ok {
			t.Errorf("the table %s is not in Tables: say there how a person is erased from it, and do it", name)
		}
	}
	for name := range Tables {
		if !slices.Contains(there, name) {
			t.Errorf("Tables has %s, and there is no such table", name)
		}
	}
}

func TestABodyThatNamesAPersonIsFoundHoweverItIsWritten(t *testing.T) {
	n := NewNames(contactkey.Format{Region: "TR"})
	n.AddKey("Ayşe-1042", 1)
	n.AddKey("1408", 1)
	n.AddPhone("+905551234567", 1)
	n.AddMessage(engine.MessageKey{Source: "s", ID: "msg-9f"}, 1)
	for body, want := range map[string]bool{
		`{"to":"+905551234567"}`:                                    true,
		`{"to":905551234567}`:                                       true,
		`{"to":"0(555) 123-45-67"}`:                                 true,
		`{"to":"\u0035\u0035\u0035 1234567"}`:                       true,
		`{"to":"٥٥٥١٢٣٤٥٦٧"}`:                                       true,
		`{"text":"call 555.123.45.67 now"}`:                         true,
		`{"a":[{"b":"Ay\u015fe-1042"}]}`:                            true,
		`{"a":"dear ayşe-1042, hello"}`:                             true,
		`{"a":"Ayşe-10422"}`:                                        false,
		`{"Ayşe-1042":1}`:                                           true,
		`{"contact":1408}`:                                          true,
		`{"reason":{"code":1499}}`:                                  false,
		`{"ref":"re: msg-9f"}`:                                      true,
		`{"to":"+905551234568"}`:                                    false,
		`{"to":"+90555123456","at":7}`:                              false,
		`{"to":"+90 555 123 45 67"`:                                 true,
		`to=%2B905551234567&x=1`:                                    true,
		`contact=Ay%C5%9Fe-1042`:                                    true,
		`nothing`:                                                   false,
		"?contact=Ay%C5%9Fe-1042\n{\"id\":\"50%\"}":                 true,
		"?x=%zz\n{\"id\":\"Ay\\u015fe-1042\"}":                      true,
		"?contact=Ay%C5%9Fe-1042&id=m1":                             true,
		`{"Message":"{\"context\":{\"who\":\"Ay\\u015fe-1042\"}}"}`: true,
		`{"ref":"x=1&contact=Ay%C5%9Fe-1042"}`:                      true,
		`{"id":"m1","event":"delivered","reason":{"x":"y"}}`:        false,
	} {
		if got := n.InBody([]byte(body)); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
	if n.InBody([]byte(`{"reason":{"code":1408}}`), "1408") {
		t.Error("a provider's code is taken for a contact")
	}
}
