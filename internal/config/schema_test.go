package config

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"winnow/internal/yamldoc"
)

// eachField visits every key of the shape once.
func eachField(s *yamldoc.Shape, visit func(f *yamldoc.Field)) {
	s.Walk(func(in *yamldoc.Shape) {
		for i := range in.Fields {
			visit(&in.Fields[i])
		}
	})
}

func TestEveryKeyIsExplainedInASentence(t *testing.T) {
	eachField(file, func(f *yamldoc.Field) {
		if !strings.HasSuffix(f.Doc, ".") || len(f.Doc) < 12 {
			t.Errorf("the key %q is explained as %q", f.Key, f.Doc)
		}
		if f.Shape.Kind != yamldoc.Object && f.Shape.Expect == "" {
			t.Errorf("no problem says what the key %q should be", f.Key)
		}
	})
}

func TestExampleExplainsEveryKey(t *testing.T) {
	example, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// These need figures of their own, and the example has none for all.
	later := map[string]bool{"delta": true, "guard": true, "max_change": true, "min_rows": true}
	eachField(file, func(f *yamldoc.Field) {
		if !later[f.Key] && !regexp.MustCompile(`\b`+f.Key+`\b`).Match(example) {
			t.Errorf("config.example.yaml does not know the key %q", f.Key)
		}
	})
}
