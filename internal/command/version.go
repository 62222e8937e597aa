package command

import (
	"fmt"
)

// versionCommand prints the version.
type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(c *invocation) error {
	if c.JSON {
		return c.PrintJSON(map[string]string{"version": c.process.Version})
	}
	_, err := fmt.Fprintf(c.Stdout, "winnow %s\n", c.process.Version)
	return err
}
