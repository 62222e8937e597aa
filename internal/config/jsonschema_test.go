package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"winnow/internal/yamldoc/yamldoctest"
)

// compiled is the schema as a validator reads it, which also holds it against
// draft-07 itself.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("winnow.schema.json", text); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("winnow.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// seenByAnEditor is the file as an editor holds it against a schema: YAML as
// JSON, with dates as texts. ok reports whether the text is YAML.
func seenByAnEditor(t testing.TB, text []byte) (value any, ok bool) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &doc); err != nil {
		return nil, false
	}
	return plainValue(t, &doc), true
}

func plainValue(t testing.TB, n *yaml.Node) any {
	switch {
	case n.Kind == yaml.DocumentNode:
		return plainValue(t, n.Content[0])
	case n.Kind == yaml.AliasNode:
		return plainValue(t, n.Alias)
	case n.Kind == yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, plainValue(t, item))
		}
		return list
	case n.Kind == yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			object[n.Content[i].Value] = plainValue(t, n.Content[i+1])
		}
		return object
	case n.ShortTag() == "!!str", n.ShortTag() == "!!timestamp", strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		return n.Value
	}
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(written))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestEveryGoodFilePassesTheSchema(t *testing.T) {
	s := compiled(t)
	texts := map[string][]byte{}
	for _, file := range goodFiles(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = text
	}
	for _, c := range yamldoctest.Cases(t, "../lint/testdata") {
		texts[c.Name] = c.Text
	}
	for name, text := range texts {
		value, ok := seenByAnEditor(t, text)
		if err := s.Validate(value); !ok || err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// goodFiles are the configs without a mistake: those of testdata, and the example.
func goodFiles(t testing.TB) []string {
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no good files: %v", err)
	}
	return append(files, "testdata/every-key.yaml", "../../config.example.yaml")
}

// invisible are the bad files whose mistake no schema can see, by what it would
// have to know.
var invisible = strings.Fields(`
	admin-on-the-public-address admin-on-the-public-port admin-open-without-token token-of-admin-shared token-shared-by-two-sources log-token-wrong log-token-of-a-source
	rule-twice segment-twice source-twice outcome-line-twice breaker-twice
	format-twice column-twice column-header-twice column-header-impossible export-lists-twice export-twice
	delta-of-a-segment-not-exported export-of-an-unknown-segment guard-of-a-segment-not-exported guard-limited-twice segment-unknown
	source-of-a-rule-unknown tag-that-no-rule-gives segment-of-itself segments-in-a-circle
	reason-like-the-opt-out reason-by-another-word where-of-a-number reason-misspelt-in-a-condition release-of-a-misspelt-reason untag-of-a-misspelt-tag
	segment-misspelt-in-one-place region-of-text-keys region-unknown timezone-unknown timezone-of-the-machine retry-without-when
	export-called-latest segment-called-manifest export-to-elsewhere breaker-window-too-long store-with-a-user
	store-server-pool store-server-port store-server-several store-server-sslmode store-server-synchronous-commit store-server-unknown-parameter store-server-with-a-password-parameter folder-of-a-file backup-of-a-server
	tokens-file-empty tokens-file-missing tokens-file-with-a-short-one token-weak variable-not-closed variable-not-set variable-badly-named
	key-twice two-documents no-break-that-only-yaml-knows contact-begins-with-a-plain-number
`)

func TestTheSchemaSeesTheMistakesThatASchemaCan(t *testing.T) {
	s := compiled(t)
	var names []string
	for _, c := range yamldoctest.Cases(t, "testdata/bad") {
		names = append(names, c.Name)
		value, isYAML := seenByAnEditor(t, c.Text)
		seen := !isYAML || s.Validate(value) != nil
		switch listed := slices.Contains(invisible, c.Name); {
		case !seen && !listed:
			t.Errorf("%s: the schema does not see the mistake; if it can't, say so in the list", c.Name)
		case seen && listed:
			t.Errorf("%s: the schema sees the mistake now: take it off the list", c.Name)
		}
	}
	for _, name := range invisible {
		if !slices.Contains(names, name) {
			t.Errorf("%s is on the list and no case", name)
		}
	}
}

func TestWhatComesFromTheEnvironmentPassesTheSchema(t *testing.T) {
	s := compiled(t)
	const source = `sources: [{name: "${X}", preset: "${X:-insider}", tokens: ["${A}", "a-${B}"], contact: "${C}", outcomes: [{event: "${E}", code: "${F}", outcome: "${G}"}]}]`
	for _, text := range []string{
		`listen: "${LISTEN}"`,
		`listen: "${LISTEN:-:8080}"`,
		`admin: {listen: "127.0.0.1:${PORT}", token: "${TOKEN:-}"}`,
		`admin: {token: ""}`,
		`contacts: {key: "${KEY:-phone}", region: "${REGION}"}`,
		`store: "sqlite://${FOLDER}/winnow.db"`,
		`store: "${STORE}"`,
		source,
		`hygiene: {sweep: "${SWEEP}", breaker: {outcome: "${O}", share: "${S}", window: "${W:-1h}", min: 1}}`,
		`exports: [{name: "${N}", schedule: "${S}", segments: ["${A}"], formats: ["${F}"], to: ["${T}"], guard: {max_change: "${M:-30%}"}, csv: {profile: "${P}"}}]`,
	} {
		value, _ := seenByAnEditor(t, []byte(text))
		if err := s.Validate(value); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		`listen: "$LISTEN"`,
		`contacts: {region: "$REGION"}`,
		`hygiene: {rules: [{name: a, when: {outcome: "${O}"}, then: {tag: a}}]}`,
		`segments: [{name: a, where: {attribute: a, is: "${V}"}}]`,
		`segments: [{name: a, where: {outcome: sent, codes: ["${V}"]}}]`,
		`segments: [{name: a, where: {status: "${V}"}}]`,
		`segments: [{name: a, suppressed: "${V}"}]`,
	} {
		value, _ := seenByAnEditor(t, []byte(text))
		if s.Validate(value) == nil {
			t.Errorf("%s passes", text)
		}
	}
}

func TestTheSchemaExplainsEveryKey(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	keys := 0
	var visit func(way string, v any)
	visit = func(way string, v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				visit(way, item)
			}
		case map[string]any:
			properties, _ := v["properties"].(map[string]any)
			for name, is := range properties {
				keys++
				if doc, _ := is.(map[string]any)["description"].(string); !strings.HasSuffix(doc, ".") {
					t.Errorf("%s.%s is explained as %q", way, name, doc)
				}
			}
			for name, part := range v {
				visit(way+"."+name, part)
			}
		}
	}
	visit("", root)
	if keys < 80 {
		t.Errorf("only %d keys were found", keys)
	}
}

func TestTheSchemaIsOneObjectThatEditorsKnowByItsHead(t *testing.T) {
	var root struct {
		Schema     string `json:"$schema"`
		Title      string
		Type       string
		Properties map[string]struct{ Default any }
		Additional *bool `json:"additionalProperties"`
	}
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	if root.Schema != "http://json-schema.org/draft-07/schema#" || root.Title == "" || root.Type != "object" || root.Additional == nil || *root.Additional {
		t.Errorf("the head is %+v", root)
	}
	for _, key := range file.Keys() {
		if _, ok := root.Properties[key]; !ok {
			t.Errorf("the key %s is missing", key)
		}
	}
	if root.Properties["listen"].Default != ":8080" {
		t.Errorf("the default of listen is %v", root.Properties["listen"].Default)
	}
	if !bytes.Equal(Schema(), Schema()) {
		t.Error("two schemas differ")
	}
}
