package yamldoc

import (
	"errors"
	"strings"
	"testing"
)

var (
	word  = &Shape{Kind: Text, Expect: "a word"}
	thing = &Shape{Kind: Object, Min: 1, Fields: []Field{
		{Key: "name", Shape: word, Doc: "Name of the thing."},
		{Key: "owner", Shape: &Shape{Kind: Object, ShortFor: "name", ShortWords: map[string]string{"nobody": "{name: none, age: 0}"}, Fields: []Field{
			{Key: "name", Shape: word, Required: true, Doc: "Name of the owner."},
			{Key: "age", Shape: &Shape{Kind: Integer, Expect: "a whole number"}, Default: "7", Doc: "Age of the owner."},
		}}, Doc: "The owner."},
		{Key: "labels", Shape: &Shape{Kind: Map, Item: word, Max: 1, Because: "one is enough", Expect: "labels"}, Doc: "Labels."},
		{Key: "body", Shape: &Shape{Kind: Any, Expect: "anything"}, Doc: "Anything."},
		{Key: "password", Shape: &Shape{Kind: Secret, Expect: "a secret"}, Doc: "A secret."},
	}}
)

// read reads a text that should have the shape of a thing.
func read(text string, o Options) (*Document, []Problem) {
	if o.Env == nil {
		o.Env = environment
	}
	d := Read("thing.yaml", []byte(text), thing, o)
	var problems *Problems
	if errors.As(d.Err(), &problems) {
		return d, problems.List
	}
	return d, nil
}

func TestAKeyThatNoShapeHasCanNotBeAskedFor(t *testing.T) {
	d, _ := read("name: a", Options{})
	defer func() {
		if what, _ := recover().(string); !strings.Contains(what, `"nam"`) {
			t.Errorf("asking for a misspelt key: %q", what)
		}
	}()
	d.Root.Get("nam")
}

func TestWhatIsNotThereAnswersWithNothing(t *testing.T) {
	d, _ := read("name: a", Options{})
	none := d.Root.Get("owner")
	if none.Get("anything") != nil || none.Has("name") || none.Valid() || none.Text() != "" || none.Int() != 0 || none.Items() != nil || none.Len() != 0 {
		t.Errorf("an owner that is not written: %+v", none)
	}
	none.Report("a problem", "")
	if err := d.Err(); err != nil {
		t.Errorf("a problem of what is not there: %v", err)
	}
}

func TestAShortFormStandsForTheWhole(t *testing.T) {
	for text, want := range map[string]struct {
		name string
		age  int
	}{
		"owner: ann":                 {"ann", 7},
		"owner: nobody":              {"none", 0},
		"owner: {name: ann, age: 9}": {"ann", 9},
	} {
		d, problems := read(text, Options{})
		if owner := d.Root.Get("owner"); owner.Get("name").Text() != want.name || owner.Get("age").Int() != want.age {
			t.Errorf("%s is read as %q, %d: %v", text, owner.Get("name").Text(), owner.Get("age").Int(), problems)
		}
	}
	_, problems := read("owner: 17", Options{})
	if len(problems) != 1 || problems[0].Path != "owner.name" || problems[0].Col != 8 {
		t.Errorf("a number as a short form: %v", problems)
	}
}

func TestAMapMayHaveALimit(t *testing.T) {
	_, problems := read("labels: {a: b, c: d}", Options{})
	if len(problems) != 1 || problems[0].Col != 16 || problems[0].Hint != "one is enough" {
		t.Errorf("two labels: %v", problems)
	}
}

func TestAnythingIsJSONWithItsOrderAndItsNumbers(t *testing.T) {
	d, _ := read(`body: {z: 1.0, a: [true, null, "<x>"], n: 1e3}`, Options{})
	if got := string(d.Root.Get("body").JSON()); got != `{"z":1.0,"a":[true,null,"<x>"],"n":1e3}` {
		t.Errorf("the body is %s", got)
	}
}

func TestASecretIsRequiredWhereOptionsSaySo(t *testing.T) {
	const text = "password: ${NOT_SET}"
	d, problems := read(text, Options{})
	if p := d.Root.Get("password"); problems != nil || !p.Unset() || p.Text() != "" || p.Written() != "${NOT_SET}" {
		t.Errorf("an optional secret: %q, %v", p.Text(), problems)
	}
	if _, problems := read(text, Options{RequireSecret: func(*Shape) bool { return true }}); len(problems) != 1 {
		t.Errorf("a required secret: %v", problems)
	}
}

func TestImpliedKeysAreLeftOutOfPathsBelowItemsOnly(t *testing.T) {
	list := &Shape{Kind: Object, Fields: []Field{
		{Key: "when", Shape: thing, Doc: "At the top."},
		{Key: "rules", Shape: &Shape{Kind: List, Expect: "rules", Item: &Shape{Kind: Object, Fields: []Field{{Key: "when", Shape: thing, Doc: "In an item."}}}}, Doc: "A list."},
	}}
	d := Read("f.yaml", []byte("when: {name: [a]}\nrules: [{when: {name: [a]}}]\n"), list, Options{Env: environment, Implied: []string{"when"}})
	var problems *Problems
	if !errors.As(d.Err(), &problems) || problems.List[0].Path != "when.name" || problems.List[1].Path != "rules[0].name" {
		t.Errorf("the paths are %v", d.Err())
	}
}

func TestAWarningShowsItsLineAndIsNotAnError(t *testing.T) {
	d, _ := read("name: ann\npassword: correct-horse # ann\n", Options{})
	w := d.Root.KeyWarning("name", "a name", "choose another")
	if w.String() != "thing.yaml:1:1: warning: a name\n    1 | name: ann\n      | ^^^^ choose another" || d.Err() != nil {
		t.Errorf("%s\n%v", w.String(), d.Err())
	}
	if w := d.Root.Get("password").Warning("weak", ""); strings.Contains(w.String(), "horse") || w.Col != 11 {
		t.Errorf("a warning about a secret shows %s", w.String())
	}
}

func TestAKeyIsFoundInAFileThatCanNotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"store: sqlite://a.db\nx: [":        "sqlite://a.db",
		"x: @\nstore: 'sqlite://a.db' # no": "sqlite://a.db",
		"store:\n":                          "",
		"[store, a]":                        "",
		"other: 1":                          "",
		"store: sqlite://a.db\nstore: b":    "sqlite://a.db",
	} {
		if got := Peek([]byte(text), "store"); got != want {
			t.Errorf("the store of %q is %q, expected %q", text, got, want)
		}
	}
}
