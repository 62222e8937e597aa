package internal

import (
	"os"
	"os/exec"
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

// unitInReadme is the block that shows the service of systemd.
var unitInReadme = regexp.MustCompile("(?s)```ini\n(# /etc/systemd/system/winnow.service\n.*?)```")

func TestTheUnitOfTheReadmeIsHardened(t *testing.T) {
	unit := unitInReadme.FindStringSubmatch(read(t, "README.md"))
	if unit == nil {
		t.Fatal("the README shows no unit")
	}
	for _, line := range []string{"StartLimitIntervalSec=0", "Restart=always", "LimitNOFILE=65536", "UMask=0027"} {
		if !strings.Contains(unit[1], "\n"+line+"\n") {
			t.Errorf("the unit lacks %s", line)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: the unit is not rated")
	}
	path := filepath.Join(t.TempDir(), "winnow.service")
	if err := os.WriteFile(path, []byte(unit[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	const under2 = "--threshold=20" // in tenths
	if out, err := exec.Command(analyze, "security", "--offline=true", under2, "--no-pager", path).CombinedOutput(); strings.Contains(string(out), "unrecognized option") {
		t.Skip("this systemd-analyze rates no files")
	} else if err != nil {
		t.Errorf("the unit is rated 2 or worse: %v\n%s", err, out)
	}
}
