package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/segments"
	"winnow/segments/destination"
)

func TestABadPasswordFileIsReportedOnceAndAtEveryDelivery(t *testing.T) {
	dir := t.TempDir()
	const text = `sources: [{name: insider, preset: insider, tokens: [0123456789abcdef]}]
hygiene: {rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]}
segments: [{name: here, where: {status: active}}]
exports:
  - {name: nightly, schedule: "0 2 * * *", segments: [here], to: [{url: sftp://ann@drop.example.com/in, password_file: %s, host_key: "SHA256:RlqpWZaeEuY4LNeRfyLFXJZSq7bzWkWLtWE3mbPEOHk"}]}
`
	for want, content := range map[string]string{"contains no password": "\n", "contains more than one line": "correct-horse\n# ours\n", "cannot read": ""} {
		file := filepath.Join(dir, strings.ReplaceAll(want, " ", "-"))
		if content != "" {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		full := []byte(fmt.Sprintf(text, file))
		_, err := Parse(filepath.Join(dir, "winnow.yaml"), full, Options{Secrets: SecretsRequired})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "nothing is given") || strings.Contains(err.Error(), "correct-horse") {
			t.Errorf("want %q reported once: %v", want, err)
		}
		for _, o := range []Options{{}, {Secrets: SecretsRequiredToListen}} {
			c, err := Parse(filepath.Join(dir, "winnow.yaml"), full, o)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Exports[0].To[0].Deliver(t.Context(), segments.Delivery{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("a delivery says %v, want %q", err, want)
			}
		}
	}
}

// Two names of one directory would be written at the same time, each removing the
// drafts of the other.
func TestADirectoryIsADestinationOnceUnderAnyName(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "exports"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("exports", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"./exports, ./link", "./link, exports/", "./exports, ./exports", "./new, ./exports/../new"} {
		_, err := Parse(filepath.Join(dir, "winnow.yaml"), []byte(`sources: [{name: insider, preset: insider, tokens: [0123456789abcdef]}]
hygiene: {rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]}
segments: [{name: here, where: {status: active}}]
exports: [{name: nightly, schedule: "0 2 * * *", segments: [here], to: [`+to+`]}]
`), Options{})
		if err == nil || !strings.Contains(err.Error(), "duplicate directory") {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// memo is a destination of a kind that only this test knows.
type memo struct {
	segments.Destination
	url   string
	given map[string]string
}

func (m memo) String() string { return m.url }
func (m memo) Check() error {
	if m.given["room"] == "" {
		return errors.New("no room is given")
	}
	return nil
}

// A new kind of destination needs a line in Kinds and nothing else.
func TestTheKeysOfAKindOfDestinationAreReadAsItSays(t *testing.T) {
	parse := func(url string, given map[string]string) (destination.Remote, error) {
		return memo{url: url, given: given}, nil
	}
	kind := destination.Kind{Scheme: "memo", Form: "memo://desk", Pattern: "^memo://", Doc: "A desk.", NeedsOneOf: []string{"room"}, Parse: parse,
		Settings: []destination.Setting{
			{Name: "room", Expected: "a room"}, {Name: "map", Type: destination.Path}, {Name: "password", Type: destination.Secret, FromFile: true}, {Name: "pin", Type: destination.Secret, FromFile: true}}}
	kinds, shape := Kinds, *server
	t.Cleanup(func() { Kinds, *server = kinds, shape })
	Kinds = append(Kinds, kind)
	*server = *serverShape(Kinds)

	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pin"), []byte("1234\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(to string) (*Config, error) {
		return Parse(filepath.Join(dir, "winnow.yaml"), []byte(`sources: [{name: insider, preset: insider, tokens: [0123456789abcdef]}]
hygiene: {rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]}
segments: [{name: here, where: {status: active}}]
exports: [{name: nightly, schedule: "0 2 * * *", segments: [here], to: [`+to+`]}]
`), Options{Secrets: SecretsRequired})
	}
	c, err := read("{url: 'memo://desk', room: r, map: m.txt, password: correct-horse, pin_file: pin}")
	if err != nil {
		t.Fatal(err)
	}
	got := c.Exports[0].To[0].(memo).given
	if want := map[string]string{"room": "r", "map": filepath.Join(dir, "m.txt"), "password": "correct-horse", "pin": "1234"}; !maps.Equal(got, want) {
		t.Errorf("it was given %q, want %q", got, want)
	}
	for to, want := range map[string]string{
		"{url: 'memo://desk', room: r, host_key: h}":              `"host_key" is not a key of a memo destination`,
		"{url: 'memo://desk', password: correct-horse}":           "no room is given",
		"{url: 'box://desk', room: r}":                            "it does not begin with sftp:// or memo://",
		"memo://desk":                                             "a server needs more than its URL",
		"box://desk":                                              "{url: sftp://user@host/folder or memo://desk, …}",
		"{url: 'memo://desk', room: r, pin_file: nowhere}":        "cannot read \"nowhere\"",
		"{url: 'memo://desk', room: r, pin: abcd, pin_file: pin}": `"pin" and "pin_file" are both set`,
	} {
		if _, err := read(to); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "correct-horse") {
			t.Errorf("%s: %v, want %q", to, err, want)
		}
	}
	if schema := string(Schema()); !strings.Contains(schema, `"pin_file"`) || !strings.Contains(schema, `^memo://`) {
		t.Error("the JSON Schema lacks the kind")
	}
}
