package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
	"winnow/segments"
	"winnow/segments/destination/local"
)

// parse reads a text that must be good.
func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("winnow.yaml", []byte(text), options)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return c
}

func TestAMissingKeyHasItsDefault(t *testing.T) {
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"timezone: UTC", "admin: {}", "hygiene: {rules: []}", "sources: []\nsegments: []\nexports: []\n"} {
		c := parse(t, text)
		c.Hash, c.Text, c.root = "", nil, nil
		want := &Config{
			Path: "winnow.yaml", Listen: ":8080", Admin: Admin{Listen: "127.0.0.1:8081"},
			Store: filepath.Join(folder, "winnow.db"), Timezone: time.UTC,
			Sweep: "@every 30s", Review: "30 1 * * *", Policy: c.Policy, NumberReasons: []string{"hard_bounce", "blocked", "deactivated"},
		}
		if !reflect.DeepEqual(c, want) || len(c.Policy.Rules) != 0 {
			t.Errorf("%s\nread as %+v", text, c)
		}
	}
}

func TestEveryConditionIsReadAsWritten(t *testing.T) {
	for _, want := range []string{
		`{outcome: sent}`,
		`{outcome: [sent, delivered], codes: [1404, x-9], source: insider, count: 5, within: 14d, since: [delivered, opened]}`,
		`{status: [active, retry]}`,
		`{reason: [hard_bounce, complaint]}`,
		`{tag: content-review}`,
		`{list: staff}`,
		`{segment: other}`,
		`{all: [{status: active}, {any: [{list: a}, {not: {list: b}}]}]}`,
		`{attribute: country, is: "TR"}`,
		`{attribute: country, in: ["TR", "DE"]}`,
		`{attribute: name, contains: "x"}`,
		`{attribute: joined, before: "2026-01-02"}`,
		`{attribute: joined, after: "2026-01-02T03:04:05Z"}`,
		`{attribute: joined, at_least: "2026-01-02"}`,
		`{attribute: country, exists: false}`,
		`{attribute: country, exists: true}`,
		`{contact: {starts_with: "+90"}}`,
		`{last_seen: {older_than: 30d}}`,
		`{first_seen: {within: 1d12h}}`,
	} {
		c := parse(t, conditionFile(want))
		if got := c.Segments[0].Where.String(); got != want {
			t.Errorf("%s is read as %s", want, got)
		}
	}
}

func conditionFile(condition string) string {
	return `
sources: [{name: insider, preset: insider, tokens: ["${WINNOW_INSIDER_TOKEN}"]}]
hygiene: {rules: [{name: watch, when: {outcome: sent}, then: {tag: content-review}}]}
segments:
  - name: asked
    where: ` + condition + `
  - {name: other, list: others}
`
}

func TestOperandsKeepTheirTypes(t *testing.T) {
	for written, want := range map[string]hygiene.Value{
		"18":         {Type: hygiene.Number, Text: "18"},
		"-1.5":       {Type: hygiene.Number, Text: "-1.5"},
		`"18"`:       {Type: hygiene.Text, Text: "18"},
		"true":       {Type: hygiene.Bool, Text: "true"},
		"no":         {Type: hygiene.Text, Text: "no"},
		"NO":         {Type: hygiene.Text, Text: "NO"},
		"2026-01-02": {Type: hygiene.Text, Text: "2026-01-02"},
		`""`:         {Type: hygiene.Text},
	} {
		c := parse(t, conditionFile("{attribute: a, is: "+written+"}"))
		got := c.Segments[0].Where.(hygiene.AttributeTest).Values
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s is read as %v", written, got)
		}
	}
}

