package command

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"winnow/store/storetest"
)

// script runs winnow completion.
func script(t *testing.T, shell string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"completion", shell}, Process{Stdout: &out, Stderr: &errs}); status != exitOK {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	return out.String()
}

func TestBashCompletesCommandsAndFlags(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	file := filepath.Join(t.TempDir(), "winnow.bash")
	if err := os.WriteFile(file, []byte(script(t, "bash")), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"winnow im": "import", "winnow import con": "contacts", "winnow -c x.yaml check --s": "--strict --secrets --schema",
		"winnow serve --": "--help --config --receive --new", "winnow --ver": "--version", "winnow plan --ver": "", "winnow policy s": "show", "winnow explain crm-1": "",
		"winnow import contacts x.csv --ap": "--apply",
	} {
		c := exec.Command(bash, "--norc", "-euc", `source "$1"; complete -p winnow >/dev/null; read -ra COMP_WORDS <<<"$2"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _winnow; echo "${COMPREPLY[@]-}"`, "bash", file, line)
		out, err := c.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", line, got, err, want)
		}
	}
}

// The scripts of shells that may not be here are loaded where they are.
func TestZshAndFishReadTheirScripts(t *testing.T) {
	for _, shell := range []string{"zsh", "fish"} {
		text := script(t, shell)
		if !strings.Contains(text, "winnow") || !strings.Contains(text, "strict") {
			t.Errorf("%s: the script is\n%s", shell, text)
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		c := exec.Command(path, "--no-execute")
		c.Stdin = strings.NewReader(text)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}

func TestEveryCommandHasAGroupAndExamplesThatParse(t *testing.T) {
	storetest.Sequential(t)
	used := map[string]bool{"": true}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		path := strings.Join(commandPath(n), " ")
		if n.Type == kong.CommandNode && len(n.Children) == 0 && !n.Hidden {
			used[path] = true
			if len(examples[path]) == 0 {
				t.Errorf("winnow %s has no example", path)
			}
			if n.ClosestGroup() == nil {
				t.Errorf("winnow %s is in no group", path)
			}
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(newParser(&grammar{}).Model.Node)
	for path, lines := range examples {
		if !used[path] {
			t.Errorf("there are examples of winnow %s, which is not a command", path)
		}
		for _, line := range lines {
			args := arguments(t, line)
			if args == nil {
				continue
			}
			parsed, err := newParser(&grammar{}).Parse(args)
			if err != nil || ignoredFlag(parsed) != "" || path != "" && !slices.Equal(commandPath(parsed.Selected()), strings.Fields(path)) {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}

// arguments splits a command line like a shell; nil for one that begins with another
// program.
func arguments(t *testing.T, line string) []string {
	t.Helper()
	if !strings.HasPrefix(line, "winnow ") {
		return nil
	}
	out, err := exec.Command("sh", "-c", "printf '%s\\n' "+strings.TrimPrefix(line, "winnow ")).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}
