package command

import (
	"winnow/internal/app"
	"winnow/internal/silent"
	"winnow/internal/ui"
)

// silentCommand lists messages that were sent and never answered.
type silentCommand struct {
	Source      string `placeholder:"NAME" help:"List the messages of this source as CSV (default: count those of all sources by day)."`
	Since       string `placeholder:"TIME" help:"Take only messages sent since then: 30d, 2026-11-01, or a time in RFC 3339 (default: 90 days ago)."`
	Output      string `short:"o" placeholder:"FILE" help:"Write the list to this file (default: stdout)."`
	profileFlag `embed:""`
}

// Help says what is silent, and how an answer comes back.
func (silentCommand) Help() string {
	return `A message is silent if it was sent at least hygiene.silence ago (72h where the config does not say) and had no terminal
event, be it before or after: a delivery, a bounce or another failure, unknown_delivery, dropped or blocked. Reports were
lost, or the provider has none. Messages of the last 90 days are looked at, in one pass over the log, which takes up to
24 bytes a message in TMPDIR or beside the store.

The list has message_id, sent_at, contact and source. Ask the provider for these messages, and import the answer:
winnow import events answer.csv --source NAME --map id=…,event=…,code=…,at=… Messages that it answers cease to be silent.
If it names no contacts, winnow import messages with the list lets it find them.`
}

// Run counts or lists them.
func (x silentCommand) Run(c *invocation) error {
	if x.Output == "-" {
		x.Output = ""
	}
	profile, err := x.forWhom(x.Source != "" || x.Output != "", "--source NAME or -o FILE")
	if err != nil {
		return err
	}
	since, err := silent.ParseSince(x.Since, c.instant())
	if err != nil {
		return &ui.UsageError{Err: err}
	}
	return c.open(toRead, func(a *app.App) error {
		return silent.Run(c.ctx, c.Printer, a, silent.Options{Source: x.Source, Since: since, Output: x.Output, Profile: profile, Now: c.instant()})
	})
}
