package command

import (
	"errors"
	"fmt"

	"winnow/internal/config"
	"winnow/internal/yamldoc"
)

// checkCommand tells what is wrong with the config.
type checkCommand struct {
	Schema bool `help:"Print the JSON Schema of the config, for editors, and look at no file."`
}

// Run prints every problem, or one line that all is well, and what was hardly
// meant before it.
func (x checkCommand) Run(c *call) error {
	if x.Schema {
		_, err := c.Stdout.Write(config.Schema())
		return err
	}
	cfg, err := c.load(true)
	var problems *yamldoc.Problems
	if errors.As(err, &problems) {
		return c.tell(problems)
	}
	if err != nil {
		return err
	}
	doubts := append([]yamldoc.Problem{}, lintOf(cfg, c.now)...)
	if c.json {
		return c.printJSON(checked{Policy: cfg.Hash, Problems: []yamldoc.Problem{}, Warnings: doubts})
	}
	for i := range doubts {
		fmt.Fprintln(c.Stderr, doubts[i].String())
	}
	verdict := "no problems"
	if n := len(doubts); n > 0 {
		verdict += ", " + plural(int64(n), "warning")
	}
	_, err = fmt.Fprintf(c.Stdout, "%s: %s: %s, %s, %s, %s; policy %s\n", c.config, verdict, plural(int64(len(cfg.Sources)), "source"),
		plural(int64(len(cfg.Policy.Rules)), "rule"), plural(int64(len(cfg.Segments)), "segment"), plural(int64(len(cfg.Exports)), "export"), cfg.Hash)
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
func (c *call) tell(p *yamldoc.Problems) error {
	if c.json {
		return errors.Join(c.printJSON(checked{Problems: p.List, Warnings: []yamldoc.Problem{}}), errNo)
	}
	fmt.Fprintln(c.Stdout, p)
	return errNo
}
