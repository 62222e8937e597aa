package testfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/hygiene/ruletest"
	"winnow/internal/config"
	"winnow/internal/presets"
	"winnow/internal/yamldoc"
	"winnow/internal/yamldoc/yamldoctest"
)

var options = config.Options{Env: func(name string) (string, bool) {
	v, ok := map[string]string{"WINNOW_INSIDER_TOKEN": "insider-token-0123456789"}[name]
	return v, ok
}, Secrets: config.SecretsRequired}

// tested is the config that the files of rule tests are for, and its source.
func tested(tb testing.TB) (*config.Config, []ruletest.Source) {
	tb.Helper()
	text, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	more := "segments:\n  - {name: staff, list: staff}\n  - {name: here, where: {attribute: country, is: TR}}\n"
	c, err := config.Parse("winnow.yaml", []byte(strings.Replace(string(text), "\nsegments:\n", "\n"+more, 1)), options)
	if err != nil {
		tb.Fatal(err)
	}
	reader, err := provider.New(provider.Config{Source: "insider", Format: presets.MustFind("insider").Format, Contact: "uniqueArgs.contact_id", Outcomes: c.Sources[0].Outcomes})
	if err != nil {
		tb.Fatal(err)
	}
	table := []provider.Line{
		{Event: "sent", Outcome: hygiene.Sent}, {Event: "delivered", Outcome: hygiene.Delivered},
		{Event: "undelivered", Code: "1400", Outcome: hygiene.HardBounce}, {Event: "undelivered", Code: "1404", Outcome: hygiene.SoftBounce},
		{Event: "undelivered", Code: "1408", Outcome: hygiene.CarrierViolation}, {Event: "failed", Code: "1500", Outcome: hygiene.InvalidNumber},
	}
	return c, []ruletest.Source{{Name: "insider", Reader: reader, Lines: table}}
}

func TestEveryMistakeInRuleTestsIsReportedAtItsPlace(t *testing.T) {
	c, sources := tested(t)
	cases := yamldoctest.Cases(t, "testdata/bad")
	if len(cases) < 10 {
		t.Fatalf("only %d bad files", len(cases))
	}
	for _, bad := range cases {
		t.Run(bad.Name, func(t *testing.T) {
			_, err := Parse(filepath.Join("testdata", "bad", bad.Name+".yaml"), bad.Text, c, sources)
			var problems *yamldoc.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("accepted, or another error: %v", err)
			}
			for i := range problems.List {
				problems.List[i].File = "tests.yaml"
			}
			bad.Expect(t, problems.Error()+"\n")
		})
	}
}

func TestAllThatRuleTestsCanSayIsRead(t *testing.T) {
	c, sources := tested(t)
	cases, err := Load("testdata/good/everything.yaml", c, sources)
	if err != nil {
		t.Fatal(err)
	}
	one := cases[0]
	if one.Line != 2 || one.Contact.Key != "ann" || one.Contact.Phone != "+905551234567" || !slices.Equal(one.Lists, []string{"staff"}) {
		t.Errorf("read as %+v", one)
	}
	if age, _ := one.Contact.Attributes.Get("age"); age != (hygiene.Value{Type: hygiene.Number, Text: "41"}) {
		t.Errorf("the age is %+v", age)
	}
	var at []time.Duration
	for _, s := range one.Steps {
		at = append(at, s.At)
	}
	h := time.Hour
	if want := []time.Duration{0, h, h, 2 * h, 2 * h, 2 * h, 36 * h, 60 * h, 60 * h, 72 * h, 96 * h}; !slices.Equal(at, want) {
		t.Errorf("things happen at %v, expected %v", at, want)
	}
	if e := one.Steps[2].Event; e.Outcome != hygiene.CarrierViolation || e.Code != "1408" || e.Source != "insider" || e.MessageID != "" {
		t.Errorf("the provider's word is read as %+v", e)
	}
	if in := one.Steps[8].Instruction; in.Reason != "legal" || in.Until != ruletest.Start.Add(30*hygiene.Day) || in.Origin != hygiene.ByOperator {
		t.Errorf("an operator's act is read as %+v", in)
	}
	if first := one.Expect[0]; first.Tags == nil || len(first.Tags) > 0 || *first.Retry.Due != 5*h || first.Retry.None {
		t.Errorf("read as %+v", first)
	}
	if last := one.Expect[2]; !last.Permanent || !last.Retry.None || last.Tags != nil || !slices.Equal(last.In, []string{"staff"}) || !slices.Equal(last.NotIn, []string{"reachable"}) {
		t.Errorf("read as %+v", last)
	}
	if len(one.Never) != 3 || one.Never[0].Status != hygiene.IsSuppressed || one.Never[1].Retry.Attempt != 3 {
		t.Errorf("never: %+v", one.Never)
	}
}

