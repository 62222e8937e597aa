package command

import (
	"io"
	"log/slog"
	"os"

	"winnow/internal/app"
	"winnow/internal/presets"
	"winnow/internal/snscert"
	"winnow/internal/sources"
	"winnow/internal/ui"
)

// sourceCommand shows presets, and tries how callbacks are read.
type sourceCommand struct {
	List sourceListCommand `cmd:"" default:"1" help:"List the presets of providers, and what winnow can do with each."`
	Show sourceShowCommand `cmd:"" help:"Print a preset: where things are in its callbacks, and what its words and codes mean."`
	Test sourceTestCommand `cmd:"" help:"Read the callbacks of a file, and compare the events with those that it expects."`
	Try  sourceTryCommand  `cmd:"" help:"Read a callback as a source of the config does, and show what is found. Stores nothing."`

	Confirm sourceConfirmCommand `cmd:"" help:"Confirm that Amazon SNS may deliver the messages of a topic to a source."`
}

// sourceListCommand lists presets.
type sourceListCommand struct{}

// Run lists the presets.
func (sourceListCommand) Run(c *invocation) error { return sources.List(c.Printer) }

// sourceShowCommand prints a preset.
type sourceShowCommand struct {
	Preset string `arg:"" help:"The preset."`
}

// Run prints the preset.
func (x sourceShowCommand) Run(c *invocation) error { return sources.Show(c.Printer, x.Preset) }

// sourceTestCommand tries files of examples.
type sourceTestCommand struct {
	Files  []string `arg:"" optional:"" name:"file" help:"Files with preset or read, as a source has them, and examples."`
	Schema bool     `help:"Print the JSON Schema of such files, for editors. No file is read."`
}

// Help shows a file.
func (sourceTestCommand) Help() string {
	return `A file has preset or read as a source has them, contact and region if they matter, and a list of examples:

  read: {id: messageId, event: status, code: reason, outcomes: [{event: delivered, outcome: delivered}]}
  examples:
    - body: {messageId: a, status: delivered}
      events: [{id: a, event: delivered, outcome: delivered}]

An example has method, query, headers and body, and what is expected: events, left_out and quarantined. What is stored of
each event is read again, which must give the same.

Beside them, signature and public_url say what the examples are verified with, as a source has them; secrets of tests may be
written there. Then verified: true or false says of an example whether it is. What is not verified is not read. A signature of
the URL is of public_url with path, by default /callbacks/TOKEN, and query; one with an age needs received_at.`
}

// Run tries the files.
func (x sourceTestCommand) Run(c *invocation) error {
	if x.Schema {
		_, err := c.Exact().Write(presets.TestSchema())
		return err
	}
	if len(x.Files) == 0 {
		return ui.Usagef("name a file with examples; winnow source test --help shows one")
	}
	return sources.Test(c.Printer, x.Files)
}

// sourceTryCommand reads a callback.
type sourceTryCommand struct {
	File   string   `arg:"" help:"File with a body, or a whole HTTP request; - for stdin."`
	Source string   `placeholder:"NAME" help:"Read as this source (default: the only one of the config)."`
	Method string   `placeholder:"GET|POST" help:"Take this as the method of the request (default: POST)."`
	Query  string   `placeholder:"QUERY" help:"Take this as the query of the URL, as it is sent."`
	Header []string `sep:"none" placeholder:"NAME: VALUE" help:"Add a header to the request. Repeatable."`
}

// Run reads the callback.
func (x sourceTryCommand) Run(c *invocation) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	in := io.Reader(c.process.Stdin)
	if x.File != "-" {
		f, err := os.Open(x.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	return sources.Try(c.ctx, c.Printer, cfg, in, sources.TryOptions{Source: x.Source, Method: x.Method, Query: x.Query, Headers: x.Header, Now: c.now()})
}

// sourceConfirmCommand confirms a subscription.
type sourceConfirmCommand struct {
	Source string `placeholder:"NAME" help:"Select this source (default: the only one of the config)."`
}

// Help says what is visited.
func (sourceConfirmCommand) Help() string {
	return `When a callback URL is subscribed to a topic, Amazon SNS sends a request that asks whether that is wanted, and winnow keeps
it in quarantine. This verifies the last such request, by the topic in signature of the source, and visits its URL if that is
at sns.REGION.amazonaws.com. Then the request leaves the quarantine. winnow serve never visits one by itself.`
}

// Run confirms the subscription.
func (x sourceConfirmCommand) Run(c *invocation) error {
	return c.open(writing(toJudge), func(a *app.App) error {
		return sources.Confirm(c.ctx, c.Printer, a, x.Source, snscert.New(slog.New(slog.DiscardHandler), nil))
	})
}
