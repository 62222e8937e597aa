package command

import (
	"encoding/json"
)

// printJSON prints one value, indented for people who look.
func (c *call) printJSON(v any) error {
	e := json.NewEncoder(c.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
