package command

import (
	"errors"
	"fmt"

	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/internal/yamldoc"
)

// checkCommand tells what is wrong with the config.
type checkCommand struct {
	Schema bool `help:"Print the JSON Schema of the config, for editors, and look at no file."`
}

// Run prints every problem, or one line that all is well, and what was hardly
// meant before it.
func (x checkCommand) Run(c *invocation) error {
	if x.Schema {
		_, err := c.Stdout.Write(config.Schema())
		return err
	}
	cfg, err := app.Options{Path: c.config, Now: c.now, Secrets: config.SecretsRequired}.Load()
	var problems *yamldoc.Problems
	if errors.As(err, &problems) {
		return c.tell(problems)
	}
	if err != nil {
		return err
	}
	doubts := append([]yamldoc.Problem{}, app.Warnings(cfg, c.now())...)
	if c.JSON {
		return c.PrintJSON(checked{Policy: cfg.Hash, Problems: []yamldoc.Problem{}, Warnings: doubts})
	}
	for i := range doubts {
		fmt.Fprintln(c.Stderr, doubts[i].String())
	}
	verdict := "no problems"
	if n := len(doubts); n > 0 {
		verdict += ", " + ui.Count(int64(n), "warning")
	}
	_, err = fmt.Fprintf(c.Stdout, "%s: %s: %s, %s, %s, %s; policy %s\n", c.config, verdict, ui.Count(int64(len(cfg.Sources)), "source"),
		ui.Count(int64(len(cfg.Policy.Rules)), "rule"), ui.Count(int64(len(cfg.Segments)), "segment"), ui.Count(int64(len(cfg.Exports)), "export"), cfg.Hash)
	return err
}

// checked is what check prints as JSON.
type checked struct {
	Policy   string            `json:"policy,omitempty"`
	Problems []yamldoc.Problem `json:"problems"`
	Warnings []yamldoc.Problem `json:"warnings"`
}

// tell prints the problems: they are what check was asked for. Warnings wait
// until there are none.
func (c *invocation) tell(p *yamldoc.Problems) error {
	if c.JSON {
		return errors.Join(c.PrintJSON(checked{Problems: p.List, Warnings: []yamldoc.Problem{}}), ui.ErrNo)
	}
	fmt.Fprintln(c.Stdout, p)
	return ui.ErrNo
}
