package command

import (
	"regexp"

	"winnow/internal/testrun"
	"winnow/internal/ui"
)

// testCommand runs rule tests.
type testCommand struct {
	Files   []string `arg:"" name:"file" help:"Files of rule tests."`
	Pick    string   `name:"run" placeholder:"REGEXP" help:"Run only the tests whose name matches."`
	Verbose bool     `short:"v" help:"List the tests that passed too."`
}

// Run runs the tests of all files, and prints how they went.
func (x testCommand) Run(c *invocation) error {
	pick, err := regexp.Compile(x.Pick)
	if err != nil {
		return ui.Usagef("--run %q is not a regular expression: %w", x.Pick, err)
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return testrun.Run(c.Printer, cfg, testrun.Options{Files: x.Files, Pick: pick, Verbose: x.Verbose})
}