func TestRulesAreReadAsWritten(t *testing.T) {
	c := parse(t, `
sources: [{name: insider, preset: insider, tokens: ["${WINNOW_INSIDER_TOKEN}"]}]
hygiene:
  rules:
    - name: everything
      when: {outcome: [soft_bounce, dropped], count: 16, within: 14d, since: delivered, apart: 6h, codes: [1404, "9"], source: insider}
      where: {attribute: country, is: TR}
      then: {suppress: {reason: soft_bounce, for: 30d}, release: {reasons: [dormant]}, retry: {after: [0h, 4h], lapse: 3d}, tag: a, untag: old}
    - {name: little, when: {outcome: sent}, then: {retry: {after: [1d]}}}
`)
	counting := hygiene.Counting{
		Outcomes: hygiene.OutcomesOf(hygiene.SoftBounce, hygiene.Dropped), Codes: []string{"1404", "9"}, Source: "insider", Count: 16,
		Within: 14 * hygiene.Day, Since: hygiene.OutcomesOf(hygiene.Delivered), Apart: 6 * time.Hour,
	}
	action := hygiene.Action{
		Suppress: &hygiene.SuppressAction{Reason: "soft_bounce", For: 30 * hygiene.Day},
		Release:  []string{"dormant"},
		Retry:    &hygiene.RetryAction{After: []time.Duration{0, 4 * time.Hour}, Lapse: 3 * hygiene.Day},
		Tag:      "a", Untag: "old",
	}
	all, little := c.Policy.Rules[0], c.Policy.Rules[1]
	if !reflect.DeepEqual(all.When.Counting, counting) || all.Where.String() != `{attribute: country, is: "TR"}` || !reflect.DeepEqual(all.Then, action) {
		t.Errorf("read as %+v\nwhen %+v\nthen %+v", all, all.When, all.Then)
	}
	if little.When.Count != 1 || little.Where != nil || little.Then.Retry.Lapse != hygiene.DefaultLapse {
		t.Errorf("read as %+v when %+v retry %+v", little, little.When, little.Then.Retry)
	}
	if c.Policy.Hash != c.Hash || len(c.Hash) != 12 {
		t.Errorf("the policy has the hash %q, the file %q", c.Policy.Hash, c.Hash)
	}
}

func TestExportsAreReadAsWritten(t *testing.T) {
	folder := t.TempDir()
	c, err := Parse(filepath.Join(folder, "winnow.yaml"), []byte(`
store: sqlite:///var/lib/winnow/winnow.db
segments: [{name: all, suppressed: include}, {name: gone, suppressed: only, columns: [contact, attributes.country]}]
exports:
  - name: nightly
    schedule: "0 2 * * *"
    segments: [all, gone]
    formats: [csv, json, ndjson]
    delta: [gone]
    to: [./exports, /mnt/crm]
    guard: {max_change: 0%, min_rows: {all: 5}}
    keep: 400
    csv: {profile: spreadsheet}
  - {name: little, schedule: "@every 1h", segments: [all], to: [out], guard: {max_change: {all: 12.5%}}}
  - {name: oneway, schedule: "@every 1h", segments: [all, gone], to: [out], guard: {max_shrink: 30%, max_growth: {gone: 50%}, after: 3}, times: date, zone: local,
     delta: {gone: [left, changed], all: [changed, entered, left]}}
timezone: Europe/Istanbul
`), options)
	if err != nil {
		t.Fatal(err)
	}
	want := []segments.Export{{
		Name: "nightly", Schedule: "0 2 * * *", Segments: []string{"all", "gone"},
		Formats: []segments.Format{segments.CSV, segments.JSON, segments.NDJSON}, Delta: []string{"gone"},
		To:    []segments.Destination{local.Folder(filepath.Join(folder, "exports")), local.Folder("/mnt/crm")},
		Guard: segments.Guard{MaxChange: map[string]float64{"all": 0, "gone": 0}, After: 7, MinRows: map[string]int64{"all": 5}},
		Keep:  400, CSV: segments.CSVOptions{Spreadsheet: true, Delimiter: ',', ListSeparator: '|'},
	}, {
		Name: "little", Schedule: "@every 1h", Segments: []string{"all"}, Formats: []segments.Format{segments.CSV},
		To: []segments.Destination{local.Folder(filepath.Join(folder, "out"))}, Guard: segments.Guard{MaxChange: map[string]float64{"all": 0.125}, After: 7}, Keep: 30, CSV: segments.CSVOptions{Delimiter: ',', ListSeparator: '|'},
	}, {
		Name: "oneway", Schedule: "@every 1h", Segments: []string{"all", "gone"}, Formats: []segments.Format{segments.CSV},
		To:    []segments.Destination{local.Folder(filepath.Join(folder, "out"))},
		Guard: segments.Guard{MaxShrink: map[string]float64{"all": 0.3, "gone": 0.3}, MaxGrowth: map[string]float64{"gone": 0.5}, After: 3}, Keep: 30, CSV: segments.CSVOptions{Delimiter: ',', ListSeparator: '|'},
		Times: segments.TimeOptions{Form: segments.DateOnly, Zone: c.Timezone},
		Delta: []string{"gone", "all"}, Changes: map[string]segments.Changes{"gone": segments.Left | segments.Changed, "all": segments.DefaultChanges | segments.Changed},
	}}
	if !reflect.DeepEqual(c.Exports, want) {
		t.Errorf("read as %+v", c.Exports)
	}
	if c.Store != "/var/lib/winnow/winnow.db" {
		t.Errorf("the store is %q", c.Store)
	}
	if s := c.Segments; s[0].Suppressed != segments.Include || s[1].Suppressed != segments.Only || len(s[0].Columns) != 3 || s[1].Columns[1].String() != "attributes.country" {
		t.Errorf("read as %+v", s)
	}
}

