package yamldoc

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// Peek is the text of a key at the top of a file, or empty. It also works for a file
// with mistakes, and for one that is not valid YAML.
func Peek(text []byte, key string) string {
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) == nil && len(doc.Content) > 0 && doc.Content[0].Kind == yaml.MappingNode {
		for k, n := range pairs(doc.Content[0]) {
			if k.Value == key && n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" && n.Value != "" {
				return n.Value
			}
		}
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			value, _, _ = strings.Cut(value, " #")
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}
