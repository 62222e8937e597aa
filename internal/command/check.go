package command

import (
	"errors"
	"fmt"

	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/lint"
	"winnow/internal/ui"
	"winnow/internal/yamldoc"
)

// checkCommand checks the config.
type checkCommand struct {
	Strict  bool `help:"Exit with status 1 on warnings too, for a check before a commit."`
	Secrets bool `help:"Check the secrets too, as winnow serve does: the environment variables that the config names must be set, and the files readable."`
	Schema  bool `help:"Print the JSON Schema of the config, for editors. No config is read."`
}

// checkResult is what check prints as JSON.
type checkResult struct {
	Policy   string            `json:"policy,omitempty"`
	Problems []yamldoc.Problem `json:"problems"`
	Warnings []yamldoc.Problem `json:"warnings"`
	// Unverifiable are sentences about sources whose callbacks can't be verified.
	Unverifiable []string `json:"unverifiable,omitempty"`
	// Callbacks say of each source whether its callbacks are verified.
	Callbacks []lint.Callbacks `json:"callbacks,omitempty"`
}

// Run prints every problem; if there are none, warnings to stderr and a summary.
func (x checkCommand) Run(c *invocation) error {
	if x.Schema {
		_, err := c.Exact().Write(config.Schema())
		return err
	}
	options := app.Options{Path: c.config, Now: c.now, Interrupt: c.ctx}
	if x.Secrets {
		options.Secrets = config.SecretsRequired
	}
	cfg, err := options.Load()
	var problems *yamldoc.Problems
	if errors.As(err, &problems) {
		if c.JSON {
			return errors.Join(c.PrintJSON(checkResult{Problems: problems.List, Warnings: []yamldoc.Problem{}}), ui.ErrReported)
		}
		fmt.Fprintln(c.Stdout, problems)
		return ui.ErrReported
	}
	if err != nil {
		return err
	}
	warnings := append(append([]yamldoc.Problem{}, app.StoreWarnings(cfg)...), app.Warnings(cfg, c.now())...)
	if c.JSON {
		err = c.PrintJSON(checkResult{Policy: cfg.Hash, Problems: []yamldoc.Problem{}, Warnings: warnings, Unverifiable: lint.Unverifiable(cfg), Callbacks: lint.CallbacksOf(cfg)})
	} else {
		err = printVerdict(c, cfg, warnings)
	}
	if err == nil && x.Strict && len(warnings) > 0 {
		return ui.ErrReported
	}
	return err
}

func printVerdict(c *invocation, cfg *config.Config, warnings []yamldoc.Problem) error {
	for i := range warnings {
		fmt.Fprintln(c.Stderr, warnings[i].String())
	}
	verdict := "no problems"
	if n := len(warnings); n > 0 {
		verdict += ", " + ui.Count(int64(n), "warning")
	}
	_, err := fmt.Fprintf(c.Stdout, "%s: %s: %s, %s, %s, %s; policy %s\n", c.config, verdict, ui.Count(int64(len(cfg.Sources)), "source"),
		ui.Count(int64(len(cfg.Policy.Rules)), "rule"), ui.Count(int64(len(cfg.Segments)), "segment"), ui.Count(int64(len(cfg.Exports)), "export"), cfg.Hash)
	for _, sentence := range lint.Sentences(cfg) {
		fmt.Fprintln(c.Stdout, sentence)
	}
	return err
}