func TestBodiesKeepTheirOrderAndTheirNumbers(t *testing.T) {
	c, sources := tested(t)
	cases, err := Load("testdata/good/everything.yaml", c, sources)
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[int]string{
		3: `{"id":"m2","event":"undelivered","reason":{"code":1404.0,"message":"a <b>","n":1e3},"list":[],"none":null,"o":{},"yes":true}`,
		4: `{"id":"m2"} `,
		5: "{\"id\":\"m3\"}\n",
	} {
		if got := string(cases[0].Steps[step].Callback.Body); got != want {
			t.Errorf("step %d sends\n%s\nexpected\n%s", step, got, want)
		}
	}
}

func TestAnUnknownCodeIsRefusedAlsoWithoutATable(t *testing.T) {
	c, sources := tested(t)
	sources[0].Lines = nil
	text := "tests: [{name: a, events: [{outcome: sent, code: 1409}, {event: undelivered, code: 1409}], never: suppressed}]"
	if _, err := Parse("tests.yaml", []byte(text), c, sources); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"{event: undelivered, code: 1444}": "the outcomes of insider have no line for this event and code",
		"{outcome: sent, code: 1444}":      "neither the outcomes of insider nor a rule has it",
	} {
		_, err := Parse("tests.yaml", []byte("tests: [{name: a, events: "+text+", never: suppressed}]"), c, sources)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestOutcomesNeedNoSource(t *testing.T) {
	c, _ := tested(t)
	c.Sources = nil
	if _, err := Parse("t.yaml", []byte("tests: [{name: a, events: [{outcome: sent}], never: suppressed}]"), c, nil); err != nil {
		t.Error(err)
	}
	_, err := Parse("t.yaml", []byte("tests: [{name: a, events: [{event: sent}, {body: {}}], never: suppressed}]"), c, nil)
	if err == nil || strings.Count(err.Error(), "the config has no source") != 2 {
		t.Errorf("without a source: %v", err)
	}
}

func TestADirectoryIsRefusedWithAnExampleOfItsFiles(t *testing.T) {
	c, sources := tested(t)
	dir := t.TempDir()
	if _, err := Load(dir, c, sources); err == nil || err.Error() != dir+" is a directory: name the files in it, like "+dir+"/*.yaml" {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Load(dir+"/none.yaml", c, sources); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestPhoneKeysOfTestsAreNormalised(t *testing.T) {
	c, sources := tested(t)
	c.Keys = contactkey.Format{Phone: true, Region: "TR"}
	cases, err := Parse("t.yaml", []byte(`tests: [{name: a, contact: "0555 123 45 67", never: suppressed}]`), c, sources)
	if err != nil || cases[0].Contact.Key != "+905551234567" {
		t.Errorf("%+v %v", cases, err)
	}
}

func TestEveryKeyOfRuleTestsIsExplainedInASentence(t *testing.T) {
	file.Walk(func(s *yamldoc.Shape) {
		for _, f := range s.Fields {
			if !strings.HasSuffix(f.Doc, ".") || len(f.Doc) < 12 || f.Shape.Kind != yamldoc.Object && f.Shape.Expect == "" {
				t.Errorf("the key %q is explained as %q", f.Key, f.Doc)
			}
		}
	})
}

// FuzzRuleTests feeds any text: it is read, or its problems have places, and what
// was read can be tried.
func FuzzRuleTests(f *testing.F) {
	c, sources := tested(f)
	for _, bad := range yamldoctest.Cases(f, "testdata/bad") {
		f.Add(bad.Text)
	}
	good, err := os.ReadFile("testdata/good/everything.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, text []byte) {
		cases, err := Parse("tests.yaml", text, c, sources)
		var problems *yamldoc.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("an error without a place: %v", err)
		}
		if problems != nil {
			for _, p := range problems.List {
				if p.Line < 1 || p.Col < 1 || p.Text == "" {
					t.Fatalf("a problem without a place: %+v", p)
				}
			}
			return
		}
		nobody := func(*hygiene.Contact, []string, string, hygiene.Instant) (bool, error) { return false, nil }
		bench := ruletest.Runner{Policy: c.Policy, Sources: sources, Membership: nobody}
		for i := range cases[:min(len(cases), 4)] {
			if tried := &cases[i]; len(tried.Steps) < 50 && !slices.ContainsFunc(tried.Steps, func(s ruletest.Step) bool { return s.Repeat > 50 }) {
				bench.Run(tried)
			}
		}
	})
}
