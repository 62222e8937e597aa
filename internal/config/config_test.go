package config

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
)

var update = flag.Bool("update", false, "write the expected output of the bad files")

// environment is what the files in testdata may read.
func environment(name string) (string, bool) {
	v, ok := map[string]string{
		"WINNOW_INSIDER_TOKEN": "insider-token-0123456789",
		"EMPTY":                "",
		"SHORT":                "s3cr3t",
	}[name]
	return v, ok
}

// schedules stands for the parser of schedules, which is another room's.
func schedules(text string) error {
	if len(strings.Fields(text)) == 5 || strings.HasPrefix(text, "@every ") {
		return nil
	}
	return errors.New(`"` + text + `" is not a schedule: write five fields, or @every 30s`)
}

var options = Options{Env: environment, CheckSchedule: schedules, Secrets: SecretsRequired}

// TestEveryMistakeIsToldAtItsPlace reads every bad file and compares what is
// told with what stands beside it. Run with -update to write it anew.
func TestEveryMistakeIsToldAtItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(filepath.Join("testdata", "bad", "winnow.yaml"), text, options)
			var problems *yamldoc.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("accepted, or another error: %v", err)
			}
			for i := range problems.List {
				problems.List[i].File = "winnow.yaml"
			}
			compare(t, strings.TrimSuffix(file, ".yaml")+".txt", problems.Error()+"\n")
		})
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

func TestTheExampleIsAGoodConfig(t *testing.T) {
	c, err := Load("../../config.example.yaml", options)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Policy.Rules) != 9 || len(c.Segments) != 3 || len(c.Exports) != 1 || len(c.Sources) != 1 {
		t.Errorf("read %d rules, %d segments, %d exports, %d sources", len(c.Policy.Rules), len(c.Segments), len(c.Exports), len(c.Sources))
	}
	want := []hygiene.Breaker{{Outcome: hygiene.HardBounce, Share: 0.2, Window: time.Hour, Min: 500}}
	if !slices.Equal(c.Breakers, want) {
		t.Errorf("the breakers are %+v", c.Breakers)
	}
	if !bytes.HasPrefix(c.Text, []byte("# yaml-language-server: $schema=winnow.schema.json\n")) {
		t.Error("editors don't find its schema")
	}
}

func TestGoodFilesAreRead(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no good files: %v", err)
	}
	for _, file := range files {
		if _, err := Load(file, options); err != nil {
			t.Errorf("%s\n%v", file, err)
		}
	}
}
