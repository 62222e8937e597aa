package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
	"winnow/internal/yamldoc/yamldoctest"
)

// problemsOf parses a text that must be bad.
func problemsOf(t *testing.T, text string) []yamldoc.Problem {
	t.Helper()
	_, err := Parse("winnow.yaml", []byte(text), options)
	var problems *yamldoc.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%s\naccepted, or another error: %v", text, err)
	}
	return problems.List
}

func TestProblemShowsTheLineAndWhatWasMeant(t *testing.T) {
	list := problemsOf(t, `hygiene:
  rules:
    - name: one
      when: {outcome: sent}
      then: {tag: a}
    - name: two
      when: {outcome: sent}
      then: {tag: a}

    - name: rest-after-repeated-soft-bounces


      # after four of them
      when: {outcome: soft_bounce, cuont: 4, within: 14d}
      then: {suppress: {reason: soft_bounce, for: 30d}}
`)
	want := `winnow.yaml:14:36: hygiene.rules[2] "rest-after-repeated-soft-bounces": unknown key "cuont"
   14 |       when: {outcome: soft_bounce, cuont: 4, within: 14d}
      |                                    ^^^^^ did you mean "count"?`
	if len(list) != 1 || list[0].String() != want {
		t.Errorf("got:\n%v\nexpected:\n%s", list, want)
	}
}

func TestProblemsComeInTheOrderOfTheFile(t *testing.T) {
	list := problemsOf(t, "exports: [{}]\nsegments: [{nam: a}]\nsources: [{}]\nlisten: 1\n")
	for i := 1; i < len(list); i++ {
		if list[i].Line < list[i-1].Line {
			t.Errorf("line %d comes after line %d", list[i].Line, list[i-1].Line)
		}
	}
}

