package config

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// eachField visits every key of the table once.
func eachField(s *shape, seen map[*shape]bool, visit func(f *field)) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	eachField(s.item, seen, visit)
	for _, t := range s.tests {
		eachField(t, seen, visit)
	}
	for i := range s.fields {
		visit(&s.fields[i])
		eachField(s.fields[i].shape, seen, visit)
	}
}

func TestEveryKeyIsExplainedInASentence(t *testing.T) {
	eachField(file, map[*shape]bool{}, func(f *field) {
		if !strings.HasSuffix(f.doc, ".") || len(f.doc) < 12 {
			t.Errorf("the key %q is explained as %q", f.name, f.doc)
		}
		if f.shape.says == "" {
			t.Errorf("nobody is told what the key %q should be", f.name)
		}
	})
}

func TestExampleExplainsEveryKey(t *testing.T) {
	example, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// These two are for those who know what they want, and need figures of their own.
	later := map[string]bool{"delta": true, "guard": true, "max_change": true, "min_rows": true}
	eachField(file, map[*shape]bool{}, func(f *field) {
		if !later[f.name] && !regexp.MustCompile(`\b`+f.name+`\b`).Match(example) {
			t.Errorf("config.example.yaml does not know the key %q", f.name)
		}
	})
}
