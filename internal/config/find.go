package config

import (
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// FindStore is where the store of a broken config most likely is: where the
// file says as far as it can be read, else where it is when a file says nothing.
// Whoever starts with a broken file looks there for the last good policy.
func FindStore(path string) string {
	store := "winnow.db"
	if text, err := os.ReadFile(path); err == nil {
		var head struct {
			Store string `yaml:"store"`
		}
		if yaml.Unmarshal(text, &head) != nil || head.Store == "" {
			head.Store = storeLine(string(text))
		}
		if name, ok := strings.CutPrefix(head.Store, "sqlite://"); ok && name != "" {
			store = name
		}
	}
	if filepath.IsAbs(store) {
		return store
	}
	return filepath.Join(filepath.Dir(path), store)
}

// storeLine finds the line of a file that is no YAML.
func storeLine(text string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, "store:"); ok {
			value, _, _ = strings.Cut(value, " #")
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}