func TestManyProblemsAreCountedNotHidden(t *testing.T) {
	var text strings.Builder
	for i := range 173 {
		fmt.Fprintf(&text, "k%d: 1\n", i)
	}
	problems := yamldoc.Problems{List: problemsOf(t, text.String())}
	if len(problems.List) != 173 || !strings.HasSuffix(problems.Error(), "\nand 123 more problems") {
		t.Errorf("%d problems, shown as\n%s", len(problems.List), problems.Error())
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	const token = "a-literal-token-of-the-file"
	for _, text := range []string{
		"sources: [{name: A, preset: insider, tokens: [" + token + "], x: y}]",
		"sources: [{name: A, preset: insider, tokens: ['" + token + "'], x: y}]",
		"sources: [{name: A, preset: insider, tokens: " + token + ", x: y}]",
		"sources: [{name: A, preset: insider, tokens: {a: " + token + "}, x: y}]",
		"sources: [{name: A, preset: insider, tokns: [" + token + "], x: y}]",
		"sources: [{name: A, preset: insider, tokens: [], tokens: [" + token + "], x: y}]",
		"sources: [{name: A, preset: insider, tokens: [\"\\x20" + token + "\"], x: y}]",
		"sources: [{name: A, preset: insider, tokens: [" + token + ", " + token + "], x: y}]",
		"sources: [{name: A, preset: insider, tokens: [" + token + "]",
		"admin: {tokn: " + token + ", x: y}",
		"admin: {token: [" + token + "], x: y}",
		"admin: {token: \"${" + token + "}\", x: y}",
		"admin: {token: \"${SHORT:-" + token + "}\", x: y}",
		"admin: {token: &x " + token + ", x: y}",
		"admin: {token: !x " + token + ", x: y}",
		"admin: " + token,
		"sources: [" + token + "]",
		"store: postgres://u:" + token + "@h/db",
		"storee: postgres://u:" + token + "@h/db",
		"exports:\n  - to:\n      - password: @" + token,
		"exports:\n  - to:\n      - password: %" + token,
		"exports:\n  - to:\n      - password: !" + token,
		"exports:\n  - to:\n      - password: &" + token + " x",
		"exports:\n  - to:\n      - password: *" + token,
		"exports:\n  - to:\n      - password: a: " + token,
		"exports:\n  - to:\n      - password: \"\\S" + token + "\"",
		"exports:\n  - to:\n      - password: '" + token,
		"exports:\n  - to:\n      - url: a\n\tpassword: " + token,
		"exports:\n  - to:\n      - {url: a, password: " + token + "\nx: y",
		"exports:\n  - to:\n      - key: |\n@" + token + "\n",
		"exports:\n  - to:\n      - key:\n          @" + token + "\n",
		"sources:\n  - tokens:\n    - @" + token,
		"sources:\n  - tokens:\n      - a\n      - @" + token,
	} {
		for _, p := range problemsOf(t, text) {
			if shown := p.String() + p.Snippet + p.Text + p.Hint; strings.Contains(shown, token) {
				t.Errorf("%s\nis shown as\n%s", text, shown)
			}
		}
	}
}

// A secret under a key that does not exist, or at a place for something else, is not
// shown either: that is what a slip of indentation makes.
func TestASecretInAWrongPlaceIsNeverShown(t *testing.T) {
	const source = "sources: [{name: a, preset: insider, tokens: [\"${WINNOW_INSIDER_TOKEN}\"], "
	for _, token := range []string{"9f86d081884c7d659a2feaa0c55ad015", "mF_9.B5f-4.1JqM-x8Lp2Qw7Zr", "c0ffee00-1dea-4b1d-9a2f-123456789abc", "hunter-22-hunter-33", "K7dYq3vB8nW2xR5tM9zLp4"} {
		for _, text := range []string{
			"token: " + token, "bearer: '" + token + "'", "secret:\n  - " + token, "passwrd: {a: {b: " + token + "}}", "api_key: \"\\x41" + token + "\"",
			"vendor: {name: " + token + "}", "vendor: |\n  " + token + "\n  x\nlisten: 1", "? " + token + "\n: 1",
			"admin: {api_key: " + token + "}", "admin: {auth: " + token + "}", "admin:\ntoken: " + token, "admin: [" + token + "]", "admin: {listen: " + token + "}",
			source + "secret: " + token + "}]", source + "outcomes: " + token + "}]", source + "outcomes: [" + token + "]}]", source + "contact: [" + token + "]}]",
			source + "x: 1, name: b, secret: " + token + ", secret: " + token + "}]",
			"sources: [{name: a, preset: " + token + ", tokens: [\"${WINNOW_INSIDER_TOKEN}\"]}]", "sources: " + token,
			"exports: [{name: a, to: [{url: 'sftp://u@h/x', pwd: " + token + "}]}]", "exports: [{name: a, to: [{url: 'sftp://u:" + token + "@h/x', x: y}]}]",
			"exports: [{name: a, to: ['https://h/x?key=" + token + "']}]", "exports: [{name: a, schedule: " + token + "}]",
			"store: 'postgres://h/db?sslpassword=" + token + "'", "store: postgres://u:" + token + "@h/db", "store: " + token, "storee: " + token,
			"timezone: " + token, "contacts: {region: " + token + "}", "contacts: " + token, "listen: " + token + "\nx: [",
			"hygiene: {rules: [{name: a, when: {outcome: sent}, then: {tag: a}, note: " + token + "}]}", "segments: [{name: a, where: {statuss: active, secret: " + token + "}}]",
			"secret: " + token + "\nx: [", "a:\n  creds: " + token + " : x", "x: [\n  " + token + ",\n  }",
		} {
			for _, p := range problemsOf(t, text) {
				if shown := p.String() + p.Snippet + p.Text + p.Hint + p.Path; strings.Contains(shown, token) || strings.Contains(shown, token[4:]) {
					t.Errorf("%s\nis shown as\n%s", text, shown)
				}
			}
		}
	}
}

// The value of a variable may be a secret wherever it is used.
func TestTheValueOfAVariableIsNotShown(t *testing.T) {
	for _, key := range []string{"store", "listen", "timezone"} {
		_, err := Parse("winnow.yaml", []byte(key+`: "${X}"`), Options{Env: func(string) (string, bool) { return "correct horse", true }})
		if err == nil || strings.Contains(err.Error(), "correct") || !strings.Contains(err.Error(), "${X}") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// What can not be a secret is shown: people look for it.
func TestWhatIsNoSecretIsShown(t *testing.T) {
	for text, want := range map[string]string{
		"hygiene: {rules: [{name: rest-after-4-soft-bounces-in-14-days, when: {outcome: soft_bounce, cuont: 4}, then: {tag: a}}]}":        "cuont: 4",
		"hygiene: {rules: [{name: rest-after-4-soft-bounces-in-14-days, when: {outcome: soft_bounce, n: 4}, then: {tag: a}}]}":            "rest-after-4-soft-bounces-in-14-days",
		"segments: [{name: a, where: {status: active, within: 7d}}]":                                                                      "within: 7d",
		"exports: [{name: a, schedule: '@every 1h', to: [b], segments: reachable-for-the-last-90-days}]":                                  "put it in brackets: [reachable-for-the-last-90-days]",
		"exports: [{name: a, schedule: '@every 1h', to: [b], segments: [reachable-for-the-last-90-days]}]":                                `unknown segment "reachable-for-the-last-90-days"`,
		"sources: [{name: a, preset: insider, contact: uniqueArgs.crm_contact_id_2, tokens: [\"${WINNOW_INSIDER_TOKEN}\"], extra: true}]": "extra: true",
	} {
		shown := (&yamldoc.Problems{List: problemsOf(t, text)}).Error()
		if !strings.Contains(shown, want) {
			t.Errorf("%s\nis shown as\n%s", text, shown)
		}
	}
}

// What can hide no secret is shown, also when there is no tree.
func TestALineOfASyntaxErrorIsShown(t *testing.T) {
	for _, p := range problemsOf(t, "sources:\n  - tokens: [x]\n    name: a\nhygiene:\n  rules:\n    - name: @a\n") {
		if !strings.Contains(p.Snippet, "name: @a") {
			t.Errorf("shown as %s, %q", p.String(), p.Snippet)
		}
	}
}

func TestOneMistakeIsReportedOnce(t *testing.T) {
	for _, text := range []string{
		"hygiene: {rules: [{name: a, wen: {outcome: sent}, then: {tag: a}}]}",
		"hygiene: {rules: [{name: a, when: {outcom: sent}, then: {tag: a}}]}",
		"hygiene: {rules: [{name: a, when: {outcome: sent}, then: {tga: a}}]}\nsegments: [{name: a, where: {tag: a}}]",
		"hygiene: {rules: [{name: a, when: {outcome: sent, source: a}, then: {tag: a}}]}\nsources: [{nme: a, preset: insider, tokens: [0123456789abcdef]}]",
		"segments: [{nam: a, list: a}, {name: b, where: {segment: a}}]",
		"segments: [{name: a, were: {status: active}}]",
		"segments: [{name: a, where: {statu: active}}]",
		"segments: [{name: a, where: {attribute: a, iss: b}}]",
		"segments: [{name: a, where: {attribute: a, at_least: [1]}}]",
		"segments: [{name: a, suppressed: onyl}]",
		"segments: [{name: a, list: a}]\nexports: [{name: a, schedule: '@every 1h', segmets: [a], to: [x], delta: [a]}]",
		"sources: [{name: a, preset: insider, token: [0123456789abcdef]}]",
		"admin: {listen: ':8081', token: 0123456789abcde}",
		"admin: {listen: ':8081', tokne: 0123456789abcdef}",
	} {
		if list := problemsOf(t, text); len(list) != 1 {
			t.Errorf("%s\n%v", text, (&yamldoc.Problems{List: list}).Error())
		}
	}
}

// FuzzParse holds that any text is a config that can be used and passes the
// schema, or has problems that lie in it.
func FuzzParse(f *testing.F) {
	for _, folder := range []string{"testdata/bad", "../lint/testdata"} {
		for _, c := range yamldoctest.Cases(f, folder) {
			f.Add(c.Text)
		}
	}
	for _, file := range goodFiles(f) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	schema := compiled(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("winnow.yaml", text, options)
		if err == nil {
			use(t, c)
			if value, _ := seenByAnEditor(t, text); schema.Validate(value) != nil {
				t.Fatalf("a good config, of which the schema says %v", schema.Validate(value))
			}
			return
		}
		var problems *yamldoc.Problems
		if !errors.As(err, &problems) || len(problems.List) == 0 {
			t.Fatalf("neither a config nor problems: %v", err)
		}
		lieIn(t, text, problems.List)
	})
}

// lieIn requires that problems have a place in the text, and can be printed.
func lieIn(t *testing.T, text []byte, problems []yamldoc.Problem) {
	lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
	for _, p := range problems {
		shown := p.String()
		if p.Line < 1 || p.Line > len(lines) || p.Col < 1 || p.Col > len([]rune(lines[p.Line-1]))+1 {
			t.Fatalf("a problem outside of the text:\n%s", shown)
		}
		if p.Text == "" || strings.ContainsFunc(shown, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }) {
			t.Fatalf("shown with control characters, or as nothing: %q", shown)
		}
	}
}

// use asks every condition of a config, which must be whole for that.
func use(t *testing.T, c *Config) {
	never := func(string) bool { return false }
	s := &hygiene.Subject{Contact: &hygiene.Contact{Key: "x"}, At: hygiene.EndOf(1), InList: never, InSegment: never}
	for _, rule := range c.Policy.Rules {
		if rule.Where != nil {
			rule.Where.Holds(s)
		}
		if rule.When == nil && rule.Where == nil || rule.When != nil && (rule.When.Count < 1 || rule.When.Outcomes == 0) {
			t.Fatalf("the rule %+v is not whole", rule)
		}
	}
	for _, segment := range c.Segments {
		if segment.Where != nil {
			segment.Where.Holds(s)
		}
		if segment.Name == "" || len(segment.Columns) == 0 {
			t.Fatalf("the segment %+v is not whole", segment)
		}
	}
	for _, export := range c.Exports {
		if export.Name == "" || export.Keep < 1 || len(export.Segments) == 0 || len(export.To) == 0 || len(export.Formats) == 0 {
			t.Fatalf("the export %+v is not whole", export)
		}
	}
}
