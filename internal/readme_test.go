package internal

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// read reads a file of the top level.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ruleInReadme is the block of YAML that shows a rule.
var ruleInReadme = regexp.MustCompile("(?s)```yaml\n( +- name: .*?)```")

func TestTheReadmeExplainsARuleOfTheExample(t *testing.T) {
	rule := ruleInReadme.FindStringSubmatch(read(t, "README.md"))
	if rule == nil {
		t.Fatal("the README shows no rule")
	}
	if !strings.Contains(read(t, "config.example.yaml"), rule[1]) {
		t.Errorf("config.example.yaml has no such rule:\n%s", rule[1])
	}
}

func TestTheReadmeSaysWhatEachDependencyIsFor(t *testing.T) {
	readme, direct := read(t, "README.md"), 0
	for line := range strings.Lines(read(t, "go.mod")) {
		name, rest, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "require ")), " ")
		if !ok || !strings.Contains(name, ".") || strings.Contains(rest, "// indirect") {
			continue
		}
		direct++
		if !strings.Contains(readme, "| `"+name+"` | ") {
			t.Errorf("the README does not say what %s is for", name)
		}
	}
	if direct == 0 {
		t.Error("go.mod requires nothing directly; go mod tidy marks what is indirect")
	}
}

func TestTheReadmeAlertsOnMetricsThatExist(t *testing.T) {
	var code strings.Builder
	err := walk(func(name string) error {
		if strings.HasPrefix(name, "internal/console/") && strings.HasSuffix(name, ".go") {
			code.WriteString(read(t, name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\bwinnow_([a-z_]+)`).FindAllStringSubmatch(read(t, "README.md"), -1)
	if len(names) == 0 {
		t.Fatal("the README names no metric")
	}
	for _, name := range names {
		if !strings.Contains(code.String(), `"`+name[1]+`"`) {
			t.Errorf("no metric is called %s", name[0])
		}
	}
}
