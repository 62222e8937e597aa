package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"winnow/internal/config"
	"winnow/internal/yamldoc"
	"winnow/internal/yamldoc/yamldoctest"
)

// environment is what the files in testdata may read.
func environment(name string) (string, bool) {
	v, ok := map[string]string{"WINNOW_INSIDER_TOKEN": "insider-token-0123456789"}[name]
	return v, ok
}

var options = config.Options{Env: environment, Secrets: config.SecretsRequired}

// schedules stands in for the warnings about schedules, which are another package's.
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

func TestWhatIsProbablyNotMeantIsReportedAtItsPlace(t *testing.T) {
	for _, c := range yamldoctest.Cases(t, "testdata") {
		t.Run(c.Name, func(t *testing.T) {
			_, warnings := check(t, string(c.Text))
			if len(warnings) == 0 {
				t.Fatal("no warnings")
			}
			var got strings.Builder
			for _, w := range warnings {
				got.WriteString(w.String() + "\n")
			}
			c.Expect(t, got.String())
		})
	}
}

// goodFiles are configs that mean what they say.
func goodFiles(t testing.TB) []string {
	files, err := filepath.Glob("../config/testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no good files: %v", err)
	}
	return append(files, "../../config.example.yaml")
}

func TestGoodFilesHaveNoWarnings(t *testing.T) {
	for _, file := range goodFiles(t) {
		c, err := config.Load(file, options)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range Check(c, schedules) {
			t.Error(w.String())
		}
	}
}

// FuzzCheck holds that warnings about any good config have a place in it.
func FuzzCheck(f *testing.F) {
	for _, c := range yamldoctest.Cases(f, "testdata") {
		f.Add(c.Text)
	}
	for _, file := range goodFiles(f) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse("winnow.yaml", text, options)
		if err != nil {
			return
		}
		lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
		for _, w := range Check(c, schedules) {
			shown := w.String()
			if w.Line < 1 || w.Line > len(lines) || w.Col < 1 || w.Col > len([]rune(lines[w.Line-1]))+1 {
				t.Fatalf("a warning outside of the text:\n%s", shown)
			}
			if w.Text == "" || strings.ContainsFunc(shown, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }) {
				t.Fatalf("shown with control characters, or as nothing: %q", shown)
			}
		}
	})
}
