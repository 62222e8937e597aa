package command

import (
	"winnow/internal/demo"
)

// demoCommand plays a campaign against a real daemon.
type demoCommand struct {
	Keep bool `help:"Keep the folder of the demo, and print its name on the last line."`
}

// Run plays it under the example config.
func (x demoCommand) Run(c *invocation) error {
	return demo.Run(c.ctx, demo.Options{Out: c.Stdout, Version: c.process.Version, Config: c.process.ExampleConfig, Now: c.now, Keep: x.Keep})
}
