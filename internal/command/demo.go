package command

import (
	"winnow/internal/demo"
)

// demoCommand shows the main job.
type demoCommand struct {
	Keep bool `help:"Keep the folder, and name it on the last line."`
}

// Run plays a campaign against a real daemon with the example config.
func (x demoCommand) Run(c *invocation) (err error) {
	return demo.Run(c.ctx, c.Stdout, c.version, c.example, c.now, x.Keep)
}