// A word that is accepted and has no character would be written as a zero byte.
func TestEveryWordForADelimiterHasItsCharacter(t *testing.T) {
	for _, word := range slices.Concat(delimiter.Words, delimiter.OtherWords, separator.Words, separator.OtherWords) {
		if characters[word] == 0 {
			t.Errorf("no character is known for %q", word)
		}
	}
}

func TestTokensComeFromFilesToo(t *testing.T) {
	c, err := Parse("testdata/files/winnow.yaml", []byte(`
admin: {listen: ":8081", token_file: admin.token, tls: {cert: b.crt, key: b.key}}
tls: {cert: a.crt, key: /etc/a.key}
sources:
  - {name: a, preset: insider, tokens: ["${WINNOW_INSIDER_TOKEN}"], tokens_file: tokens}
`), options)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"insider-token-0123456789", "first-token-in-a-file", "second-token-in-a-file"}
	if got := c.Sources[0].Tokens; !reflect.DeepEqual(got, want) {
		t.Errorf("the tokens are %q", got)
	}
	if c.Admin.Token != "admin-token-in-a-file" || !strings.HasSuffix(c.Admin.TLS.Key, "/testdata/files/b.key") || !strings.HasSuffix(c.TLS.Cert, "/testdata/files/a.crt") || c.TLS.Key != "/etc/a.key" {
		t.Errorf("read as %+v, %+v", c.Admin, c.TLS)
	}
}

func TestSecretsAreOptionalForCommandsThatOpenNoServer(t *testing.T) {
	text := []byte(`
admin: {listen: "0.0.0.0:8081", token: "${NOT_SET}"}
sources:
  - {name: a, preset: insider, tokens: ["${NOT_SET}", "${WINNOW_INSIDER_TOKEN}"]}
  - {name: b, preset: insider, tokens_file: nowhere}
`)
	with, without := options, options
	without.Secrets = SecretsOptional
	c, err := Parse("winnow.yaml", text, without)
	if err != nil {
		t.Fatal(err)
	}
	if c.Admin.Token != "" || len(c.Sources[0].Tokens) != 1 || len(c.Sources[1].Tokens) != 0 {
		t.Errorf("read as %+v, %+v", c.Admin, c.Sources)
	}
	var problems *yamldoc.Problems
	if _, err := Parse("winnow.yaml", text, with); !errors.As(err, &problems) || len(problems.List) != 3 {
		t.Errorf("serving it: %v", err)
	}
}

func TestAVariableOutsideOfASecretIsAlwaysRequired(t *testing.T) {
	_, err := Parse("winnow.yaml", []byte(`timezone: "${NOT_SET}"`), Options{Env: environment})
	if err == nil || !strings.Contains(err.Error(), "NOT_SET") {
		t.Errorf("an unset time zone: %v", err)
	}
}

func TestValueOfAVariableIsNeverStructure(t *testing.T) {
	env := func(string) (string, bool) { return "UTC\nlisten: \":1\"", true }
	_, err := Parse("winnow.yaml", []byte(`timezone: "${ZONE}"`), Options{Env: env})
	var problems *yamldoc.Problems
	if !errors.As(err, &problems) || len(problems.List) != 1 || problems.List[0].Path != "timezone" {
		t.Errorf("a variable with a line break: %v", err)
	}
}

