package command

import (
	"errors"

	"winnow/internal/doctor"
)

// doctorCommand checks everything that winnow needs.
type doctorCommand struct{}

// Run prints a line for each check; the exit status is 1 if one did not end well.
func (doctorCommand) Run(c *invocation) error {
	list := doctor.Examine(c.ctx, c.config, c.now())
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	if c.JSON {
		return errors.Join(c.PrintJSON(list), doctor.Err(list))
	}
	doctor.Print(c.Stdout, list)
	return doctor.Err(list)
}
