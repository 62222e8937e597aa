package lint

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"winnow/internal/config"
	"winnow/internal/yamldoc"
)

var update = flag.Bool("update", false, "write the expected warnings")

// environment is what the files in testdata may read.
func environment(name string) (string, bool) {
	v, ok := map[string]string{"WINNOW_INSIDER_TOKEN": "insider-token-0123456789"}[name]
	return v, ok
}

var options = config.Options{Env: environment, Secrets: config.SecretsRequired}

// schedules stands for the warnings about schedules, which are another package's.
func schedules(text string, zone *time.Location) []string {
	if zone != time.UTC && strings.HasPrefix(text, "30 2 ") {
		return []string{"02:30 does not exist on 2027-03-28 in " + zone.String() + ": choose another hour, or timezone: UTC"}
	}
	return nil
}

// check reads a config that must be good, and returns the warnings about it.
func check(t *testing.T, text string) (*config.Config, []yamldoc.Problem) {
	t.Helper()
	c, err := config.Parse("winnow.yaml", []byte(text), options)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return c, Check(c, schedules)
}

// TestWhatIsHardlyMeantIsToldAtItsPlace reads every file that is right and hardly
// meant, and compares the warnings with what stands beside it.
func TestWhatIsHardlyMeantIsToldAtItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, warnings := check(t, string(text))
			var told strings.Builder
			for _, w := range warnings {
				told.WriteString(w.String() + "\n")
			}
			if told.Len() == 0 {
				t.Fatal("nothing is told")
			}
			compare(t, strings.TrimSuffix(file, ".yaml")+".txt", told.String())
		})
	}
}

func TestGoodFilesHaveNoWarnings(t *testing.T) {
	files, err := filepath.Glob("../config/testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no good files: %v", err)
	}
	for _, file := range append(files, "../../config.example.yaml") {
		c, err := config.Load(file, options)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range Check(c, schedules) {
			t.Error(w.String())
		}
	}
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("told:\n%s\nexpected:\n%s", got, want)
	}
}

// FuzzCheck holds that warnings about any good config have a place in it.
func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"../config/testdata/good/*.yaml", "testdata/*.yaml", "../../config.example.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("nothing is %s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse("winnow.yaml", text, options)
		if err != nil {
			return
		}
		lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
		for _, w := range Check(c, schedules) {
			told := w.String()
			if w.Line < 1 || w.Line > len(lines) || w.Col < 1 || w.Col > len([]rune(lines[w.Line-1]))+1 {
				t.Fatalf("a warning outside of the text:\n%s", told)
			}
			if w.Text == "" || strings.ContainsFunc(told, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }) {
				t.Fatalf("told with control characters, or as nothing: %q", told)
			}
		}
	})
}
