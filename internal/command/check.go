package command

import (
	"errors"
	"fmt"

	"winnow/internal/config"
)

// checkCommand tells what is wrong with the config.
type checkCommand struct{}

// Run prints every problem, or one line that all is well.
func (checkCommand) Run(c *call) error {
	cfg, err := c.load(true)
	var problems *config.Problems
	if errors.As(err, &problems) {
		return c.tell(problems)
	}
	if err != nil {
		return err
	}
	c.warn(cfg)
	if c.json {
		return c.printJSON(checked{Policy: cfg.Hash, Problems: []config.Problem{}})
	}
	_, err = fmt.Fprintf(c.Stdout, "%s: no problems: %s, %s, %s, %s; policy %s\n", c.config, plural(int64(len(cfg.Sources)), "source"),
		plural(int64(len(cfg.Policy.Rules)), "rule"), plural(int64(len(cfg.Segments)), "segment"), plural(int64(len(cfg.Exports)), "export"), cfg.Hash)
	return err
}

// checked is what check prints as JSON.
type checked struct {
	Policy   string           `json:"policy,omitempty"`
	Problems []config.Problem `json:"problems"`
}

// tell prints the problems: they are what check was asked for.
func (c *call) tell(p *config.Problems) error {
	if c.json {
		return errors.Join(c.printJSON(checked{Problems: p.List}), errNo)
	}
	fmt.Fprintln(c.Stdout, p)
	return errNo
}
