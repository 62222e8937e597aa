package command

import (
	"fmt"

	"winnow/internal/daemon"
)

// tokenCommand prints the admin token.
type tokenCommand struct{}

// Run prints the token alone, for $(winnow token).
func (tokenCommand) Run(c *invocation) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	token, err := daemon.AdminToken(cfg)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(map[string]string{"token": token})
	}
	_, err = fmt.Fprintln(c.Stdout, token)
	return err
}