func TestMissingFileIsOneSentence(t *testing.T) {
	_, err := Load("nowhere/winnow.yaml", options)
	if err == nil || err.Error() != "open nowhere/winnow.yaml: no such file; winnow init writes one" {
		t.Errorf("a missing file: %v", err)
	}
}

func TestFileOverOneMebibyteIsRefusedAndOneOfItIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.yaml")
	for size, good := range map[int]bool{MaxSize: true, MaxSize + 1: false} {
		text := "timezone: UTC\n#" + strings.Repeat("x", size)
		if err := os.WriteFile(path, []byte(text[:size]), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, options); (err == nil) != good {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// A file with another word for an opt-out was good before. After an upgrade it goes on
// working, and what it opens is protected.
func TestAReasonByAnotherWordIsAWarningInAFileThatWasInForce(t *testing.T) {
	text := []byte(`
hygiene:
  rules:
    - {name: a, when: {outcome: unsubscribed}, then: {suppress: {reason: unsubscribed}}}
    - {name: b, when: {outcome: resubscribed}, then: {release: {reasons: [unsubscribed, spam]}}}
segments:
  - {name: s, suppressed: only, where: {reason: optout}}
`)
	o := options
	var problems *yamldoc.Problems
	if _, err := Parse("winnow.yaml", text, o); !errors.As(err, &problems) || !problems.OnlyNew() || len(problems.List) != 4 {
		t.Fatalf("the problems are %v", err)
	}
	o.WasInForce = true
	c, err := Parse("winnow.yaml", text, o)
	if err != nil || len(c.Accepted) != 4 {
		t.Fatalf("accepted %v, %v", c.Accepted, err)
	}
	if got := c.Policy.Rules[0].Then.Suppress.Reason; got != hygiene.OptedOut {
		t.Errorf("the rule suppresses for %s", got)
	}
	if got := c.Policy.Rules[1].Then.Release; !slices.Equal(got, []string{hygiene.OptedOut, hygiene.Complaint}) {
		t.Errorf("the rule releases %s", got)
	}
	if got := c.Segments[0].Where.String(); got != "{reason: opted_out}" {
		t.Errorf("the segment is %s", got)
	}
}

func TestProtectedReasonsArePartOfThePolicy(t *testing.T) {
	read := func(hygiene string) *Config {
		t.Helper()
		c, err := Parse("winnow.yaml", []byte("hygiene: "+hygiene+"\n"), options)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	plain, one, both := read("{rules: []}"), read("{protected: [legal]}"), read("{protected: [legal, vip], unprotected: [old]}")
	if got := both.Policy.Protected(); !slices.Equal(got, []string{"complaint", "legal", "opted_out", "vip"}) {
		t.Errorf("protected are %q", got)
	}
	if plain.Hash == one.Hash || one.Hash == both.Hash || both.Hash != read("{protected: [vip, legal]}").Hash || plain.Hash != read("{protected: []}").Hash {
		t.Error("the hash is not that of what is protected")
	}
	if !slices.Equal(both.Unprotected, []string{"old"}) {
		t.Errorf("unprotected are %q", both.Unprotected)
	}
}

func TestAConditionOnAKeyIsReadAsKeysAre(t *testing.T) {
	for text, want := range map[string]string{
		`{contact: {is: "Ann@Example.com"}}`:                `{contact: {is: "Ann@Example.com"}}`,
		`{contact: {starts_with: "Jose\u0301 \u200bX"}}`:    `{contact: {starts_with: "José X"}}`,
		`{contact: {in: ["\ufeffcrm-1", "1042", "+9055"]}}`: `{contact: {in: ["crm-1", "1042", "+9055"]}}`,
	} {
		if got := parse(t, conditionFile(text)).Segments[0].Where.String(); got != want {
			t.Errorf("%s is read as %s, want %s", text, got, want)
		}
	}
	folded := parse(t, "contacts: {fold: true}"+conditionFile(`{contact: {starts_with: "Ann@"}}`)).Segments[0].Where.String()
	if want := `{contact: {starts_with: "ann@"}}`; folded != want {
		t.Errorf("it is read as %s, want %s", folded, want)
	}
}
