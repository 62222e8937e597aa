package command

import (
	"winnow/internal/demo"
	"winnow/internal/ui"
)

// demoCommand plays a campaign against a real daemon.
type demoCommand struct {
	Keep  bool `help:"Keep the folder of the demo, and print its name on the last line."`
	Serve bool `help:"Play two months of traffic with one incident instead, and go on serving the console over them. Stop it with Ctrl-C; its folder is removed then."`
}

// Run plays it under the example config.
func (x demoCommand) Run(c *invocation) error {
	o := demo.Options{Out: c.Stdout, Version: c.process.Version, Config: c.process.ExampleConfig, Now: c.now, Keep: x.Keep}
	if !x.Serve {
		return demo.Run(c.ctx, o)
	}
	if x.Keep {
		return ui.Usagef("--serve removes its folder; leave --keep out")
	}
	return demo.Serve(c.ctx, o, c.Progress)
}
