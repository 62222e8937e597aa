package config

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
	"winnow/internal/yamldoc/yamldoctest"
)

// environment is what the files in testdata may read.
func environment(name string) (string, bool) {
	v, ok := map[string]string{
		"WINNOW_INSIDER_TOKEN": "insider-token-0123456789",
		"EMPTY":                "",
		"SHORT":                "s3cr3t",
	}[name]
	return v, ok
}

// schedules stands in for the parser of schedules, which is another package's.
func schedules(text string) error {
	if len(strings.Fields(text)) == 5 || strings.HasPrefix(text, "@every ") {
		return nil
	}
	return errors.New(`"` + text + `" is not a schedule: write five fields, or @every 30s`)
}

var options = Options{Env: environment, CheckSchedule: schedules, Secrets: SecretsRequired}

func TestEveryMistakeIsReportedAtItsPlace(t *testing.T) {
	for _, c := range yamldoctest.Cases(t, "testdata/bad") {
		t.Run(c.Name, func(t *testing.T) {
			_, err := Parse(filepath.Join("testdata", "bad", "winnow.yaml"), c.Text, options)
			var problems *yamldoc.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("accepted, or another error: %v", err)
			}
			for i := range problems.List {
				problems.List[i].File = "winnow.yaml"
			}
			c.Expect(t, problems.Error()+"\n")
		})
	}
}

func TestTheExampleIsAGoodConfig(t *testing.T) {
	c, err := Load("../../config.example.yaml", options)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Policy.Rules) != 11 || len(c.Segments) != 3 || len(c.Exports) != 1 || len(c.Sources) != 1 {
		t.Errorf("read %d rules, %d segments, %d exports, %d sources", len(c.Policy.Rules), len(c.Segments), len(c.Exports), len(c.Sources))
	}
	want := []hygiene.Breaker{
		{Outcome: hygiene.HardBounce, Share: 0.2, Window: time.Hour, Min: 500},
		{Outcome: hygiene.InvalidNumber, Share: 0.2, Window: time.Hour, Min: 500},
		{Outcome: hygiene.Blocked, Share: 0.2, Window: time.Hour, Min: 500},
		{Outcome: hygiene.Unsubscribed, Rate: 500, Window: time.Hour, Tell: true}}
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
